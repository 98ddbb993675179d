//! `COMMANDLOG LEN`: how many commands are kept that were slow, large or had large replies. Valkey 8.1.

use exporter_core::Samples;
use metric_catalogue::{
    Gauge, Metric,
    redis::commandlog::{LARGE_REPLY_LENGTH, LARGE_REQUEST_LENGTH, SLOW_LENGTH},
};
use redis::Value;

use super::Collector;
use crate::{
    command::Command,
    reply::{ReplyError, integer, only},
    state::{Server, State, Version},
};

/// The first version that has the command and the parameters of its logs.
const SINCE: Version = (8, 1);

/// What begins the names of those parameters.
pub(super) const PARAMETERS: &str = "commandlog-";

/// Entries in one of the three logs.
#[derive(Debug)]
pub(super) struct Commandlog {
    name: &'static str,
    kind: &'static str,
    metric: &'static Metric<Gauge, 0>,
}

/// Slow commands.
pub(super) const SLOW: Commandlog = Commandlog { name: "commandlog_slow", kind: "slow", metric: &SLOW_LENGTH };
/// Large requests.
pub(super) const LARGE_REQUEST: Commandlog = Commandlog { name: "commandlog_large_request", kind: "large-request", metric: &LARGE_REQUEST_LENGTH };
/// Large replies.
pub(super) const LARGE_REPLY: Commandlog = Commandlog { name: "commandlog_large_reply", kind: "large-reply", metric: &LARGE_REPLY_LENGTH };

impl Collector for Commandlog {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        match &state.server {
            Some(server) if is_known(server) => vec![Command::new(&["COMMANDLOG", "LEN", self.kind])],
            _ => Vec::new(),
        }
    }

    fn read(&self, replies: &[Value], _: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        samples.gauge(self.metric, [], integer(only(replies)?)?);
        Ok(())
    }
}

/// Whether the server has such logs.
pub(super) fn is_known(server: &Server) -> bool {
    !server.sentinel && server.valkey >= Some(SINCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valkey_since_8_1_is_asked() {
        for (valkey, asked) in [(None, 0), (Some((8, 0)), 0), (Some((8, 1)), 1), (Some((9, 0)), 1)] {
            let state = State { server: Some(Server { version: (7, 2), valkey, ..Server::default() }), ..State::default() };
            assert_eq!(SLOW.requests(&state).len(), asked, "{valkey:?}");
        }
    }
}
