//! `LATENCY HISTOGRAM`: calls by duration, for each command. Redis 7.0.

use exporter_core::{Distribution, Samples};
use metric_catalogue::redis::commands::LATENCIES;
use redis::Value;

use super::Collector;
use crate::{
    command::Command,
    reply::{ReplyError, elements, integer, only, pairs},
    state::{State, Version},
};

/// The first version that has the command.
const SINCE: Version = (7, 0);

/// The buckets that the server keeps, as it sends them: powers of two, those without a call left out.
#[derive(Debug)]
pub(super) struct LatencyHistogram;

impl Collector for LatencyHistogram {
    fn name(&self) -> &'static str {
        "latency_histogram"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        match &state.server {
            Some(server) if !server.sentinel && server.version >= SINCE => vec![Command::new(&["LATENCY", "HISTOGRAM"])],
            _ => Vec::new(),
        }
    }

    /// A command is a map of `calls` and `histogram_usec`, whose keys are bounds and whose values are cumulative. The
    /// sum is not in it: INFO has it, if it could be read.
    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        let mut buckets = Vec::new();
        for (command, histogram) in pairs(only(replies)?)? {
            let mut count = 0;
            buckets.clear();
            for (key, value) in pairs(histogram)? {
                match key.as_ref() {
                    "calls" => count = natural(value)?,
                    "histogram_usec" => collect(value, &mut buckets)?,
                    _ => {}
                }
            }
            // A histogram has a sum or is none: a command that ran for the first time after INFO appears with the next page.
            let Some(calls) = state.commands.get(command.as_ref()) else { continue };
            samples.histogram(&LATENCIES, [&command], &Distribution { buckets: &buckets, sum: Some(calls.microseconds), count });
        }
        Ok(())
    }
}

fn collect(value: &Value, buckets: &mut Vec<(f64, u64)>) -> Result<(), ReplyError> {
    for pair in elements(value)?.chunks_exact(2) {
        let [bound, count] = pair else { continue };
        let bound = u32::try_from(integer(bound)?).unwrap_or(u32::MAX);
        buckets.push((f64::from(bound), natural(count)?));
    }
    Ok(())
}

fn natural(value: &Value) -> Result<u64, ReplyError> {
    Ok(u64::try_from(integer(value)?).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Calls;

    #[test]
    fn buckets_are_the_server_s() {
        let reply =
            redis::parse_redis_value(b"*2\r\n$3\r\nset\r\n*4\r\n$5\r\ncalls\r\n:3\r\n$14\r\nhistogram_usec\r\n*4\r\n:8\r\n:2\r\n:16\r\n:3\r\n")
                .unwrap();
        let mut state = State::default();
        state.commands.insert("set".to_owned(), Calls { count: 3, microseconds: 21.0 });
        let mut samples = Samples::default();
        LatencyHistogram.read(&[reply], &mut state, &mut samples).unwrap();
        assert_eq!(
            samples.text(),
            "redis_commands_latencies_usec_bucket{cmd=\"set\",le=\"8.0\"} 2\n\
             redis_commands_latencies_usec_bucket{cmd=\"set\",le=\"16.0\"} 3\n\
             redis_commands_latencies_usec_bucket{cmd=\"set\",le=\"+Inf\"} 3\n\
             redis_commands_latencies_usec_sum{cmd=\"set\"} 21\n\
             redis_commands_latencies_usec_count{cmd=\"set\"} 3\n"
        );
    }
}
