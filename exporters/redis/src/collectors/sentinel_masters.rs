//! `SENTINEL MASTERS`: the primaries that a Sentinel watches, with its settings for each.

use std::collections::HashMap;

use exporter_core::Samples;
use redis::Value;

use super::Collector;
use crate::{
    command::Command,
    reply::{ReplyError, elements, only, pairs, text},
    state::{Master, State},
};

/// Also finds out which primaries the other collectors have to ask about.
#[derive(Debug)]
pub(super) struct SentinelMasters;

impl Collector for SentinelMasters {
    fn name(&self) -> &'static str {
        "sentinel_masters"
    }

    fn requests(&self, state: &State) -> Vec<Command> {
        match &state.server {
            Some(server) if server.sentinel => vec![Command::new(&["SENTINEL", "MASTERS"])],
            _ => Vec::new(),
        }
    }

    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        let mut masters = Vec::new();
        for master in elements(only(replies)?)? {
            let facts = facts(master)?;
            let (Some(name), Some(ip), Some(port)) = (facts.get("name"), facts.get("ip"), facts.get("port")) else { continue };
            let address = format!("{ip}:{port}");
            for (field, value) in &facts {
                state.tables.sentinel.send_text(samples, field, &[name, &address], value);
            }
            masters.push(Master { name: name.clone(), address });
        }
        state.masters = masters;
        Ok(())
    }
}

/// What a Sentinel says of one server.
pub(super) fn facts(value: &Value) -> Result<HashMap<String, String>, ReplyError> {
    pairs(value)?.into_iter().map(|(key, value)| Ok((key.into_owned(), text(value)?.into_owned()))).collect()
}
