//! `INFO ALL`: almost everything. Fields without a metric of their own are counted and passed on, so that what a new
//! version adds can be seen before the catalogue names it.

use std::collections::BTreeSet;

use exporter_core::Samples;
use metric_catalogue::redis::{
    keyspace::{KEYS, KEYS_EXPIRING},
    server::{UNMAPPED, UNMAPPED_FIELDS},
};
use redis::Value;

use super::{Collector, cluster_info::pass_on};
use crate::{
    command::Command,
    reply::{ReplyError, number, only, text},
    state::State,
};

mod commands;
mod identity;
mod keyspace;
mod replication;
mod sentinel;

use identity::Identity;
use replication::Replica;

/// Most fields without a metric that are passed on; the rest is counted only.
const MOST_UNMAPPED: u32 = 256;

/// Numeric fields that are no measurements, or say again what another says.
const NO_MEASURE: &[&str] =
    &["arch_bits", "lru_clock", "master_port", "master_replid2", "redis_git_dirty", "redis_git_sha1", "slave_read_only", "uptime_in_days"];

/// In Valkey 9.1, what CLUSTER INFO answers with.
const CLUSTER_SECTION: &str = "Cluster Info";

/// Name of the collector whose reply no other program could send.
pub const INFO: &str = "info";

/// The collector that tells the others what the server is.
#[derive(Debug)]
pub(super) struct Info;

impl Collector for Info {
    fn name(&self) -> &'static str {
        INFO
    }

    fn requests(&self, _: &State) -> Vec<Command> {
        vec![Command::new(&["INFO", "ALL"])]
    }

    fn read(&self, replies: &[Value], state: &mut State, samples: &mut Samples) -> Result<(), ReplyError> {
        let reply = text(only(replies)?)?;
        let mut page = Page { state, samples, section: "", identity: Identity::default(), replica: Replica::default(), unmapped: 0 };
        page.state.keyspace = Some(BTreeSet::new());
        for line in reply.lines() {
            let line = line.trim_end();
            if let Some(section) = line.strip_prefix("# ") {
                page.section = section;
            } else if let Some((field, value)) = line.split_once(':') {
                page.field(field, value);
            }
        }
        page.finish();
        Ok(())
    }
}

/// An INFO that is being read.
#[derive(Debug)]
struct Page<'a> {
    state: &'a mut State,
    samples: &'a mut Samples,
    section: &'a str,
    identity: Identity<'a>,
    replica: Replica<'a>,
    unmapped: u32,
}

impl<'a> Page<'a> {
    fn field(&mut self, field: &'a str, value: &'a str) {
        let known = match self.section {
            "Commandstats" => commands::calls(self, field, value),
            "Latencystats" => commands::percentiles(self, field, value),
            "Errorstats" => commands::errors(self, field, value),
            "Keyspace" => keyspace::database(self, field, value),
            "Replication" => replication::field(self, field, value),
            "Sentinel" => sentinel::master(self, field, value),
            "CPU" => commands::io_thread(self, field, value),
            CLUSTER_SECTION => true,
            _ => false,
        };
        let identifies = self.identity.take(field, value);
        let mapped = known || self.state.tables.info.send_text(self.samples, field, &[], value) || pass_on(self.samples, field, value);
        if !mapped && !identifies {
            self.unmapped(field, value);
        }
    }

    fn unmapped(&mut self, field: &str, value: &str) {
        let Some(number) = number(value).filter(|_| !NO_MEASURE.contains(&field)) else { return };
        self.unmapped += 1;
        if self.unmapped <= MOST_UNMAPPED {
            self.samples.gauge(&UNMAPPED, [&self.section.to_lowercase(), field], number);
        }
    }

    fn finish(&mut self) {
        self.samples.gauge(&UNMAPPED_FIELDS, [], self.unmapped);
        self.identity.send(self.state, self.samples);
        self.replica.send(&self.identity, self.samples);
    }
}

/// Sends the rows of databases that INFO leaves out, as upstream does; after the configuration told how many there are.
pub fn empty_databases(state: &State, samples: &mut Samples) {
    for index in state.empty_databases() {
        let database = format!("db{index}");
        samples.gauge(&KEYS, [&database], 0_u32);
        samples.gauge(&KEYS_EXPIRING, [&database], 0_u32);
    }
}

/// What the tests of the sections read their lines with.
#[cfg(test)]
fn read(info: &str) -> (State, String) {
    let (mut state, mut samples) = (State::default(), Samples::default());
    Info.read(&[Value::BulkString(info.as_bytes().to_vec())], &mut state, &mut samples).unwrap();
    let text = samples.text();
    let kept = text.lines().filter(|line| !line.starts_with("redis_instance_info") && !line.starts_with("redis_info_unmapped_fields"));
    let text = kept.fold(String::new(), |text, line| text + line + "\n");
    (state, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_without_a_metric_is_passed_on() {
        let (_, text) = read("# Stats\r\nbrand_new:5\r\nbrand_name:five\r\nlru_clock:7\r\n");
        assert_eq!(text, "redis_info_unmapped{section=\"stats\",field=\"brand_new\"} 5\n");
    }

    #[test]
    fn fields_without_a_metric_are_capped() {
        use std::fmt::Write;
        let info = (0..1000).fold("# Stats\n".to_owned(), |mut info, index| {
            writeln!(info, "new_{index}:{index}").unwrap();
            info
        });
        let (mut state, mut samples) = (State::default(), Samples::default());
        Info.read(&[Value::BulkString(info.into_bytes())], &mut state, &mut samples).unwrap();
        let text = samples.text();
        assert_eq!(text.matches("redis_info_unmapped{").count(), 256);
        assert!(text.contains("redis_info_unmapped_fields 1000\n"), "{text}");
    }

    #[test]
    fn words_and_percentages_are_numbers() {
        let (_, text) = read("# Persistence\nrdb_last_bgsave_status:err\naof_last_write_status:ok\n# Memory\nused_memory_peak_perc:12.50%\n");
        assert_eq!(text, "redis_rdb_last_bgsave_status 0\nredis_aof_last_write_status 1\nredis_memory_used_peak_ratio 0.125\n");
    }

    #[test]
    fn bytes_outside_utf_8_cost_nothing_else() {
        let (mut state, mut samples) = (State::default(), Samples::default());
        Info.read(
            &[Value::BulkString(b"# Errorstats\nerrorstat_\xff\xfe:count=1\n# Clients\nblocked_clients:2\n".to_vec())],
            &mut state,
            &mut samples,
        )
        .unwrap();
        assert!(samples.text().contains("redis_blocked_clients 2\n"));
    }
}
