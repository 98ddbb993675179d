//! Sizes: of databases one by one, of tables and indexes in batches around locks.
//!
//! A database that is dropped meanwhile, or whose files cannot be read, makes the statement fail that measures it, and so
//! has one of its own.
//!
//! The size functions lock each relation, if only for a moment, and a statement that meets a lock fails as a whole. So
//! relations that somebody has locked, or waits to lock, are left out, and a lock that comes in between costs one batch. What
//! is left out keeps its size of before.

use std::collections::HashSet;

use tokio_postgres::{Client, Error, types::Type};

use super::rows;
use crate::{failure::is_lost, row::Row};

/// Relations in one statement.
const BATCH: usize = 200;

const TABLES: &str = "
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    ORDER BY c.oid";

const SIZES: &str = "
    WITH locked AS MATERIALIZED (
        SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND locktype = 'relation' AND database =
            (SELECT oid FROM pg_database WHERE datname = current_database())
    ), busy AS MATERIALIZED (
        SELECT relation FROM locked UNION SELECT indrelid FROM pg_index JOIN locked ON relation = indexrelid
    )
    SELECT c.oid, current_database() AS datname, n.nspname AS schemaname, c.relname,
        pg_table_size(c.oid) AS table_size, pg_indexes_size(c.oid) AS index_size
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY ($1) AND c.oid NOT IN (SELECT relation FROM busy) AND c.reltoastrelid NOT IN (SELECT relation FROM busy)";

/// Databases that may be measured: those that we may connect to, or all for a role that may read all statistics.
const DATABASES: &str = "
    SELECT oid, datname FROM pg_database WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')";

const DATABASE: &str = "SELECT datname, pg_database_size(oid) AS size FROM pg_database WHERE oid = $1";

/// What one measurement found.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// Rows of the tables that could be measured.
    fresh: Vec<Row>,
    /// Every table there is.
    present: HashSet<u32>,
}

/// Measures all tables of the connected database.
pub(super) async fn measure(client: &Client) -> Result<Sizes, Error> {
    let present: Vec<u32> = client.query(TABLES, &[]).await?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let mut fresh = Vec::new();
    for batch in present.chunks(BATCH) {
        match client.query_typed(SIZES, &[(&batch, Type::OID_ARRAY)]).await {
            Ok(found) => fresh.extend(rows(found)),
            // Whatever one batch meets, the others may not; a connection that is gone fails them all at once.
            Err(error) if is_lost(&error) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Sizes { fresh, present: present.into_iter().collect() })
}

/// Measures all databases but `excluded`; also says how many could not be measured.
pub(super) async fn databases(client: &Client, excluded: &[String]) -> Result<(Vec<Row>, usize), Error> {
    let (mut found, mut skipped) = (Vec::new(), 0);
    for row in rows(client.query_typed(DATABASES, &[]).await?) {
        let name = row.text("datname").unwrap_or_default();
        let Some(database) = number(&row).filter(|_| !excluded.iter().any(|excluded| *excluded == name)) else { continue };
        match client.query_typed(DATABASE, &[(&database, Type::OID)]).await {
            Ok(size) => found.extend(rows(size)),
            Err(error) if is_lost(&error) => return Err(error),
            Err(_) => skipped += 1,
        }
    }
    Ok((found, skipped))
}

impl Sizes {
    /// How many tables could not be measured.
    pub(super) fn skipped(&self) -> usize {
        self.present.len().saturating_sub(self.fresh.len())
    }

    /// The new rows, and those of before for tables that are still there and could not be measured.
    pub(super) fn merge(self, before: Vec<Row>) -> Vec<Row> {
        let measured: HashSet<u32> = self.fresh.iter().filter_map(number).collect();
        let kept = before.into_iter().filter(|row| number(row).is_some_and(|number| self.present.contains(&number) && !measured.contains(&number)));
        let mut all: Vec<Row> = kept.collect();
        all.extend(self.fresh);
        all
    }
}

/// The number of a table or database.
fn number(row: &Row) -> Option<u32> {
    row.text("oid").ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_table_keeps_its_size() {
        let row = |number, size| Row::from([("oid", Some(number)), ("table_size", Some(size))]);
        let sizes = Sizes { fresh: vec![row("1", "10")], present: [1, 2].into() };
        assert_eq!(sizes.skipped(), 1);

        let merged = sizes.merge(vec![row("1", "5"), row("2", "6"), row("3", "7")]);

        let mut sizes: Vec<_> = merged.iter().map(|row| row.number("table_size").unwrap()).collect();
        sizes.sort_by(|left, right| left.partial_cmp(right).unwrap());
        assert_eq!(sizes, [Some(6.0), Some(10.0)]);
    }
}
