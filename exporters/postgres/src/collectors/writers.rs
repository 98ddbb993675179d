//! What writes pages and log, in one row: background writer, checkpointer, write-ahead log.
//!
//! 17 moved the checkpointer's columns to a view of its own and dropped what sessions write in favour of `pg_stat_io`; 18
//! moved the writes of the log there too. The statements give every column one name on all versions, so that the old and
//! the new metrics are there on each.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::writers};

use super::{Collector, Server};

const BEFORE_17: &str = "
    SELECT b.*, b.stats_reset AS bgwriter_stats_reset, b.stats_reset AS checkpointer_stats_reset, w.*
    FROM pg_stat_bgwriter b CROSS JOIN pg_stat_wal w";

const ON_17: &str = "
    SELECT b.*, c.*, w.*,
        c.num_timed AS checkpoints_timed, c.num_requested AS checkpoints_req, c.write_time AS checkpoint_write_time,
        c.sync_time AS checkpoint_sync_time, c.buffers_written AS buffers_checkpoint,
        b.stats_reset AS bgwriter_stats_reset, c.stats_reset AS checkpointer_stats_reset,
        io.buffers_backend, io.buffers_backend_fsync
    FROM pg_stat_bgwriter b CROSS JOIN pg_stat_checkpointer c CROSS JOIN pg_stat_wal w
        CROSS JOIN (SELECT sum(coalesce(writes, 0) + coalesce(extends, 0))::int8 AS buffers_backend, sum(fsyncs)::int8 AS buffers_backend_fsync
            FROM pg_stat_io WHERE backend_type NOT IN ('background writer', 'checkpointer')) io";

const FROM_18: &str = "
    SELECT b.*, c.*, w.*,
        c.num_timed AS checkpoints_timed, c.num_requested AS checkpoints_req, c.write_time AS checkpoint_write_time,
        c.sync_time AS checkpoint_sync_time, c.buffers_written AS buffers_checkpoint,
        b.stats_reset AS bgwriter_stats_reset, c.stats_reset AS checkpointer_stats_reset, io.*
    FROM pg_stat_bgwriter b CROSS JOIN pg_stat_checkpointer c CROSS JOIN pg_stat_wal w
        CROSS JOIN (SELECT
            sum(coalesce(writes, 0) + coalesce(extends, 0)) FILTER (WHERE pages AND sessions)::int8 AS buffers_backend,
            sum(fsyncs) FILTER (WHERE pages AND sessions)::int8 AS buffers_backend_fsync,
            sum(writes) FILTER (WHERE NOT pages)::int8 AS wal_write,
            sum(fsyncs) FILTER (WHERE NOT pages)::int8 AS wal_sync,
            sum(write_time) FILTER (WHERE NOT pages) AS wal_write_time,
            sum(fsync_time) FILTER (WHERE NOT pages) AS wal_sync_time
            FROM (SELECT *, object <> 'wal' AS pages, backend_type NOT IN ('background writer', 'checkpointer') AS sessions
                FROM pg_stat_io) s) io";

fn request(server: &Server) -> Cow<'static, str> {
    match server {
        server if server.is_at_least(18) => FROM_18.into(),
        server if server.is_at_least(17) => ON_17.into(),
        _ => BEFORE_17.into(),
    }
}

/// The background writer, and the checkpointer under its old names.
#[derive(Debug)]
pub(super) struct StatBgwriter;

impl Collector for StatBgwriter {
    fn name(&self) -> &'static str {
        "stat_bgwriter"
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        Some(request(server))
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        writers::stat_bgwriter::ALL
    }
}

/// The checkpointer under its new names; on by default, since on 17 and later these are the names of its view.
#[derive(Debug)]
pub(super) struct StatCheckpointer;

impl Collector for StatCheckpointer {
    fn name(&self) -> &'static str {
        "stat_checkpointer"
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        Some(request(server))
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        writers::stat_checkpointer::ALL
    }
}

/// The write-ahead log.
#[derive(Debug)]
pub(super) struct StatWal;

impl Collector for StatWal {
    fn name(&self) -> &'static str {
        "stat_wal"
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        Some(request(server))
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        writers::stat_wal::ALL
    }
}

#[cfg(test)]
mod tests {
    use exporter_core::Samples;

    use super::*;
    use crate::row::Row;

    #[test]
    fn one_column_feeds_both_names() {
        let row = || [Row::from([("checkpoints_timed", Some("3")), ("checkpoint_write_time", Some("1500"))])];
        let mut samples = Samples::default();

        StatBgwriter.read(&row(), &mut samples).unwrap();
        StatCheckpointer.read(&row(), &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_stat_bgwriter_checkpoints_timed_total 3\npg_stat_bgwriter_checkpoint_write_time_total 1500\n\
             pg_stat_checkpointer_num_timed_total 3\npg_stat_checkpointer_write_time_total 1500\n\
             pg_stat_checkpointer_write_seconds_total 1.5\n"
        );
    }

    #[test]
    fn each_version_has_its_statement() {
        let request = |version| request(&Server { version, ..Server::default() });
        assert_eq!(request(160_010), BEFORE_17);
        assert_eq!(request(170_000), ON_17);
        assert_eq!(request(180_001), FROM_18);
    }
}
