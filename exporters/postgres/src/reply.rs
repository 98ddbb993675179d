//! Replies of the server, row by row up to a bound: whatever a statement brings, memory is not the price.

use std::{pin::pin, sync::OnceLock};

use deadpool_postgres::Object;
use exporter_core::{Failure, Reason};
use futures_util::TryStreamExt;
use tokio_postgres::{Client, Error, RowStream, SimpleQueryMessage, Statement, error::SqlState, types::ToSql, types::Type};

use crate::{
    failure::{failure, is_lost},
    row::Row,
};

/// Most rows of a statement of ours. Tables and indexes have a row each; ten times the largest database that is measured.
const ROWS: usize = 100_000;

/// Most rows of a custom query.
const CUSTOM_ROWS: usize = 10_000;

/// Most bytes of a reply: 100,000 tables take about 50 MB.
const BYTES: usize = 64 << 20;

/// Why there is no reply, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplyError {
    /// What the driver or the server says.
    #[error(transparent)]
    Driver(#[from] Error),
    /// It is larger than anybody here takes.
    #[error("the reply has more than {0} rows or {BYTES} bytes")]
    TooLarge(usize),
}

impl ReplyError {
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Driver(error) => failure(error),
            Self::TooLarge(_) => Failure::new(Reason::TooLarge, self),
        }
    }

    /// Whether nothing more will come over this connection.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Driver(error) if is_lost(error))
    }

    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Driver(error) => error.code(),
            Self::TooLarge(_) => None,
        }
    }
}

/// Rows as they come in, as long as there is room.
#[derive(Debug)]
struct Bounded {
    rows: Vec<Row>,
    most: usize,
    bytes: usize,
}

impl Bounded {
    const fn new(most: usize) -> Self {
        Self { rows: Vec::new(), most, bytes: 0 }
    }

    fn push(&mut self, row: Row, bytes: usize) -> Result<(), ReplyError> {
        self.bytes += bytes;
        if self.rows.len() >= self.most || self.bytes > BYTES {
            return Err(ReplyError::TooLarge(self.most));
        }
        self.rows.push(row);
        Ok(())
    }
}

/// Asks by a statement that the session keeps under a name, which is found out the first time.
pub(crate) async fn prepared(link: &Object, sql: &str, name: &OnceLock<Statement>, parameter: Option<&String>) -> Result<Vec<Row>, ReplyError> {
    let statement = if let Some(statement) = name.get() {
        statement
    } else {
        let prepared = link.prepare_cached(sql).await?;
        name.get_or_init(|| prepared)
    };
    gather(link.query_raw(statement, parameter).await?).await
}

/// Asks by a statement without a name.
pub(crate) async fn unnamed(client: &Client, sql: &str) -> Result<Vec<Row>, ReplyError> {
    gather(client.query_typed_raw(sql, std::iter::empty::<(&str, Type)>()).await?).await
}

/// As [`unnamed`], with a parameter.
pub(crate) async fn typed<P: ToSql + Sync>(client: &Client, sql: &str, parameter: &P, kind: Type) -> Result<Vec<Row>, ReplyError> {
    gather(client.query_typed_raw(sql, [(parameter, kind)]).await?).await
}

async fn gather(stream: RowStream) -> Result<Vec<Row>, ReplyError> {
    let mut stream = pin!(stream);
    let mut found = Bounded::new(ROWS);
    while let Some(row) = stream.try_next().await? {
        let bytes = row.raw_size_bytes();
        found.push(Row::Live(row), bytes)?;
    }
    Ok(found.rows)
}

/// Asks a text of several statements, all values as text.
pub(crate) async fn simple(client: &Client, sql: &str) -> Result<Vec<Row>, ReplyError> {
    let mut stream = pin!(client.simple_query_raw(sql).await?);
    let mut found = Bounded::new(CUSTOM_ROWS);
    while let Some(message) = stream.try_next().await? {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let value = |position| row.try_get(position).ok().flatten().map(ToOwned::to_owned);
        let columns: Vec<(String, Option<String>)> =
            row.columns().iter().enumerate().map(|(position, column)| (column.name().to_owned(), value(position))).collect();
        let bytes = columns.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len)).sum();
        found.push(Row::Text(columns), bytes)?;
    }
    Ok(found.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_bytes_are_bounded() {
        let mut few = Bounded::new(1);
        few.push(Row::from([]), 1).unwrap();
        let refused = few.push(Row::from([]), 1).unwrap_err();
        assert_eq!((refused.failure().reason, refused.is_lost()), (Reason::TooLarge, false));
        assert!(refused.to_string().contains("more than 1 rows"), "{refused}");
        let mut large = Bounded::new(ROWS);
        large.push(Row::from([]), BYTES).unwrap();
        assert!(large.push(Row::from([]), 1).is_err());
    }
}
