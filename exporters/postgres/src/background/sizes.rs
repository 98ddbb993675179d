//! Sizes: of databases one by one, of tables and indexes in batches around locks.
//!
//! A database that is dropped meanwhile, or whose files cannot be read, makes the statement fail that measures it, and so
//! has one of its own.
//!
//! The size functions lock each relation, if only for a moment, and a statement that meets a lock fails as a whole. So
//! relations that somebody has locked, or waits to lock, are left out, and a lock that comes in between costs one batch. What
//! is left out keeps its size of before.
//!
//! What a round has no time for is measured in the next, which goes on where this one stopped.

use std::collections::HashSet;

use exporter_core::Failure;
use tokio::time::Instant;
use tokio_postgres::{Client, types::Type};

use super::visit::{Unanswered, limited};
use crate::{reply, row::Row};

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
    SELECT oid, datname FROM pg_database
    WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE') ORDER BY oid";

const DATABASE: &str = "SELECT oid, datname, pg_database_size(oid) AS size FROM pg_database WHERE oid = $1";

/// What one round measured.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// Rows of what could be measured.
    fresh: Vec<Row>,
    /// All that there is.
    present: HashSet<u32>,
    /// What could not be measured.
    failed: HashSet<u32>,
    /// Whether that has no size any more, rather than the one of before.
    forgets: bool,
    /// How many the round came to.
    tried: usize,
    /// What the round came to last; 0 if it came to the end.
    pub(super) last: u32,
    /// Why the connection cannot be used any more.
    pub(super) lost: Option<Failure>,
}

/// Measures the tables of the connected database that follow `from`.
pub(super) async fn tables(client: &Client, from: u32, until: Instant) -> Result<Sizes, Unanswered> {
    let all = limited(reply::unnamed(client, TABLES)).await?;
    let measure = |batch: Vec<u32>| async move { limited(reply::typed(client, SIZES, &batch, Type::OID_ARRAY)).await };
    Ok(pass(all.iter().filter_map(number).collect(), BATCH, from, until, measure).await)
}

/// Measures the databases that follow `from`, but for those that are `excluded`.
pub(super) async fn databases(client: &Client, excluded: &[String], from: u32, until: Instant) -> Result<Sizes, Unanswered> {
    let all = limited(reply::unnamed(client, DATABASES)).await?;
    let wanted = |row: &&Row| row.text("datname").is_ok_and(|name| !excluded.iter().any(|excluded| *excluded == name));
    let measure = |database: Vec<u32>| async move {
        let [database] = *database else { return Ok(Vec::new()) };
        limited(reply::typed(client, DATABASE, &database, Type::OID)).await
    };
    let sizes = pass(all.iter().filter(wanted).filter_map(number).collect(), 1, from, until, measure).await;
    // A database whose files cannot be read any more has no size.
    Ok(Sizes { forgets: true, ..sizes })
}

/// Goes through what follows `from` in pieces, until all is measured or the time is over.
async fn pass<M, F>(present: Vec<u32>, piece: usize, from: u32, until: Instant, mut measure: M) -> Sizes
where
    M: FnMut(Vec<u32>) -> F,
    F: Future<Output = Result<Vec<Row>, Unanswered>>,
{
    let mut sizes = Sizes { last: from, ..Sizes::default() };
    let rest: Vec<u32> = present.iter().copied().filter(|number| *number > from).collect();
    for piece in rest.chunks(piece) {
        match measure(piece.to_vec()).await {
            Ok(found) => sizes.fresh.extend(found),
            Err(error) if error.lost => {
                sizes.lost = Some(error.failure);
                break;
            }
            // Whatever one piece meets, the others may not.
            Err(_) => sizes.failed.extend(piece),
        }
        sizes.tried += piece.len();
        sizes.last = piece.last().copied().unwrap_or(from);
        if Instant::now() >= until {
            break;
        }
    }
    if rest.last().is_none_or(|end| *end == sizes.last) {
        sizes.last = 0;
    }
    sizes.present = present.into_iter().collect();
    sizes
}

impl Sizes {
    /// How many could not be measured.
    pub(super) fn skipped(&self) -> usize {
        self.tried.saturating_sub(self.fresh.len())
    }

    /// Whether nothing is left for the next round.
    pub(super) const fn is_complete(&self) -> bool {
        self.last == 0 && self.lost.is_none()
    }

    /// The new rows, and those of before for what is still there and was not measured.
    pub(super) fn merge(self, before: Vec<Row>) -> Vec<Row> {
        let gone = self.failed.into_iter().filter(|_| self.forgets);
        let measured: HashSet<u32> = self.fresh.iter().filter_map(number).chain(gone).collect();
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
    use std::time::Duration;

    use exporter_core::Reason;

    use super::*;

    fn row(number: u32, size: &str) -> Row {
        Row::Text(vec![("oid".to_owned(), Some(number.to_string())), ("table_size".to_owned(), Some(size.to_owned()))])
    }

    fn sizes(rows: &[Row]) -> Vec<(u32, f64)> {
        let mut sizes: Vec<_> = rows.iter().map(|row| (number(row).unwrap(), row.number("table_size").unwrap().unwrap())).collect();
        sizes.sort_by_key(|(number, _)| *number);
        sizes
    }

    #[test]
    fn locked_table_keeps_its_size() {
        let sizes_now = Sizes { fresh: vec![row(1, "10")], present: [1, 2].into(), tried: 2, ..Sizes::default() };
        assert_eq!(sizes_now.skipped(), 1);
        let merged = sizes_now.merge(vec![row(1, "5"), row(2, "6"), row(3, "7")]);
        assert_eq!(sizes(&merged), [(1, 10.0), (2, 6.0)]);
    }

    /// Each piece takes ten seconds.
    async fn slow(piece: Vec<u32>) -> Result<Vec<Row>, Unanswered> {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok(piece.into_iter().map(|number| row(number, "1")).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn next_round_goes_on_where_this_one_stopped() {
        let present: Vec<u32> = (1..=10).collect();
        let (mut from, mut known, mut rounds) = (0, Vec::new(), 0);
        loop {
            let found = pass(present.clone(), 2, from, Instant::now() + Duration::from_secs(15), slow).await;
            rounds += 1;
            from = found.last;
            let complete = found.is_complete();
            known = found.merge(known);
            assert_eq!(known.len(), (rounds * 4).min(10));
            if complete {
                break;
            }
        }
        assert_eq!(rounds, 3);
        // What has come meanwhile and what follows is measured from the start again.
        assert_eq!(pass(vec![3, 11], 2, from, Instant::now(), slow).await.fresh.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn lost_connection_costs_what_is_left_only() {
        let breaks = |piece: Vec<u32>| async move {
            let lost = |lost| Unanswered { failure: Failure::new(Reason::Closed, "gone"), lost };
            match piece[0] {
                2 => Err(lost(false)),
                4 => Err(lost(true)),
                _ => slow(piece).await,
            }
        };
        let found = pass((1..=5).collect(), 1, 0, Instant::now() + Duration::from_hours(1), breaks).await;
        assert_eq!((found.last, found.is_complete(), found.skipped()), (3, false, 1));
        assert_eq!(sizes(&found.merge(vec![row(5, "7")])), [(1, 1.0), (3, 1.0), (5, 7.0)]);
    }
}
