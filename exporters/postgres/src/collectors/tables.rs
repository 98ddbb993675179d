//! Tables of the database in one pass over `pg_class`, which takes no lock on any of them.
//!
//! Three collectors read the pass: activity, blocks, and size, age and bloat as the catalogue tells them.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{
    Definition,
    postgres::tables::{budget, stat_user_tables, statio_user_tables, table},
};

use super::{
    Collector, Server,
    budgeted::{ByDatabase, Members},
};
use crate::row::{Row, RowError};

/// The functions behind the `pg_stat*_user_tables` views, without the views: those join more than is needed. Temporary tables
/// come and go with their sessions and are left out.
const TABLES: &str = "
    WITH indexes AS MATERIALIZED (
        SELECT indrelid AS oid,
            sum(pg_stat_get_numscans(indexrelid))::int8 AS scans,
            sum(pg_stat_get_tuples_fetched(indexrelid))::int8 AS fetched,
            sum(pg_stat_get_blocks_fetched(indexrelid))::int8 AS blocks,
            sum(pg_stat_get_blocks_hit(indexrelid))::int8 AS hits
        FROM pg_index GROUP BY indrelid
    ), tables AS (
        SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltoastrelid, c.relfrozenxid,
            pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead,
            (c.relpages + coalesce(t.relpages, 0))::int8 * current_setting('block_size')::int8 AS size
        FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
        WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
            AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    )
    SELECT current_database() AS datname, c.nspname AS schemaname, c.relname,
        pg_stat_get_numscans(c.oid) AS seq_scan,
        pg_stat_get_tuples_returned(c.oid) AS seq_tup_read,
        coalesce(i.scans, 0) AS idx_scan,
        coalesce(i.fetched, 0) + pg_stat_get_tuples_fetched(c.oid) AS idx_tup_fetch,
        pg_stat_get_tuples_inserted(c.oid) AS n_tup_ins,
        pg_stat_get_tuples_updated(c.oid) AS n_tup_upd,
        pg_stat_get_tuples_deleted(c.oid) AS n_tup_del,
        pg_stat_get_tuples_hot_updated(c.oid) AS n_tup_hot_upd,
        c.live AS n_live_tup,
        c.dead AS n_dead_tup,
        pg_stat_get_mod_since_analyze(c.oid) AS n_mod_since_analyze,
        coalesce(pg_stat_get_last_vacuum_time(c.oid), 'epoch') AS last_vacuum,
        coalesce(pg_stat_get_last_autovacuum_time(c.oid), 'epoch') AS last_autovacuum,
        coalesce(pg_stat_get_last_analyze_time(c.oid), 'epoch') AS last_analyze,
        coalesce(pg_stat_get_last_autoanalyze_time(c.oid), 'epoch') AS last_autoanalyze,
        pg_stat_get_vacuum_count(c.oid) AS vacuum_count,
        pg_stat_get_autovacuum_count(c.oid) AS autovacuum_count,
        pg_stat_get_analyze_count(c.oid) AS analyze_count,
        pg_stat_get_autoanalyze_count(c.oid) AS autoanalyze_count,
        pg_stat_get_ins_since_vacuum(c.oid) AS n_ins_since_vacuum,
        pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS heap_blocks_read,
        pg_stat_get_blocks_hit(c.oid) AS heap_blocks_hit,
        coalesce(i.blocks - i.hits, 0) AS idx_blocks_read,
        coalesce(i.hits, 0) AS idx_blocks_hit,
        coalesce(pg_stat_get_blocks_fetched(nullif(c.reltoastrelid, 0)) - pg_stat_get_blocks_hit(nullif(c.reltoastrelid, 0)), 0)
            AS toast_blocks_read,
        coalesce(pg_stat_get_blocks_hit(nullif(c.reltoastrelid, 0)), 0) AS toast_blocks_hit,
        coalesce(ti.blocks - ti.hits, 0) AS tidx_blocks_read,
        coalesce(ti.hits, 0) AS tidx_blocks_hit,
        c.size AS estimated_size,
        CASE WHEN c.live + c.dead > 0 THEN c.size * (c.dead / (c.live + c.dead)::float8) ELSE 0 END AS estimated_bloat,
        CASE WHEN c.relkind <> 'p' THEN age(c.relfrozenxid) END AS frozen_age
    FROM tables c LEFT JOIN indexes i ON i.oid = c.oid LEFT JOIN indexes ti ON ti.oid = c.reltoastrelid";

/// No schema has an empty name, so the sum cannot be a table.
const MEMBERS: Members =
    Members { key: &["schemaname", "relname"], work: &["seq_tup_read", "idx_tup_fetch", "n_tup_ins", "n_tup_upd", "n_tup_del"], label: "relname" };

