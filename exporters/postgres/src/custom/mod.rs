//! Custom queries from a YAML file, in the form that the upstream exporter reads.
//!
//! The file is read again when it changes; one that is wrong leaves the queries of before in use. A query is explained once
//! before it is first asked, so that a mistake shows at once and under its name.

use std::{
    collections::HashSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use exporter_core::Samples;
use metric_catalogue::postgres::compat;
use tracing::{info, warn};

mod file;
mod query;
mod value;
mod version;

use file::{Parsed, parse};
pub(crate) use query::Query;

use crate::names::Names;

/// The label that tells which server a custom query was asked of.
const SERVER: &str = "server";

/// Why the file is not taken. Names the place in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CustomError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is not YAML, or not of this form.
    #[error("is not a file of queries: {0}")]
    Malformed(String),
    /// An entry holds something that cannot be used.
    #[error("{namespace}: {what}")]
    Entry {
        /// The entry.
        namespace: String,
        /// What is wrong with it.
        what: String,
    },
}

/// A file of custom queries.
#[derive(Debug)]
pub(crate) struct Custom {
    path: PathBuf,
    server: String,
    modified: Option<SystemTime>,
    hash: String,
    error: bool,
    parsed: Parsed,
    names: Arc<Names>,
    /// Families that the exporter sends itself.
    reserved: HashSet<&'static str>,
}

impl Custom {
    /// A file that is read when it is first needed.
    pub(crate) fn new(path: PathBuf, server: &str, names: Arc<Names>, reserved: HashSet<&'static str>) -> Self {
        let (server, hash, parsed) = (server.to_owned(), String::new(), Parsed::default());
        Self { path, server, modified: None, hash, error: false, parsed, names, reserved }
    }

    /// The queries of the file as it is now.
    pub(crate) fn queries(&mut self) -> &mut [Query] {
        let modified = fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        if modified.is_none() || modified != self.modified {
            self.modified = modified;
            self.load();
        }
        &mut self.parsed.queries
    }

    fn load(&mut self) {
        let text = fs::read_to_string(&self.path).map_err(CustomError::from);
        let loaded = text.and_then(|text| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            Ok((parse(&text, &self.names, &self.reserved)?, format!("{:016x}", hasher.finish())))
        });
        match loaded {
            Ok((parsed, hash)) => {
                info!(file = %self.path.display(), queries = parsed.queries.len(), "Custom queries are loaded");
                if !parsed.clashes.is_empty() {
                    warn!(file = %self.path.display(), metrics = parsed.clashes.join(" "), "Custom metrics are left out: the exporter has them itself");
                }
                (self.parsed, self.hash, self.error) = (parsed, hash, false);
            }
            Err(error) => {
                if !self.error {
                    warn!(file = %self.path.display(), %error, "Custom queries cannot be loaded");
                }
                self.error = true;
            }
        }
    }

    /// Whether the file is in use.
    pub(crate) fn describe(&self, samples: &mut Samples) {
        samples.gauge(&compat::USER_QUERIES_ERROR, [&self.path.to_string_lossy(), &self.hash], self.error);
        samples.gauge(&compat::USER_QUERIES_CLASHES, [], self.parsed.clashes.len());
    }

    /// The name of the server for the label.
    pub(crate) fn server(&self) -> String {
        self.server.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_file_leaves_the_queries_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("queries.yaml");
        fs::write(&path, "pg_orders:\n  query: SELECT 1 AS n\n  metrics:\n    - n: {usage: GAUGE}\n").unwrap();
        let mut custom = Custom::new(path.clone(), "db", Arc::default(), HashSet::new());
        assert_eq!(custom.queries().len(), 1);
        fs::write(&path, "a: [").unwrap();
        custom.modified = None;
        assert_eq!(custom.queries().len(), 1);
        let mut samples = Samples::default();
        custom.describe(&mut samples);
        let error = samples.text().lines().any(|line| line.starts_with("pg_exporter_user_queries_load_error") && line.ends_with(" 1"));
        assert!(error, "{}", samples.text());
    }
}
