//! One custom query: how it is asked, and what becomes of its rows.

use std::time::Duration;

use exporter_core::{Failure, Samples};
use metric_catalogue::Definition;
use tokio::time::Instant;
use tokio_postgres::Client;

use super::{value::Usage, version::Versions};
use crate::{
    reply::{self, ReplyError},
    row::{Row, RowError},
};

/// How long a query that was refused is left alone on the same connection: what it needs may be there by then.
const RETRY: Duration = Duration::from_mins(1);

/// The server ends a query so long before the scrape ends: then the connection can be kept.
const MARGIN: Duration = Duration::from_millis(50);

/// One query, ready to be asked.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(super) sql: String,
    pub(super) cache: Duration,
    pub(super) timeout: Duration,
    pub(super) versions: Versions,
    pub(super) labels: Vec<String>,
    pub(super) values: Vec<Value>,
    pub(super) checked: bool,
    pub(super) refusal: Option<Refusal>,
    pub(super) last: Option<(Instant, Vec<Row>)>,
}

/// A column that is shown.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) column: String,
    pub(super) usage: Usage,
    pub(super) versions: Versions,
    pub(super) definition: &'static Definition,
}

/// What the server said when the query was to be explained.
#[derive(Debug)]
pub(super) struct Refusal {
    connection: u64,
    at: Instant,
    error: String,
}

impl Query {
    /// Whether this version of the server is asked.
    pub(crate) fn fits(&self, version: u32) -> bool {
        self.versions.fit(version)
    }

    /// Asks, unless the last answer is still young enough. The outer error is the connection's, the inner one the query's.
    pub(crate) async fn refresh(&mut self, client: &Client, connection: u64, deadline: Instant) -> Result<Result<(), String>, Failure> {
        if let Some(error) = self.refused(connection) {
            return Ok(Err(error));
        }
        if !self.checked {
            match answer(reply::simple(client, &self.guarded("EXPLAIN (COSTS off) ", remaining(deadline))).await)? {
                Ok(_) => self.checked = true,
                Err(error) => {
                    self.refusal = Some(Refusal { connection, at: Instant::now(), error: error.clone() });
                    return Ok(Err(error));
                }
            }
        }
        if self.last.as_ref().is_some_and(|(at, _)| at.elapsed() < self.cache) {
            return Ok(Ok(()));
        }
        let rows = answer(reply::simple(client, &self.guarded("", remaining(deadline))).await)?;
        Ok(rows.map(|rows| self.last = Some((Instant::now(), rows))))
    }

    /// Why it was refused, as long as that holds.
    fn refused(&self, connection: u64) -> Option<String> {
        let refusal = self.refusal.as_ref().filter(|refusal| refusal.connection == connection && refusal.at.elapsed() < RETRY);
        refusal.map(|refusal| refusal.error.clone())
    }

    /// The query with limits that hold for it alone, in whatever session: several statements in one message are one
    /// transaction.
    pub(super) fn guarded(&self, prefix: &str, remaining: Duration) -> String {
        // 0 would be no limit at all.
        let timeout = self.timeout.min(remaining).as_millis().max(1);
        format!(
            "SET LOCAL transaction_read_only = on; SET LOCAL lock_timeout = 50; SET LOCAL search_path = \"$user\", public; \
             SET LOCAL statement_timeout = {timeout}; {prefix}{}",
            self.sql
        )
    }

    /// Turns the last answer into samples.
    pub(crate) fn read(&self, server: &str, version: u32, samples: &mut Samples) -> Result<(), RowError> {
        for row in self.last.iter().flat_map(|(_, rows)| rows) {
            let mut labels = vec![server.into()];
            for label in &self.labels {
                labels.push(row.text(label)?);
            }
            let labels: Vec<&str> = labels.iter().map(AsRef::as_ref).collect();
            for value in self.values.iter().filter(|value| value.versions.fit(version)) {
                value.usage.send(value.definition, &value.column, &labels, row, samples)?;
            }
        }
        Ok(())
    }
}

fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now() + MARGIN)
}

/// What the server says against a query is the query's affair; anything else is the connection's.
fn answer<T>(answer: Result<T, ReplyError>) -> Result<Result<T, String>, Failure> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if error.is_lost() => Err(error.failure()),
        Err(error) => Ok(Err(error.failure().message)),
    }
}
