//! `LATENCY LATEST`: the latest and the worst spike of each event that the latency monitor watches.

use std::time::Duration;

use exporter_core::Samples;
use metric_catalogue::redis::latency::{SPIKE_DURATION, SPIKE_LAST, SPIKE_MAX};
use redis::Value;

use super::{Collector, unless_sentinel};
use crate::{
    command::Command,
    reply::{ReplyError, elements, integer, only, text},
    state::State,
};

/// Empty unless `latency-monitor-threshold` is set.
#[derive(Debug)]
pub(super) struct LatencyLatest;

impl Collector for LatencyLatest {
    fn name(&self) -> &'static str {
        "latency_latest"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        unless_sentinel(state, &["LATENCY", "LATEST"])
    }

    /// An event is its name, the time of its latest spike, and the milliseconds of the latest and of the worst.
    fn read(&self, replies: &[Value], _: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        for event in elements(only(replies)?)? {
            let event = elements(event)?;
            let part = |index: usize| event.get(index).copied().ok_or(ReplyError::Missing);
            let name = text(part(0)?)?;
            samples.gauge(&SPIKE_LAST, [&name], integer(part(1)?)?);
            samples.gauge(&SPIKE_DURATION, [&name], milliseconds(integer(part(2)?)?));
            samples.gauge(&SPIKE_MAX, [&name], milliseconds(integer(part(3)?)?));
        }
        Ok(())
    }
}

fn milliseconds(count: i64) -> Option<Duration> {
    u64::try_from(count).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_and_worst_spike_are_read() {
        let reply = redis::parse_redis_value(b"*1\r\n*4\r\n$7\r\ncommand\r\n:1795441988\r\n:12\r\n:250\r\n").unwrap();
        let mut samples = Samples::default();
        LatencyLatest.read(&[reply], &mut State::default(), &mut samples).unwrap();
        assert_eq!(
            samples.text(),
            "redis_latency_spike_last{event_name=\"command\"} 1795441988\n\
             redis_latency_spike_duration_seconds{event_name=\"command\"} 0.012\n\
             redis_latency_spike_max_seconds{event_name=\"command\"} 0.25\n"
        );
    }
}
