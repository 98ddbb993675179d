//! Scans and blocks of each index of the database.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{
    Definition,
    postgres::tables::{statio_user_indexes, user_indexes_budget as budget},
};

use super::{
    Collector, Server,
    budgeted::{ByDatabase, Members},
};
use crate::row::{Row, RowError};

const INDEXES: &str = "
    SELECT n.nspname AS schemaname, t.relname, i.relname AS indexrelname, current_database() AS datname,
        pg_stat_get_blocks_fetched(i.oid) - pg_stat_get_blocks_hit(i.oid) AS idx_blks_read,
        pg_stat_get_blocks_hit(i.oid) AS idx_blks_hit,
        pg_stat_get_numscans(i.oid) AS idx_scan,
        pg_stat_get_tuples_returned(i.oid) AS idx_tup_read,
        pg_stat_get_tuples_fetched(i.oid) AS idx_tup_fetch
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE t.relkind IN ('r', 'm') AND t.relpersistence <> 't'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

/// No schema has an empty name, so the sum cannot be an index.
const MEMBERS: Members = Members {
    key: &["schemaname", "relname", "indexrelname"],
    work: &["idx_scan", "idx_tup_read", "idx_blks_hit", "idx_blks_read"],
    label: "indexrelname",
};

/// Off by default: a database has more indexes than tables.
#[derive(Debug)]
pub(super) struct StatioUserIndexes {
    databases: ByDatabase,
}

impl StatioUserIndexes {
    /// Shows at most so many of a database.
    pub(super) fn new(limit: usize) -> Self {
        Self { databases: ByDatabase::new(statio_user_indexes::ALL, &MEMBERS, limit) }
    }
}

impl Collector for StatioUserIndexes {
    fn name(&self) -> &'static str {
        "statio_user_indexes"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn is_per_database(&self) -> bool {
        true
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(INDEXES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        statio_user_indexes::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let database = first.text("datname")?;
        let (others, evictions) = self.databases.send(&database, rows, samples)?;
        samples.gauge(&budget::OTHER, [&database], others);
        samples.counter(&budget::EVICTIONS, [&database], evictions);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: &'static str, scans: &'static str) -> Row {
        let columns = ["idx_tup_read", "idx_blks_hit", "idx_blks_read", "idx_tup_fetch"].map(|column| (column, Some("0")));
        let names = [("datname", Some("shop")), ("schemaname", Some("public")), ("relname", Some("t")), ("indexrelname", Some(index))];
        Row::Text(
            names
                .into_iter()
                .chain([("idx_scan", Some(scans))])
                .chain(columns)
                .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
                .collect(),
        )
    }

    #[test]
    fn indexes_past_the_budget_are_summed() {
        let mut samples = Samples::default();
        StatioUserIndexes::new(2).read(&[row("a", "5"), row("b", "9"), row("c", "7")], &mut samples).unwrap();
        let text = samples.text();
        assert!(
            text.contains("pg_stat_user_indexes_idx_scan_total{schemaname=\"public\",relname=\"t\",indexrelname=\"b\",datname=\"shop\"} 9\n"),
            "{text}"
        );
        assert!(text.contains("pg_stat_user_indexes_idx_scan_total{schemaname=\"\",relname=\"\",indexrelname=\"other\",datname=\"shop\"} 12\n"));
        assert!(text.contains("pg_user_indexes_other{datname=\"shop\"} 2\n"));
    }
}
