//! Who waits for whom: chains of blocked sessions, and who is at their end.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::activity::lock_waits};

use super::{Collector, Server};
use crate::status::Right;

/// Asking for the blockers of a session stops the lock manager for a moment, so that is done for sessions that wait, and of these for
/// the hundred that have waited longest.
const LOCK_WAITS: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT pid, min(waitstart) AS since FROM pg_locks WHERE NOT granted GROUP BY pid
    ), edges AS MATERIALIZED (
        SELECT pid, unnest(pg_blocking_pids(pid)) AS blocker FROM (SELECT pid FROM waiting ORDER BY since LIMIT 100) w
    ), roots AS MATERIALIZED (
        SELECT DISTINCT blocker AS pid FROM edges WHERE blocker NOT IN (SELECT pid FROM waiting)
    )
    SELECT (SELECT count(*) FROM waiting) AS blocked,
        (SELECT greatest(0, coalesce(extract(epoch FROM max(clock_timestamp() - since)), 0))::float8 FROM waiting) AS longest,
        (SELECT count(*) FROM roots) AS roots,
        (SELECT coalesce(max(count), 0) FROM (SELECT count(DISTINCT pid) FROM edges GROUP BY blocker) b) AS widest,
        (SELECT greatest(0, coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0))::float8
            FROM pg_stat_activity JOIN roots USING (pid)) AS root_transaction";

/// One row, with zeros where nobody waits.
#[derive(Debug)]
pub(super) struct LockWaits;

impl Collector for LockWaits {
    fn name(&self) -> &'static str {
        "lock_waits"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(LOCK_WAITS.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        lock_waits::ALL
    }
}
