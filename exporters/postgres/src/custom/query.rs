//! One custom query: how it is asked, and what becomes of its rows.

use std::time::Duration;

use exporter_core::Samples;
use metric_catalogue::Definition;
use tokio::time::Instant;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::{value::Usage, version::Versions};
use crate::row::{Row, RowError};

/// Most rows that a query may bring onto a page.
const ROWS: usize = 10_000;

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
    pub(super) checked: Option<Result<(), String>>,
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

impl Query {
    /// Whether this version of the server is asked.
    pub(crate) fn fits(&self, version: u32) -> bool {
        self.versions.fit(version)
    }

    /// Asks, unless the last answer is still young enough.
    pub(crate) async fn refresh(&mut self, client: &Client) -> Result<Result<(), String>, Error> {
        if self.checked.is_none() {
            self.checked = Some(refused(client.simple_query(&self.guarded("EXPLAIN (COSTS off) ")).await)?.map(|_| ()));
        }
        if let Some(Err(error)) = &self.checked {
            return Ok(Err(error.clone()));
        }
        if self.last.as_ref().is_some_and(|(at, _)| at.elapsed() < self.cache) {
            return Ok(Ok(()));
        }
        let answer = refused(client.simple_query(&self.guarded("")).await)?;
        Ok(answer.map(|messages| self.last = Some((Instant::now(), messages.into_iter().filter_map(row).take(ROWS).collect()))))
    }

    /// The query with limits that hold for it alone: several statements in one message are one transaction.
    pub(super) fn guarded(&self, prefix: &str) -> String {
        format!("SET LOCAL search_path = \"$user\", public; SET LOCAL statement_timeout = {}; {prefix}{}", self.timeout.as_millis(), self.sql)
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

/// What the server says against a query is the query's affair; anything else is the connection's.
fn refused<T>(answer: Result<T, Error>) -> Result<Result<T, String>, Error> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if crate::failure::is_lost(&error) => Err(error),
        Err(error) => Ok(Err(crate::failure::failure(&error).message)),
    }
}

fn row(message: SimpleQueryMessage) -> Option<Row> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let columns = row.columns().iter().enumerate();
    Some(Row::Text(
        columns.map(|(position, column)| (column.name().to_owned(), row.try_get(position).ok().flatten().map(ToOwned::to_owned))).collect(),
    ))
}
