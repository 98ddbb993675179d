//! What autovacuum workers work on.

use std::borrow::Cow;

use exporter_core::Samples;
use metric_catalogue::{Definition, postgres::activity::stat_activity_autovacuum};

use super::{Collector, Server, activity::ACTIVITY};
use crate::{
    row::{Row, RowError},
    status::Right,
};

/// The table is in the worker's statement only: `autovacuum: VACUUM ANALYZE public.orders (to prevent wraparound)`.
#[derive(Debug)]
pub(super) struct StatActivityAutovacuum;

impl Collector for StatActivityAutovacuum {
    fn name(&self) -> &'static str {
        "stat_activity_autovacuum"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn is_default(&self) -> bool {
        false
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(ACTIVITY.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_activity_autovacuum::ALL
    }

    fn read(&mut self, rows: &[Row], samples: &mut Samples) -> Result<(), RowError> {
        for row in rows {
            let work = row.text("work")?;
            if let Some((schema, table)) = relation(&work) {
                let started = row.number("started")?;
                samples.gauge(&stat_activity_autovacuum::WORKER_START, [&row.text("datname")?, schema, table], started);
                samples.gauge(&stat_activity_autovacuum::TIMESTAMP, [table], started);
            }
        }
        Ok(())
    }
}

/// Schema and table of a worker's statement. Names are not quoted there: the first dot parts them.
fn relation(work: &str) -> Option<(&str, &str)> {
    let rest = work.strip_prefix("autovacuum: ")?;
    let rest = rest.strip_prefix("VACUUM ANALYZE ").or_else(|| rest.strip_prefix("VACUUM ")).or_else(|| rest.strip_prefix("ANALYZE "))?;
    rest.strip_suffix(" (to prevent wraparound)").unwrap_or(rest).split_once('.')
}

#[cfg(test)]
mod tests {
    use super::{super::activity::backend, *};

    #[test]
    fn statement_names_the_table() {
        assert_eq!(relation("autovacuum: VACUUM ANALYZE public.orders"), Some(("public", "orders")));
        assert_eq!(relation("autovacuum: VACUUM s.a b (to prevent wraparound)"), Some(("s", "a b")));
        assert_eq!(relation("autovacuum: BRIN summarize public.x 1"), None);
        assert_eq!(relation("select 1"), None);
    }

    #[test]
    fn worker_shows_its_start() {
        let row = backend(&[("datname", "shop"), ("work", "autovacuum: ANALYZE public.orders"), ("started", "5"), ("pid", "1")]);
        let mut samples = Samples::default();
        StatActivityAutovacuum.read(&[row], &mut samples).unwrap();
        assert!(samples.text().ends_with("pg_stat_activity_autovacuum_timestamp_seconds{relname=\"orders\"} 5\n"));
    }
}