/// One of the three readers of the pass.
#[derive(Debug)]
pub(super) struct Tables {
    name: &'static str,
    metrics: &'static [&'static Definition],
    databases: ByDatabase,
}

impl Tables {
    /// `pg_stat_user_tables`.
    pub(super) fn stat(limit: usize) -> Self {
        Self { name: "stat_user_tables", metrics: stat_user_tables::ALL, databases: ByDatabase::new(stat_user_tables::ALL, &MEMBERS, limit) }
    }

    /// `pg_statio_user_tables`.
    pub(super) fn statio(limit: usize) -> Self {
        Self { name: "statio_user_tables", metrics: statio_user_tables::ALL, databases: ByDatabase::new(statio_user_tables::ALL, &MEMBERS, limit) }
    }

    /// Estimates of size and bloat, and age.
    pub(super) fn size(limit: usize) -> Self {
        Self { name: "table_size", metrics: table::ALL, databases: ByDatabase::new(table::ALL, &MEMBERS, limit) }
    }
}

impl Collector for Tables {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_per_database(&self) -> bool {
        true
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(TABLES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        self.metrics
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let database = first.text("datname")?;
        let (others, evictions) = self.databases.send(&database, rows, samples)?;
        if self.name == "stat_user_tables" {
            samples.gauge(&budget::TABLES, [&database], rows.len());
            samples.gauge(&budget::TABLES_OTHER, [&database], others);
            samples.counter(&budget::EVICTIONS, [&database], evictions);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &'static str, reads: &'static str) -> Row {
        Row::from([
            ("datname", Some("shop")),
            ("schemaname", Some("public")),
            ("relname", Some(table)),
            ("seq_scan", Some("1")),
            ("seq_tup_read", Some(reads)),
            ("idx_tup_fetch", Some("0")),
            ("n_tup_ins", Some("0")),
            ("n_tup_upd", None),
            ("n_tup_del", Some("0")),
            ("last_vacuum", Some("0")),
        ])
    }

    #[test]
    fn within_the_budget_all_are_shown() {
        let mut samples = Samples::default();
        Tables::stat(2).read(&[row("a", "5"), row("b", "9")], &mut samples).unwrap();
        let text = samples.text();
        assert!(text.contains("pg_stat_user_tables_seq_tup_read{datname=\"shop\",schemaname=\"public\",relname=\"b\"} 9\n"));
        assert!(text.contains("pg_tables{datname=\"shop\"} 2\n") && text.contains("pg_tables_other{datname=\"shop\"} 0\n"));
    }

    #[test]
    fn other_never_falls_and_loses_nothing() {
        let other = "pg_stat_user_tables_seq_tup_read{datname=\"shop\",schemaname=\"\",relname=\"other\"}";
        let mut tables = Tables::stat(2);
        let mut read = |rows: &[Row]| {
            let mut samples = Samples::default();
            tables.read(rows, &mut samples).unwrap();
            let text = samples.text();
            text.lines().find_map(|line| line.strip_prefix(other)?.trim().parse::<f64>().ok())
        };
        assert_eq!(read(&[row("a", "5"), row("b", "90"), row("c", "70")]), Some(75.0));
        // c gets a series of its own, which begins with what it read meanwhile; b loses its own.
        assert_eq!(read(&[row("a", "6"), row("b", "91"), row("c", "170")]), Some(177.0));
        // c's work is its own now; a is dropped, and b alone is within the budget.
        assert_eq!(read(&[row("b", "92"), row("c", "270")]), Some(178.0));
        assert_eq!(read(&[row("b", "99"), row("c", "270"), row("d", "3")]), Some(188.0));
    }

    #[test]
    fn past_the_budget_sums_stay_right() {
        let mut samples = Samples::default();
        Tables::stat(2).read(&[row("a", "5"), row("b", "9"), row("c", "7")], &mut samples).unwrap();
        let text = samples.text();
        assert!(text.contains("pg_stat_user_tables_seq_tup_read{datname=\"shop\",schemaname=\"public\",relname=\"b\"} 9\n"));
        assert!(text.contains("pg_stat_user_tables_seq_tup_read{datname=\"shop\",schemaname=\"\",relname=\"other\"} 12\n"));
        assert!(text.contains("pg_stat_user_tables_seq_scan{datname=\"shop\",schemaname=\"\",relname=\"other\"} 2\n"));
        assert!(!text.contains("last_vacuum{datname=\"shop\",schemaname=\"\""), "a sum of times means nothing");
        assert!(text.contains("pg_tables_other{datname=\"shop\"} 2\n"));
    }
}
