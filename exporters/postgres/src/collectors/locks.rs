//! Locks held and awaited, by database and mode.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::activity::locks};

use super::{Collector, Server};

/// Every database shows every mode. Locks on shared objects belong to no database and have an empty name.
const LOCKS: &str = "
    SELECT coalesce(d.datname, '') AS datname, m.mode, coalesce(l.count, 0) AS count, coalesce(l.waiting, 0) AS waiting
    FROM (SELECT oid, datname FROM pg_database UNION ALL SELECT 0, NULL) d
        CROSS JOIN unnest(ARRAY['accesssharelock', 'rowsharelock', 'rowexclusivelock', 'shareupdateexclusivelock', 'sharelock',
            'sharerowexclusivelock', 'exclusivelock', 'accessexclusivelock', 'sireadlock']) m (mode)
        LEFT JOIN (SELECT coalesce(database, 0) AS database, lower(mode) AS mode, count(*) AS count,
                count(*) FILTER (WHERE NOT granted) AS waiting
            FROM pg_locks GROUP BY 1, 2) l ON l.database = d.oid AND l.mode = m.mode
    WHERE d.datname IS NOT NULL OR l.count IS NOT NULL";

/// Requests that wait are told from locks that are held: a count of all alone hides a queue.
#[derive(Debug)]
pub(super) struct Locks;

impl Collector for Locks {
    fn name(&self) -> &'static str {
        "locks"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(LOCKS.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        locks::ALL
    }
}
