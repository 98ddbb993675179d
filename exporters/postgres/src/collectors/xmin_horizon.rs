//! What keeps dead rows from being removed, by who holds it back.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::activity::xmin_horizon};

use super::{Collector, Server};
use crate::status::Right;

/// One row for each kind of holder, and one for prepared transactions as such.
const HOLDERS: &str = "
    SELECT 'session' AS holder, max(age(backend_xmin)) AS age, NULL::int8 AS prepared, NULL::float8 AS prepared_oldest
        FROM pg_stat_activity WHERE backend_type <> 'walsender' AND pid <> pg_backend_pid()
    UNION ALL SELECT 'standby', max(age(backend_xmin)), NULL, NULL FROM pg_stat_replication
    UNION ALL SELECT 'replication_slot', max(age(xmin)), NULL, NULL FROM pg_replication_slots
    UNION ALL SELECT 'replication_slot_catalog', max(age(catalog_xmin)), NULL, NULL FROM pg_replication_slots
    UNION ALL SELECT 'prepared_transaction', max(age(transaction)), NULL, NULL FROM pg_prepared_xacts
    UNION ALL SELECT NULL, NULL, count(*), coalesce(extract(epoch FROM max(clock_timestamp() - prepared)), 0)::float8
        FROM pg_prepared_xacts";

/// Vacuum can remove nothing that the oldest of these could still see.
#[derive(Debug)]
pub(super) struct XminHorizon;

impl Collector for XminHorizon {
    fn name(&self) -> &'static str {
        "xmin_horizon"
    }

    fn right(&self) -> Option<Right> {
        Some(Right::Statistics)
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(HOLDERS.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        xmin_horizon::ALL
    }
}
