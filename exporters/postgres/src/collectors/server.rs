//! The server as a whole, in one row: identity, role, times, recovery, archiver, receiver, connections.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{Definition, postgres::server};

use super::Collector;
use crate::{
    mapping,
    row::{Row, RowError},
};

/// One row for all collectors of this file.
const SERVER: &str = "
    SELECT version() AS version,
        current_setting('server_version_num')::int4 AS version_number,
        control.system_identifier::text AS system_identifier,
        pg_postmaster_start_time() AS start_time,
        pg_conf_load_time() AS config_load_time,
        checkpoint.timeline_id AS timeline,
        checkpoint.checkpoint_time,
        CASE WHEN standby THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS wal_position,
        clients.connections,
        limits.connections_max,
        limits.connections_reserved,
        clients.connections / greatest(limits.connections_max - limits.connections_reserved, 1)::float8 AS connections_used,
        standby AS is_replica,
        CASE WHEN standby AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
            THEN greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())) ELSE 0 END::float8 AS lag,
        greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))::float8 AS last_replay,
        CASE WHEN standby THEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END::float8 AS replay_backlog,
        CASE WHEN standby THEN pg_is_wal_replay_paused() END AS replay_paused,
        CASE WHEN standby THEN receiver.status IS NOT DISTINCT FROM 'streaming' END AS receiver_up,
        extract(epoch FROM clock_timestamp() - receiver.last_msg_receipt_time)::float8 AS receiver_age,
        archiver.archived_count,
        archiver.failed_count,
        extract(epoch FROM clock_timestamp() - archiver.last_archived_time)::float8 AS last_archive_age,
        archiver.last_archived_time,
        archiver.last_failed_time,
        archiver.last_failed_time IS NOT NULL
            AND archiver.last_failed_time > coalesce(archiver.last_archived_time, '-infinity') AS archiver_failing,
        receiver.sender_host AS upstream_host,
        receiver.slot_name,
        receiver.status,
        receiver.receive_start_lsn,
        receiver.flushed_lsn,
        receiver.receive_start_tli,
        receiver.received_tli,
        receiver.last_msg_send_time,
        receiver.last_msg_receipt_time,
        receiver.latest_end_lsn,
        receiver.latest_end_time,
        CASE WHEN receiver.pid IS NOT NULL
            THEN coalesce(substring(receiver.slot_name FROM '^repmgr_slot_([0-9]{1,9})$')::int4, -1) END AS upstream_node
    FROM (SELECT pg_is_in_recovery() AS standby) recovery
        CROSS JOIN pg_control_system() control
        CROSS JOIN pg_control_checkpoint() checkpoint
        CROSS JOIN pg_stat_archiver archiver
        LEFT JOIN pg_stat_wal_receiver receiver ON true
        CROSS JOIN (SELECT count(*) AS connections FROM pg_stat_activity WHERE backend_type = 'client backend') clients
        CROSS JOIN (SELECT current_setting('max_connections')::int8 AS connections_max,
            current_setting('superuser_reserved_connections')::int8
                + coalesce(current_setting('reserved_connections', true)::int8, 0) AS connections_reserved) limits";

/// Identity, times and connections, and what changed since the flight before.
#[derive(Debug)]
pub(super) struct Server {
    name: String,
    without_static: bool,
    last: Option<Known>,
    role_changes: u64,
    timeline_changes: u64,
    restarts: u64,
}

/// What a change is counted of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    replica: Option<f64>,
    timeline: Option<f64>,
    start_time: Option<f64>,
}

impl Server {
    pub(super) fn new(name: &str, without_static: bool) -> Self {
        Self { name: name.to_owned(), without_static, last: None, role_changes: 0, timeline_changes: 0, restarts: 0 }
    }

    fn compare(&mut self, row: &Row) -> Result<(), RowError> {
        let now = Known { replica: row.number("is_replica")?, timeline: row.number("timeline")?, start_time: row.number("start_time")? };
        if let Some(last) = self.last.replace(now) {
            self.role_changes += u64::from(last.replica != now.replica);
            self.timeline_changes += u64::from(last.timeline != now.timeline);
            self.restarts += u64::from(last.start_time != now.start_time);
        }
        Ok(())
    }
}

