//! `SENTINEL CKQUORUM`: whether enough Sentinels can be reached for a failover of each primary.

use exporter_core::Samples;
use metric_catalogue::redis::sentinel::{MASTER_CKQUORUM, MASTER_QUORUM};
use redis::Value;

use super::Collector;
use crate::{
    command::Command,
    reply::{ReplyError, message, text},
    state::State,
};

/// The error that says no: it is an answer.
const NO: &str = "NOQUORUM";

/// One request for each primary.
#[derive(Debug)]
pub(super) struct SentinelQuorum;

impl Collector for SentinelQuorum {
    fn name(&self) -> &'static str {
        "sentinel_quorum"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        state.masters.iter().map(|master| Command::new(&["SENTINEL", "CKQUORUM"]).with(master.name.clone())).collect()
    }

    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        for (master, reply) in state.masters.iter().zip(replies) {
            let (reached, message) = match reply {
                Value::ServerError(error) if error.code() == NO => (false, message(error)),
                reply => (true, text(reply)?.into_owned()),
            };
            samples.gauge(&MASTER_CKQUORUM, [&master.name, &message], reached);
            samples.gauge(&MASTER_QUORUM, [&master.name], reached);
        }
        Ok(())
    }
}
