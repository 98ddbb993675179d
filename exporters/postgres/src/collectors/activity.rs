//! The sessions of `pg_stat_activity`, for all collectors that look at them.

use std::borrow::Cow;

use crate::row::{Row, RowError};

/// One row for each backend, with or without a database, and one for each database that nobody is connected to.
///
/// The text of statements stays on the server, but for autovacuum workers, who say there what they work on.
pub(super) const ACTIVITY: &str = "
    SELECT coalesce(a.datname, d.datname) AS datname, a.state, a.usename, a.application_name, a.backend_type,
        a.wait_event_type, a.wait_event, a.pid,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction,
        extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS query,
        extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS unchanged,
        CASE WHEN a.backend_type = 'autovacuum worker' THEN a.query END AS work,
        a.xact_start AS started
    FROM pg_stat_activity a FULL JOIN pg_database d ON d.oid = a.datid";

/// One backend, or a database without any.
#[derive(Debug)]
pub(super) struct Backend<'a> {
    pub(super) database: Cow<'a, str>,
    pub(super) state: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
    pub(super) wait_class: Cow<'a, str>,
    pub(super) transaction: Option<f64>,
    pub(super) query: Option<f64>,
    pub(super) unchanged: Option<f64>,
    pub(super) present: bool,
}

impl<'a> Backend<'a> {
    pub(super) fn new(row: &'a Row) -> Result<Self, RowError> {
        Ok(Self {
            database: row.text("datname")?,
            state: row.text("state")?,
            kind: row.text("backend_type")?,
            wait_class: row.text("wait_event_type")?,
            transaction: row.number("transaction")?,
            query: row.number("query")?,
            unchanged: row.number("unchanged")?,
            present: row.number("pid")?.is_some(),
        })
    }

    pub(super) fn is_client(&self) -> bool {
        self.kind == "client backend"
    }

    pub(super) fn is_idle_in_transaction(&self) -> bool {
        self.state.starts_with("idle in transaction")
    }
}

/// The greater of two, where a value that is not there counts for nothing.
pub(super) fn greater(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.max(right)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
pub(super) fn backend(columns: &[(&'static str, &'static str)]) -> Row {
    const COLUMNS: [&str; 13] = [
        "datname",
        "state",
        "usename",
        "application_name",
        "backend_type",
        "wait_event_type",
        "wait_event",
        "pid",
        "transaction",
        "query",
        "unchanged",
        "work",
        "started",
    ];
    Row::from(COLUMNS.map(|name| (name, columns.iter().find(|(column, _)| *column == name).map(|(_, value)| *value))))
}
