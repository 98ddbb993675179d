//! Scans and blocks of each index of the database.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::tables::statio_user_indexes};

use super::{Collector, Server};

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

/// Off by default: a database has more indexes than tables.
#[derive(Debug)]
pub(super) struct StatioUserIndexes;

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
}