impl Collector for Server {
    fn name(&self) -> &'static str {
        "server"
    }

    fn request(&self, _: &super::Server) -> Option<Cow<'static, str>> {
        Some(SERVER.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        server::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        for row in rows {
            self.compare(row)?;
            let number = row.text("version_number")?;
            let short = short_version(number.parse().unwrap_or_default());
            if !self.without_static {
                samples.gauge(&server::STATIC, [&self.name, &row.text("version")?, &short], true);
            }
            samples.gauge(&server::IDENTITY, [&row.text("system_identifier")?, &short], true);
            samples.counter(&server::ROLE_CHANGES, [], self.role_changes);
            samples.counter(&server::TIMELINE_CHANGES, [], self.timeline_changes);
            samples.counter(&server::RESTARTS, [], self.restarts);
        }
        mapping::send(self.metrics(), &[], rows, samples)
    }
}

/// `150004` as `15.4.0`.
fn short_version(number: u32) -> String {
    format!("{}.{}.0", number / 10_000, number % 10_000)
}

/// Start time under upstream's name.
#[derive(Debug)]
pub(super) struct Postmaster;

impl Collector for Postmaster {
    fn name(&self) -> &'static str {
        "postmaster"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn request(&self, _: &super::Server) -> Option<Cow<'static, str>> {
        Some(SERVER.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        server::postmaster::ALL
    }
}

/// Recovery of a standby.
#[derive(Debug)]
pub(super) struct Replication;

impl Collector for Replication {
    fn name(&self) -> &'static str {
        "replication"
    }

    fn request(&self, _: &super::Server) -> Option<Cow<'static, str>> {
        Some(SERVER.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        server::replication::ALL
    }
}

/// `pg_stat_archiver`.
#[derive(Debug)]
pub(super) struct StatArchiver;

impl Collector for StatArchiver {
    fn name(&self) -> &'static str {
        "stat_archiver"
    }

    fn request(&self, _: &super::Server) -> Option<Cow<'static, str>> {
        Some(SERVER.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        server::stat_archiver::ALL
    }
}

/// `pg_stat_wal_receiver` under upstream's names, with or without a slot.
#[derive(Debug)]
pub(super) struct StatWalReceiver;

impl Collector for StatWalReceiver {
    fn name(&self) -> &'static str {
        "stat_wal_receiver"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn request(&self, _: &super::Server) -> Option<Cow<'static, str>> {
        Some(SERVER.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        server::stat_wal_receiver::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(replica: &'static str, timeline: &'static str, start: &'static str) -> Row {
        Row::from([
            ("version", Some("PostgreSQL 15.4 on x")),
            ("version_number", Some("150004")),
            ("system_identifier", Some("7")),
            ("is_replica", Some(replica)),
            ("timeline", Some(timeline)),
            ("start_time", Some(start)),
        ])
    }

    #[test]
    fn promotion_is_counted() {
        let mut server = Server::new("db:5432", false);
        for row in [row("t", "1", "100"), row("t", "1", "100"), row("f", "2", "100"), row("f", "2", "200")] {
            server.read(&[row], &mut Samples::default()).unwrap();
        }
        let mut samples = Samples::default();
        server.read(&[row("f", "2", "200")], &mut samples).unwrap();

        let text = samples.text();
        for line in [
            "pg_static{server=\"db:5432\",version=\"PostgreSQL 15.4 on x\",short_version=\"15.4.0\"} 1",
            "pg_server_role_changes_total 1",
            "pg_server_timeline_changes_total 1",
            "pg_server_restarts_total 1",
            "pg_server_start_time_seconds 200",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn slotless_receiver_is_shown() {
        let row = Row::from([
            ("upstream_host", Some("db")),
            ("slot_name", None),
            ("status", Some("streaming")),
            ("flushed_lsn", Some("42")),
            ("upstream_node", Some("-1")),
        ]);
        let mut samples = Samples::default();

        StatWalReceiver.read(&[row], &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_stat_wal_receiver_flushed_lsn{upstream_host=\"db\",slot_name=\"\",status=\"streaming\"} 42\n\
             pg_stat_wal_receiver_upstream_node{upstream_host=\"db\",slot_name=\"\",status=\"streaming\"} -1\n"
        );
    }

    #[test]
    fn primary_has_no_receiver() {
        let row = Row::from([("is_replica", Some("f")), ("lag", Some("0")), ("receiver_up", None), ("receiver_age", None)]);
        let mut samples = Samples::default();
        Replication.read(&[row], &mut samples).unwrap();
        assert_eq!(samples.text(), "pg_replication_lag_seconds 0\npg_replication_is_replica 0\n");
    }
}
