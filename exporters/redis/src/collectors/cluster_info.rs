//! `CLUSTER INFO`: the cluster as this node sees it.

use exporter_core::{DynamicName, Samples};
use metric_catalogue::{Type, redis::cluster::OTHER};
use redis::Value;

use super::Collector;
use crate::{
    command::Command,
    reply::{ReplyError, number, only, text},
    state::State,
};

/// What begins the name of a field that is passed on though the catalogue has no entry of its own for it.
const PREFIX: &str = "cluster_";

/// Slots, nodes, epochs and messages.
#[derive(Debug)]
pub(super) struct ClusterInfo;

impl Collector for ClusterInfo {
    fn name(&self) -> &'static str {
        "cluster_info"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        match &state.server {
            Some(server) if server.cluster => vec![Command::new(&["CLUSTER", "INFO"])],
            _ => Vec::new(),
        }
    }

    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        for (field, value) in text(only(replies)?)?.lines().filter_map(|line| line.trim_end().split_once(':')) {
            if !state.tables.cluster.send_text(samples, field, &[], value) {
                pass_on(samples, field, value);
            }
        }
        Ok(())
    }
}

/// Sends a numeric field of the cluster under its own name; false if it is no such field.
pub(super) fn pass_on(samples: &mut Samples, field: &str, value: &str) -> bool {
    let (Some(suffix), Some(number)) = (field.strip_prefix(PREFIX), number(value)) else { return false };
    let help = format!("Field {field} of the server's account of the cluster");
    samples.dynamic(&OTHER, &DynamicName { suffix, kind: Type::Gauge, help: &help }, [], number);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_fields_are_sent() {
        let reply =
            Value::BulkString(b"cluster_state:ok\r\ncluster_slots_fail:3\r\ncluster_stats_messages_ping_sent:7\r\ncluster_note:text\r\n".to_vec());
        let mut samples = Samples::default();
        ClusterInfo.read(&[reply], &mut State::default(), &mut samples).unwrap();
        assert_eq!(samples.text(), "redis_cluster_state 1\nredis_cluster_slots_fail 3\nredis_cluster_stats_messages_ping_sent 7\n");
    }
}
