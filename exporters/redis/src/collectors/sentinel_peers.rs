//! `SENTINEL SENTINELS` and `SENTINEL SLAVES`: how many of those around each primary can be reached.

use exporter_core::Samples;
use metric_catalogue::{
    Gauge, Metric,
    redis::sentinel::{MASTER_OK_REPLICAS, MASTER_OK_SENTINELS},
};
use redis::Value;

use super::{Collector, sentinel_masters::facts};
use crate::{
    command::Command,
    reply::{ReplyError, elements},
    state::State,
};

/// One request for each primary.
#[derive(Debug)]
pub(super) struct SentinelPeers {
    name: &'static str,
    subcommand: &'static str,
    /// Those that are fine though the reply does not name them.
    unnamed: u32,
    metric: &'static Metric<Gauge, 2>,
}

/// The other Sentinels; the one that answers is fine.
pub(super) const SENTINELS: SentinelPeers =
    SentinelPeers { name: "sentinel_sentinels", subcommand: "SENTINELS", unnamed: 1, metric: &MASTER_OK_SENTINELS };
/// The replicas, by the name that all versions know.
pub(super) const REPLICAS: SentinelPeers = SentinelPeers { name: "sentinel_replicas", subcommand: "SLAVES", unnamed: 0, metric: &MASTER_OK_REPLICAS };

impl Collector for SentinelPeers {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        state.masters.iter().map(|master| Command::new(&["SENTINEL", self.subcommand]).with(master.name.clone())).collect()
    }

    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        for (master, reply) in state.masters.iter().zip(replies) {
            let mut fine = self.unnamed;
            for peer in elements(reply)? {
                fine += u32::from(facts(peer)?.get("flags").is_some_and(|flags| !is_down(flags)));
            }
            samples.gauge(self.metric, [&master.name, &master.address], fine);
        }
        Ok(())
    }
}

/// Held to be down by this Sentinel or by several.
fn is_down(flags: &str) -> bool {
    flags.split(',').any(|flag| matches!(flag, "s_down" | "o_down"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_is_one_of_the_flags() {
        assert!(is_down("s_down,slave"));
        assert!(is_down("master,o_down"));
        assert!(!is_down("slave,disconnected"));
    }
}
