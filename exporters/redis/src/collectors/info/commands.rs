//! The lines about commands, errors and threads.

use metric_catalogue::redis::{
    commands::{ERRORS, LATENCY, PERCENTILES},
    cpu::ACTIVE_IO_THREAD,
};

use super::Page;
use crate::{
    reply::{number, part, parts},
    state::Calls,
};

/// `cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0`; the last two since 6.2.
pub(super) fn calls(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let Some(command) = field.strip_prefix("cmdstat_") else { return false };
    for (key, value) in parts(value) {
        page.state.tables.commands.send_text(page.samples, key, &[command], value);
    }
    if let (Some(count), Some(microseconds)) = (part(value, "calls").and_then(|text| text.parse().ok()), part(value, "usec").and_then(number)) {
        page.state.commands.insert(command.to_owned(), Calls { count, microseconds });
    }
    true
}

/// `latency_percentiles_usec_get:p50=0.001,p99=1.003,p99.9=3.007`, after the lines about calls.
pub(super) fn percentiles(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let Some(command) = field.strip_prefix("latency_percentiles_usec_") else { return false };
    let Some(calls) = page.state.commands.get(command) else { return true };
    let percentiles: Vec<(f64, f64)> = parts(value).filter_map(|(key, value)| Some((number(key.strip_prefix('p')?)?, number(value)?))).collect();
    page.samples.summary(&PERCENTILES, [command], &percentiles, Some(calls.microseconds), Some(calls.count));
    let quantiles: Vec<(f64, f64)> = percentiles.iter().map(|(percent, microseconds)| (quantile(*percent), microseconds / 1e6)).collect();
    page.samples.summary(&LATENCY, [command], &quantiles, Some(calls.microseconds / 1e6), Some(calls.count));
    true
}

/// `errorstat_WRONGTYPE:count=2`.
pub(super) fn errors(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let Some(error) = field.strip_prefix("errorstat_") else { return false };
    page.samples.counter(&ERRORS, [error], part(value, "count").and_then(number));
    true
}

/// `used_active_time_io_thread_1:0.5`, of Valkey.
pub(super) fn io_thread(page: &mut Page<'_>, field: &str, value: &str) -> bool {
    let Some(thread) = field.strip_prefix("used_active_time_io_thread_") else { return false };
    page.samples.counter(&ACTIVE_IO_THREAD, [thread], number(value));
    true
}

/// 99.9 percent as 0.999, and not as the float beside it.
fn quantile(percent: f64) -> f64 {
    (percent * 1e6).round() / 1e8
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn calls_are_counted_by_command() {
        let (state, text) = read("# Commandstats\ncmdstat_config|set:calls=2,usec=388,usec_per_call=194.00,rejected_calls=1,failed_calls=2\n");
        assert_eq!(
            text,
            "redis_commands_total{cmd=\"config|set\"} 2\n\
             redis_commands_duration_seconds_total{cmd=\"config|set\"} 0.000388\n\
             redis_commands_rejected_calls_total{cmd=\"config|set\"} 1\n\
             redis_commands_failed_calls_total{cmd=\"config|set\"} 2\n"
        );
        assert_eq!(state.commands["config|set"].count, 2);
    }

    #[test]
    fn percentiles_come_in_both_units() {
        let (_, text) = read("# Commandstats\ncmdstat_get:calls=3,usec=21\n# Latencystats\nlatency_percentiles_usec_get:p50=7.007,p99.9=9.023\n");
        let expected = "redis_latency_percentiles_usec{cmd=\"get\",quantile=\"50.0\"} 7.007\n\
             redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 9.023\n\
             redis_latency_percentiles_usec_sum{cmd=\"get\"} 21\n\
             redis_latency_percentiles_usec_count{cmd=\"get\"} 3\n";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("redis_command_latency_seconds{cmd=\"get\",quantile=\"0.999\"} 9.023e-6\n"), "{text}");
    }

    #[test]
    fn errors_are_counted_by_first_word() {
        let (_, text) = read("# Errorstats\nerrorstat_WRONGTYPE:count=2\n");
        assert_eq!(text, "redis_errors_total{err=\"WRONGTYPE\"} 2\n");
    }

    #[test]
    fn broken_lines_are_left_out() {
        let (_, text) =
            read("# Commandstats\ncmdstat_get:\ncmdstat_:calls\n# Latencystats\nlatency_percentiles_usec_get:p50\n# Errorstats\nerrorstat_X:\n");
        assert_eq!(text, "");
    }
}
