//! `SLOWLOG LEN` and `SLOWLOG GET 1`: how many slow commands are kept, and the newest.

use std::time::Duration;

use exporter_core::Samples;
use metric_catalogue::redis::slowlog::{LAST_DURATION, LAST_ID, LENGTH};
use redis::Value;

use super::{Collector, unless_sentinel};
use crate::{
    command::Command,
    reply::{ReplyError, elements, integer, only},
    state::State,
};

/// Entries in the log.
#[derive(Debug)]
pub(super) struct Length;

/// The newest entry.
#[derive(Debug)]
pub(super) struct Last;

impl Collector for Length {
    fn name(&self) -> &'static str {
        "slowlog_len"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        unless_sentinel(state, &["SLOWLOG", "LEN"])
    }

    fn read(&self, replies: &[Value], _: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        samples.gauge(&LENGTH, [], integer(only(replies)?)?);
        Ok(())
    }
}

impl Collector for Last {
    fn name(&self) -> &'static str {
        "slowlog_get"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        unless_sentinel(state, &["SLOWLOG", "GET", "1"])
    }

    /// An entry begins with identifier, time and microseconds; without one, upstream's zeros.
    fn read(&self, replies: &[Value], _: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        let entries = elements(only(replies)?)?;
        let (id, microseconds) = match entries.first() {
            Some(entry) => {
                let entry = elements(entry)?;
                let part = |index: usize| entry.get(index).copied().ok_or(ReplyError::Missing).and_then(integer);
                (part(0)?, part(2)?)
            }
            None => (0, 0),
        };
        samples.gauge(&LAST_ID, [], id);
        samples.gauge(&LAST_DURATION, [], Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reply: &[u8]) -> String {
        let mut samples = Samples::default();
        Last.read(&[redis::parse_redis_value(reply).unwrap()], &mut State::default(), &mut samples).unwrap();
        samples.text()
    }

    #[test]
    fn newest_entry_is_read() {
        let reply = b"*1\r\n*6\r\n:14\r\n:1795441988\r\n:20123\r\n*1\r\n$4\r\nKEYS\r\n$0\r\n\r\n$0\r\n\r\n";
        assert_eq!(read(reply), "redis_slowlog_last_id 14\nredis_last_slow_execution_duration_seconds 0.020123\n");
    }

    #[test]
    fn empty_log_is_zero() {
        assert_eq!(read(b"*0\r\n"), "redis_slowlog_last_id 0\nredis_last_slow_execution_duration_seconds 0\n");
    }
}
