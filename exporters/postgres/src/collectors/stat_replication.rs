//! Standbys and other receivers that this server sends to, from `pg_stat_replication`.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::replication::stat_replication};

use super::{Collector, Server};
use crate::status::Right;

const STANDBYS: &str = "
    SELECT r.application_name, host(r.client_addr) AS client_addr, r.state, s.slot_name, r.pid::text AS pid, here.lsn AS current_lsn,
        pg_wal_lsn_diff(here.lsn, r.sent_lsn)::float8 AS sent_bytes,
        pg_wal_lsn_diff(here.lsn, r.write_lsn)::float8 AS write_bytes,
        pg_wal_lsn_diff(here.lsn, r.flush_lsn)::float8 AS flush_bytes,
        pg_wal_lsn_diff(here.lsn, r.replay_lsn)::float8 AS replay_bytes,
        pg_wal_lsn_diff(here.lsn, r.replay_lsn)::float8 AS replay_lag_bytes,
        r.write_lag, r.flush_lag, r.replay_lag,
        extract(epoch FROM clock_timestamp() - r.reply_time)::float8 AS reply_age,
        r.sync_state IN ('sync', 'quorum') AS synchronous
    FROM pg_stat_replication r
        LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
        CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn) here";

/// Lag in bytes, in time where something is written, and how long ago the standby was last heard: that grows when a link is cut.
#[derive(Debug)]
pub(super) struct StatReplication;

impl Collector for StatReplication {
    fn name(&self) -> &'static str {
        "stat_replication"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(STANDBYS.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_replication::ALL
    }
}

#[cfg(test)]
mod tests {
    use exporter_core::Samples;

    use super::*;
    use crate::row::Row;

    #[test]
    fn lag_of_an_idle_standby_is_absent() {
        let row = Row::from([
            ("application_name", Some("standby")),
            ("client_addr", Some("10.0.0.2")),
            ("state", Some("streaming")),
            ("slot_name", None),
            ("pid", Some("7")),
            ("replay_bytes", Some("0")),
            ("replay_lag", None),
            ("reply_age", Some("3.5")),
        ]);
        let mut samples = Samples::default();

        StatReplication.read(&[row], &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_stat_replication_pg_wal_lsn_diff{application_name=\"standby\",client_addr=\"10.0.0.2\",state=\"streaming\",slot_name=\"\",pid=\"7\"} 0\n\
             pg_stat_replication_reply_age_seconds{application_name=\"standby\",client_addr=\"10.0.0.2\",slot_name=\"\",pid=\"7\"} 3.5\n"
        );
    }
}
