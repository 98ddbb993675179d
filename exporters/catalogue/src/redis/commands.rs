//! `INFO commandstats`, `INFO errorstats`, `INFO latencystats` and `LATENCY HISTOGRAM`: by command or error.
//!
//! A source `COMMANDSTATS <key>` is filled from that key of each `cmdstat_` line.

use crate::Unit;

crate::catalogue! {
    /// Calls of the command
    CALLS: Counter = "redis_commands_total" ["cmd"] upstream source("COMMANDSTATS calls");
    /// Seconds that the server spent on the command
    DURATION: Counter = "redis_commands_duration_seconds_total" ["cmd"] upstream source("COMMANDSTATS usec") times(1e-6);
    /// Calls of the command that were refused before they ran
    REJECTED: Counter = "redis_commands_rejected_calls_total" ["cmd"] upstream source("COMMANDSTATS rejected_calls");
    /// Calls of the command that failed while they ran
    FAILED: Counter = "redis_commands_failed_calls_total" ["cmd"] upstream source("COMMANDSTATS failed_calls");
    /// Error replies by the first word of the error
    ERRORS: Counter = "redis_errors_total" ["err"] upstream;
    /// Microseconds per call since the server started; the quantile label is in percent
    PERCENTILES: Summary = "redis_latency_percentiles_usec" ["cmd"] upstream unit(Unit::Microseconds);
    /// Seconds per call since the server started
    LATENCY: Summary = "redis_command_latency_seconds" ["cmd"];
    /// Microseconds per call since the server started, in the buckets that the server keeps
    LATENCIES: Histogram = "redis_commands_latencies_usec" ["cmd"] upstream unit(Unit::Microseconds);
}
