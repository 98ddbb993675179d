//! `LATENCY LATEST`: the latency monitor.

use crate::Unit;

crate::catalogue! {
    /// Time of the event's latest latency spike
    SPIKE_LAST: Gauge = "redis_latency_spike_last" ["event_name"] upstream unit(Unit::Seconds);
    /// Duration of the event's latest latency spike
    SPIKE_DURATION: Gauge = "redis_latency_spike_duration_seconds" ["event_name"] upstream;
    /// Longest latency spike of the event since the monitor was reset
    SPIKE_MAX: Gauge = "redis_latency_spike_max_seconds" ["event_name"];
}
