//! Commands that tell how far they are: the `pg_stat_progress_*` views in one statement.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{
    Definition,
    postgres::progress::{command, stat_progress_vacuum},
};

use super::{Collector, Server};
use crate::{
    mapping,
    row::{Row, RowError},
    status::Right,
};

/// A table of another database has no name here, only its number.
const BEFORE_17: &str = "
    SELECT p.*, a.datname, p.pid::text AS pid, 1 AS present,
        CASE WHEN c.oid IS NULL THEN p.relid::text WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS relname,
        CASE WHEN p.total > 0 THEN p.done / p.total::float8 END AS ratio,
        extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start))::float8 AS running
    FROM (SELECT 'vacuum' AS command, pid, datid, relid, phase, heap_blks_scanned AS done, heap_blks_total AS total,
            heap_blks_total AS heap_blks, heap_blks_scanned, heap_blks_vacuumed, index_vacuum_count AS index_vacuums,
            max_dead_tuples, num_dead_tuples
            FROM pg_stat_progress_vacuum
        UNION ALL SELECT 'analyze', pid, datid, relid, phase, sample_blks_scanned, sample_blks_total, NULL, NULL, NULL, NULL, NULL, NULL
            FROM pg_stat_progress_analyze
        UNION ALL SELECT 'create_index', pid, datid, relid, phase, CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,
            CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END, NULL, NULL, NULL, NULL, NULL, NULL
            FROM pg_stat_progress_create_index
        UNION ALL SELECT 'cluster', pid, datid, relid, phase, heap_blks_scanned, heap_blks_total, NULL, NULL, NULL, NULL, NULL, NULL
            FROM pg_stat_progress_cluster
        UNION ALL SELECT 'base_backup', pid, NULL, NULL, phase, backup_streamed, backup_total, NULL, NULL, NULL, NULL, NULL, NULL
            FROM pg_stat_progress_basebackup
        UNION ALL SELECT 'copy', pid, datid, relid, command, bytes_processed, bytes_total, NULL, NULL, NULL, NULL, NULL, NULL
            FROM pg_stat_progress_copy) p
        LEFT JOIN pg_stat_activity a ON a.pid = p.pid
        LEFT JOIN pg_class c ON c.oid = p.relid
            AND p.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
        LEFT JOIN pg_namespace n ON n.oid = c.relnamespace";

/// 17 counts memory instead of rows.
fn from_17() -> String {
    BEFORE_17
        .replace("max_dead_tuples, num_dead_tuples", "max_dead_tuple_bytes, dead_tuple_bytes, num_dead_item_ids AS num_dead_tuples")
        .replace("NULL, NULL, NULL, NULL, NULL, NULL", "NULL, NULL, NULL, NULL, NULL, NULL, NULL")
}

fn request(server: &Server) -> Cow<'static, str> {
    if server.is_at_least(17) { from_17().into() } else { BEFORE_17.into() }
}

/// Vacuum under upstream's names.
#[derive(Debug)]
pub(super) struct StatProgressVacuum;

impl Collector for StatProgressVacuum {
    fn name(&self) -> &'static str {
        "stat_progress_vacuum"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        Some(request(server))
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_progress_vacuum::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let vacuums = rows.iter().filter(|row| row.text("command").is_ok_and(|command| command == "vacuum"));
        mapping::send(self.metrics(), &[], vacuums, samples)
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Progress;

impl Collector for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        Some(request(server))
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        command::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(command: &'static str) -> Row {
        Row::from([
            ("command", Some(command)),
            ("datname", Some("shop")),
            ("relname", Some("orders")),
            ("pid", Some("7")),
            ("phase", Some("scanning heap")),
            ("present", Some("1")),
            ("ratio", Some("0.5")),
            ("running", Some("9")),
            ("heap_blks", Some("100")),
            ("dead_tuple_bytes", None),
        ])
    }

    #[test]
    fn vacuum_has_its_own_metrics() {
        let mut samples = Samples::default();
        StatProgressVacuum.read(&[row("copy"), row("vacuum")], &mut samples).unwrap();
        assert_eq!(
            samples.text(),
            "pg_stat_progress_vacuum_phase{datname=\"shop\",relname=\"orders\",phase=\"scanning heap\"} 1\n\
             pg_stat_progress_vacuum_heap_blks{datname=\"shop\",relname=\"orders\"} 100\n"
        );
    }

    #[test]
    fn every_command_is_shown() {
        let mut samples = Samples::default();
        Progress.read(&[row("copy")], &mut samples).unwrap();
        assert!(samples.text().starts_with("pg_progress_done_ratio{command=\"copy\",datname=\"shop\",relname=\"orders\",pid=\"7\"} 0.5\n"));
    }
}
