//! Which statements are sent to a server, and who reads the answer to each.

use std::sync::OnceLock;

use tokio_postgres::Statement;

use crate::collectors::{Collector, Server};

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) server: Option<Server>,
    pub(crate) requests: Vec<Request>,
    /// The name of what tells a session its limits.
    pub(crate) limits: OnceLock<Statement>,
}

/// A statement with the positions of its readers.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) sql: String,
    pub(crate) readers: Vec<usize>,
    /// What the session calls it, once that is known.
    pub(crate) name: OnceLock<Statement>,
}

impl Plan {
    /// Collectors with the same statement share its answer.
    pub(crate) fn new(collectors: &[Box<dyn Collector>], server: Server) -> Self {
        let mut requests: Vec<Request> = Vec::new();
        for (index, collector) in collectors.iter().enumerate() {
            let Some(sql) = collector.request(&server) else { continue };
            match requests.iter_mut().find(|request| request.sql == sql) {
                Some(request) => request.readers.push(index),
                None => requests.push(Request { sql: sql.into_owned(), readers: vec![index], name: OnceLock::new() }),
            }
        }
        Self { server: Some(server), requests, limits: OnceLock::new() }
    }

    /// Another session does not know the names of this one.
    pub(crate) fn forget(&mut self) {
        self.limits.take();
        for request in &mut self.requests {
            request.name.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collectors::{self, Options};

    #[test]
    fn equal_statements_are_sent_once() {
        let collectors = collectors::all(&Options::default());
        let plan = Plan::new(&collectors, Server { version: 150_000, ..Server::default() });
        let tables = plan.requests.iter().find(|request| request.sql.contains("pg_stat_get_numscans(c.oid)")).unwrap();
        let readers: Vec<&str> = tables.readers.iter().map(|reader| collectors[*reader].name()).collect();
        assert_eq!(readers, ["stat_user_tables", "statio_user_tables", "table_size"]);
    }
}
