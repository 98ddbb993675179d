//! Subscriptions of logical replication, and how far their tables are.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::replication::stat_subscription};

use super::{Collector, Server};
use crate::status::Right;

const BEFORE_15: &str = "
    SELECT d.datname, s.subname, s.subenabled AS enabled, w.workers, w.received_lsn, w.message_age, NULL AS state, NULL::int8 AS tables
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
        LEFT JOIN (SELECT subid, count(pid) AS workers, max(received_lsn) AS received_lsn,
            extract(epoch FROM clock_timestamp() - max(last_msg_receipt_time))::float8 AS message_age
            FROM pg_stat_subscription GROUP BY subid) w ON w.subid = s.oid
    UNION ALL SELECT current_database(), s.subname, NULL, NULL, NULL, NULL, r.srsubstate::text, count(*)
    FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid GROUP BY s.subname, r.srsubstate";

const FROM_15: &str = "
    SELECT d.datname, s.subname, s.subenabled AS enabled, w.workers, w.received_lsn, w.message_age, NULL AS state, NULL::int8 AS tables,
        e.apply_error_count, e.sync_error_count
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
        LEFT JOIN (SELECT subid, count(pid) AS workers, max(received_lsn) AS received_lsn,
            extract(epoch FROM clock_timestamp() - max(last_msg_receipt_time))::float8 AS message_age
            FROM pg_stat_subscription GROUP BY subid) w ON w.subid = s.oid
        LEFT JOIN pg_stat_subscription_stats e ON e.subid = s.oid
    UNION ALL SELECT current_database(), s.subname, NULL, NULL, NULL, NULL, r.srsubstate::text, count(*), NULL, NULL
    FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid GROUP BY s.subname, r.srsubstate";

/// Facts of a subscription in one row, tables by state of the connected database in others.
#[derive(Debug)]
pub(super) struct StatSubscription;

impl Collector for StatSubscription {
    fn name(&self) -> &'static str {
        "stat_subscription"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, server: &Server) -> Option<Cow<'static, str>> {
        Some(if server.is_at_least(15) { FROM_15 } else { BEFORE_15 }.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        stat_subscription::ALL
    }
}
