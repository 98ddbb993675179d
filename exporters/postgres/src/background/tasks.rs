//! What is measured by one statement each.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{
    Definition,
    postgres::{
        background::{sequences, temp_files, wal},
        database, tables,
    },
};

use crate::{
    collectors::{Collector, Options, Server, StatementTexts},
    row::{Row, RowError},
};

/// Every task, in the order of a visit.
pub(super) fn all(options: &Options) -> Vec<Box<dyn Collector>> {
    vec![
        Box::new(Wal),
        Box::new(TempFiles),
        Box::new(DatabaseSize),
        Box::new(StatementTexts::new(&options.statements)),
        Box::new(Sequences),
        Box::new(SequenceRights),
        Box::new(TableSizes { limit: options.table_budget }),
    ]
}

/// The flag that turns a task off.
pub(super) fn flag(name: &'static str) -> &'static str {
    match name {
        TABLE_SIZES => "stat_user_tables",
        "stat_statements_texts" => "stat_statements",
        SEQUENCE_RIGHTS => "sequences",
        name => name,
    }
}

/// The tasks whose rows are gathered by [`sizes`](super::sizes).
pub(super) const TABLE_SIZES: &str = "table_sizes";
pub(super) const DATABASE_SIZE: &str = "database_size";

/// The task whose answer is told to people too.
pub(super) const SEQUENCE_RIGHTS: &str = "sequence_rights";

/// The directory of the write-ahead log.
#[derive(Debug)]
struct Wal;

impl Collector for Wal {
    fn name(&self) -> &'static str {
        "wal"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(
            "SELECT w.*, s.* FROM
                (SELECT count(*) AS segments, coalesce(sum(size), 0)::int8 AS size
                    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$') w
                CROSS JOIN (SELECT count(*) AS ready,
                    greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(modification)), 0))::float8 AS ready_oldest
                    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') s"
                .into(),
        )
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        wal::ALL
    }
}

/// Temporary files of running statements.
#[derive(Debug)]
struct TempFiles;

impl Collector for TempFiles {
    fn name(&self) -> &'static str {
        "temp_files"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(
            "SELECT t.spcname AS tablespace, count(f.name) AS files, coalesce(sum(f.size), 0)::int8 AS bytes
            FROM pg_tablespace t LEFT JOIN LATERAL pg_ls_tmpdir(t.oid) f ON true
            WHERE t.spcname <> 'pg_global' GROUP BY t.spcname"
                .into(),
        )
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        temp_files::ALL
    }
}

/// Sizes of databases.
#[derive(Debug)]
struct DatabaseSize;

impl Collector for DatabaseSize {
    fn name(&self) -> &'static str {
        DATABASE_SIZE
    }

    /// The rows come from [`sizes`](super::sizes).
    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        None
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        const { &[database::SIZE.definition()] }
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        for row in rows {
            samples.gauge(&database::SIZE, [&row.text("datname")?], row.number("size")?);
        }
        Ok(())
    }
}

/// The fullest sequences of a database. Reading a sequence locks it as a writer does, so those that somebody has locked
/// against writers, or waits to, are left out.
#[derive(Debug)]
struct Sequences;

impl Collector for Sequences {
    fn name(&self) -> &'static str {
        "sequences"
    }

    fn is_per_database(&self) -> bool {
        true
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(
            "WITH locked AS MATERIALIZED (
                SELECT relation FROM pg_locks
                WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
            ), readable AS MATERIALIZED (
                SELECT c.oid, n.nspname, c.relname, s.seqincrement AS step, s.seqmin::float8 AS first, s.seqmax::float8 AS last
                FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE NOT s.seqcycle AND c.relpersistence <> 't' AND has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')
                    AND s.seqrelid NOT IN (SELECT relation FROM locked)
            ), read AS MATERIALIZED (SELECT *, pg_sequence_last_value(oid) AS value FROM readable)
            SELECT current_database() AS datname, nspname AS schemaname, relname AS sequencename,
                CASE WHEN step > 0 THEN value - first ELSE last - value END / greatest(last - first, 1) AS used
            FROM read WHERE value IS NOT NULL ORDER BY used DESC, nspname, relname LIMIT 100"
                .into(),
        )
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        sequences::ALL
    }
}

