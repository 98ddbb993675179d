//! Indexes that cost and do not serve: never scanned, or invalid.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{Definition, postgres::tables::index_use};

use super::{Collector, Server};
use crate::row::{Row, RowError};

/// Sums by use, and the twenty largest that are unused or invalid by name. An index of a constraint serves without being
/// scanned.
const INDEXES: &str = "
    WITH indexes AS MATERIALIZED (
        SELECT n.nspname AS schemaname, t.relname, i.relname AS indexrelname,
            i.relpages::int8 * current_setting('block_size')::int8 AS bytes,
            CASE WHEN NOT x.indisvalid THEN 'invalid'
                WHEN x.indisunique OR x.indisprimary OR x.indisexclusion OR x.indisreplident OR pg_stat_get_numscans(i.oid) > 0 THEN 'used'
                ELSE 'unused' END AS state
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE i.relkind = 'i' AND t.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    )
    SELECT current_database() AS datname, s.state, count(indexes.state) AS count, coalesce(sum(bytes), 0)::int8 AS bytes,
        NULL AS schemaname, NULL AS relname, NULL AS indexrelname
    FROM unnest(ARRAY['unused', 'invalid', 'used']) s (state) LEFT JOIN indexes ON indexes.state = s.state GROUP BY s.state
    UNION ALL (SELECT current_database(), state, NULL, bytes, schemaname, relname, indexrelname
        FROM indexes WHERE state <> 'used' ORDER BY bytes DESC, schemaname, indexrelname LIMIT 20)";

/// See the [module](self).
#[derive(Debug)]
pub(super) struct IndexUse;

impl Collector for IndexUse {
    fn name(&self) -> &'static str {
        "index_use"
    }

    fn is_per_database(&self) -> bool {
        true
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(INDEXES.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        index_use::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        for row in rows {
            let (database, state, bytes) = (row.text("datname")?, row.text("state")?, row.number("bytes")?);
            if let Some(count) = row.number("count")? {
                samples.gauge(&index_use::COUNT, [&database, &state], count);
                samples.gauge(&index_use::BYTES, [&database, &state], bytes);
            } else {
                let labels = [&*database, &row.text("schemaname")?, &row.text("relname")?, &row.text("indexrelname")?, &state];
                samples.gauge(&index_use::WORST, labels, bytes);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_names_are_told_apart() {
        let row = |state, count, index| {
            Row::from([
                ("datname", Some("shop")),
                ("state", Some(state)),
                ("count", count),
                ("bytes", Some("8192")),
                ("schemaname", index),
                ("relname", index),
                ("indexrelname", index),
            ])
        };
        let mut samples = Samples::default();

        IndexUse.read(&[row("unused", Some("1"), None), row("unused", None, Some("i"))], &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_indexes{datname=\"shop\",state=\"unused\"} 1\npg_indexes_estimated_size_bytes{datname=\"shop\",state=\"unused\"} 8192\n\
             pg_index_wasted_bytes{datname=\"shop\",schemaname=\"i\",relname=\"i\",indexrelname=\"i\",state=\"unused\"} 8192\n"
        );
    }
}
