//! Slots and what they keep, with the decoding statistics of logical ones.

use std::borrow::Cow;

use metric_catalogue::{Definition, postgres::replication::replication_slots};

use super::{Collector, Server};

const SLOTS: &str = "
    SELECT s.*, s.active AS is_active, 1 AS present, here.lsn AS current_lsn,
        pg_wal_lsn_diff(here.lsn, s.restart_lsn)::float8 AS retained,
        pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::float8 AS confirmed_lag,
        age(s.xmin) AS xmin_age, age(s.catalog_xmin) AS catalog_xmin_age, t.*
    FROM pg_replication_slots s
        LEFT JOIN pg_stat_replication_slots t ON t.slot_name = s.slot_name
        CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn) here";

/// A slot that nobody reads keeps WAL until the disk is full.
#[derive(Debug)]
pub(super) struct ReplicationSlots;

impl Collector for ReplicationSlots {
    fn name(&self) -> &'static str {
        "replication_slots"
    }

    fn request(&self, _: &Server) -> Option<Cow<'static, str>> {
        Some(SLOTS.into())
    }

    fn metrics(&self) -> &'static [&'static Definition] {
        replication_slots::ALL
    }
}