/// Sequences that [`Sequences`] cannot see, for want of rights.
#[derive(Debug)]
struct SequenceRights;

impl Collector for SequenceRights {
    fn name(&self) -> &'static str {
        SEQUENCE_RIGHTS
    }

    fn is_per_database(&self) -> bool {
        true
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(
            "SELECT current_database() AS datname, count(*) AS unreadable FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
            WHERE NOT s.seqcycle AND c.relpersistence <> 't' AND NOT has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')"
                .into(),
        )
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        sequences::rights::ALL
    }
}

/// How many sequences the answer to [`SequenceRights`] tells of.
pub(super) fn unreadable(rows: &[Row]) -> u64 {
    rows.first().and_then(|row| row.text("unreadable").ok()?.parse().ok()).unwrap_or(0)
}

/// Sizes of tables and their indexes: the largest by name, the rest summed.
#[derive(Debug)]
struct TableSizes {
    limit: usize,
}

impl Collector for TableSizes {
    fn name(&self) -> &'static str {
        TABLE_SIZES
    }

    fn is_per_database(&self) -> bool {
        true
    }

    /// The rows come from [`sizes`](super::sizes).
    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        None
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        const { &[tables::stat_user_tables::TABLE_SIZE.definition(), tables::stat_user_tables::INDEX_SIZE.definition()] }
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        let mut sizes = rows.iter().map(|row| Ok((row, row.number("table_size")?, row.number("index_size")?))).collect::<Result<Vec<_>, _>>()?;
        let mut rest = Vec::new();
        if self.limit > 0 && sizes.len() > self.limit {
            let total = |(_, table, index): &(&Row, Option<f64>, Option<f64>)| table.unwrap_or(0.0) + index.unwrap_or(0.0);
            sizes.sort_by(|left, right| total(right).total_cmp(&total(left)));
            rest = sizes.split_off(self.limit - 1);
        }
        for (row, table, index) in sizes {
            let labels = [row.text("datname")?, row.text("schemaname")?, row.text("relname")?];
            let labels = labels.each_ref().map(AsRef::as_ref);
            samples.gauge(&tables::stat_user_tables::TABLE_SIZE, labels, table);
            samples.gauge(&tables::stat_user_tables::INDEX_SIZE, labels, index);
        }
        if let Some((row, ..)) = rest.first() {
            let database = row.text("datname")?;
            let labels = [&*database, "", "other"];
            samples.gauge(&tables::stat_user_tables::TABLE_SIZE, labels, rest.iter().filter_map(|(_, table, _)| *table).sum::<f64>());
            samples.gauge(&tables::stat_user_tables::INDEX_SIZE, labels, rest.iter().filter_map(|(.., index)| *index).sum::<f64>());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_tables_are_named() {
        let row = |table, size| {
            Row::from([
                ("datname", Some("shop")),
                ("schemaname", Some("public")),
                ("relname", Some(table)),
                ("table_size", Some(size)),
                ("index_size", Some("1")),
            ])
        };
        let mut samples = Samples::default();

        TableSizes { limit: 2 }.read(&[row("a", "5"), row("b", "9"), row("c", "7")], &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_stat_user_tables_table_size_bytes{datname=\"shop\",schemaname=\"public\",relname=\"b\"} 9\n\
             pg_stat_user_tables_index_size_bytes{datname=\"shop\",schemaname=\"public\",relname=\"b\"} 1\n\
             pg_stat_user_tables_table_size_bytes{datname=\"shop\",schemaname=\"\",relname=\"other\"} 12\n\
             pg_stat_user_tables_index_size_bytes{datname=\"shop\",schemaname=\"\",relname=\"other\"} 2\n"
        );
    }
}
