//! Custom queries from a YAML file, in the form that the upstream exporter reads.
//!
//! The file is read again when it changes; one that is wrong leaves the queries of before in use. A query is explained once
//! before it is first asked, so that a mistake shows at once and under its name.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use exporter_core::{Samples, duration};
use metric_catalogue::{Definition, Type, postgres::compat};
use serde::Deserialize;
use tokio::time::Instant;
use tokio_postgres::{Client, Error, SimpleQueryMessage};
use tracing::{info, warn};

use crate::row::{Row, RowError};

/// Longest time for a query that names none: what a page can wait for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Most rows that a query may bring onto a page.
const ROWS: usize = 10_000;

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

/// One entry of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    query: String,
    /// Upstream reads several servers and asks some queries of the first only; there is only one here.
    #[serde(default, rename = "master")]
    _master: bool,
    #[serde(default)]
    cache_seconds: u64,
    /// `>=14`, or several such conditions after each other.
    runonserver: Option<String>,
    timeout: Option<String>,
    metrics: Vec<BTreeMap<String, Column>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    usage: String,
    description: Option<String>,
}

/// A file of custom queries.
#[derive(Debug)]
pub(crate) struct Custom {
    path: PathBuf,
    server: String,
    modified: Option<SystemTime>,
    hash: String,
    error: bool,
    queries: Vec<Query>,
}

/// One query, ready to be asked.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    sql: String,
    cache: Duration,
    timeout: Duration,
    versions: Vec<(Comparison, u32)>,
    labels: Vec<String>,
    values: Vec<(String, &'static Definition)>,
    checked: Option<Result<(), String>>,
    last: Option<(Instant, Vec<Row>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Custom {
    /// A file that is read when it is first needed.
    pub(crate) fn new(path: PathBuf, server: &str) -> Self {
        Self { path, server: server.to_owned(), modified: None, hash: String::new(), error: false, queries: Vec::new() }
    }

    /// The queries of the file as it is now.
    pub(crate) fn queries(&mut self) -> &mut [Query] {
        let modified = fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        if modified.is_none() || modified != self.modified {
            self.modified = modified;
            self.load();
        }
        &mut self.queries
    }

    fn load(&mut self) {
        let text = fs::read_to_string(&self.path).map_err(CustomError::from);
        let loaded = text.and_then(|text| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            Ok((parse(&text, &self.queries)?, format!("{:016x}", hasher.finish())))
        });
        match loaded {
            Ok((queries, hash)) => {
                info!(file = %self.path.display(), queries = queries.len(), "Custom queries are loaded");
                (self.queries, self.hash, self.error) = (queries, hash, false);
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
    }

    /// The name of the server for the label.
    pub(crate) fn server(&self) -> String {
        self.server.clone()
    }
}

impl Query {
    /// Whether this version of the server is asked.
    pub(crate) fn fits(&self, version: u32) -> bool {
        self.versions.iter().all(|(comparison, bound)| {
            let order = version.cmp(bound);
            match comparison {
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Equal => order.is_eq(),
                Comparison::GreaterOrEqual => order.is_ge(),
                Comparison::Greater => order.is_gt(),
            }
        })
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
    fn guarded(&self, prefix: &str) -> String {
        format!("SET LOCAL search_path = \"$user\", public; SET LOCAL statement_timeout = {}; {prefix}{}", self.timeout.as_millis(), self.sql)
    }

    /// Turns the last answer into samples.
    pub(crate) fn read(&self, server: &str, samples: &mut Samples) -> Result<(), RowError> {
        for row in self.last.iter().flat_map(|(_, rows)| rows) {
            let mut labels = vec![server.into()];
            for label in &self.labels {
                labels.push(row.text(label)?);
            }
            let labels: Vec<&str> = labels.iter().map(AsRef::as_ref).collect();
            for (column, definition) in &self.values {
                samples.plain(definition, &labels, value(row, column, definition)?);
            }
        }
        Ok(())
    }
}

/// The value of a column; a duration may be written as Go writes it.
fn value(row: &Row, column: &str, definition: &Definition) -> Result<Option<f64>, RowError> {
    if !definition.name.ends_with("_milliseconds") {
        return row.number(column);
    }
    let text = row.text(column)?;
    Ok(match duration(&text) {
        Ok(duration) => Some(duration.as_secs_f64() * 1e3),
        Err(_) => row.number(column)?,
    })
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
    Some(Row::Text(columns.map(|(position, column)| (column.name().to_owned(), row.get(position).map(ToOwned::to_owned))).collect()))
}

fn parse(text: &str, before: &[Query]) -> Result<Vec<Query>, CustomError> {
    let entries: BTreeMap<String, Entry> = serde_yaml::from_str(text).map_err(|error| CustomError::Malformed(first_line(&error.to_string())))?;
    entries.iter().map(|(namespace, entry)| query(namespace, entry, before)).collect()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn query(namespace: &str, entry: &Entry, before: &[Query]) -> Result<Query, CustomError> {
    let wrong = |what: String| CustomError::Entry { namespace: namespace.to_owned(), what };
    let timeout = entry.timeout.as_deref().map_or(Ok(TIMEOUT), duration).map_err(|error| wrong(format!("timeout: {error}")))?;
    let versions = entry.runonserver.as_deref().map_or(Ok(Vec::new()), versions).map_err(wrong)?;
    let columns = || entry.metrics.iter().flatten();
    let labels: Vec<String> = columns().filter(|(_, column)| column.usage == "LABEL").map(|(name, _)| name.clone()).collect();
    if let Some(label) = labels.iter().find(|label| !is_name(label) || *label == SERVER) {
        return Err(wrong(format!("found label {label:?}, expected a name of letters, digits and \"_\" other than \"server\"")));
    }
    let mut values = Vec::new();
    for (name, column) in columns() {
        let (kind, suffix) = match column.usage.as_str() {
            "LABEL" | "DISCARD" => continue,
            "COUNTER" => (Type::Counter, ""),
            "GAUGE" => (Type::Gauge, ""),
            "DURATION" => (Type::Gauge, "_milliseconds"),
            other => return Err(wrong(format!("{name}: found usage {other:?}, expected one of DISCARD, LABEL, COUNTER, GAUGE, DURATION"))),
        };
        let family = format!("{namespace}_{name}{suffix}");
        if !is_name(&family) {
            return Err(wrong(format!("found metric {family:?}, expected letters, digits and \"_\"")));
        }
        let help = column.description.as_deref().filter(|help| !help.trim().is_empty()).unwrap_or("Custom query");
        values.push((name.clone(), definition(&family, help, kind, &labels, before)));
    }
    let sql = entry.query.trim().trim_end_matches(';').to_owned();
    let cache = Duration::from_secs(entry.cache_seconds);
    Ok(Query { name: constant(namespace, before), sql, cache, timeout, versions, labels, values, checked: None, last: None })
}

/// A name that lives as long as the program, as those of the catalogue do; one that is there already is used again.
fn constant(name: &str, before: &[Query]) -> &'static str {
    before.iter().map(|query| query.name).find(|known| *known == name).unwrap_or_else(|| Box::leak(name.to_owned().into_boxed_str()))
}

/// As [`constant`], for a whole definition.
fn definition(name: &str, help: &str, kind: Type, labels: &[String], before: &[Query]) -> &'static Definition {
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = |known: &&Definition| {
        known.name == name && known.help == help && known.kind == kind && known.labels.iter().skip(1).copied().eq(labels.iter().map(String::as_str))
    };
    if let Some(known) = before.iter().flat_map(|query| &query.values).map(|(_, definition)| *definition).find(fits) {
        return known;
    }
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let labels: Vec<&'static str> = std::iter::once(SERVER).chain(labels.iter().map(|label| leak(label))).collect();
    Box::leak(Box::new(Definition {
        name: leak(name),
        help: leak(&help),
        kind,
        labels: Box::leak(labels.into_boxed_slice()),
        optional: 0,
        declared_unit: None,
        upstream: false,
        source: None,
        factor: 1.0,
        bounds: &[],
        closed: &[],
    }))
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
}

/// `>=14 <17.2`: all must hold.
fn versions(text: &str) -> Result<Vec<(Comparison, u32)>, String> {
    const OPERATORS: [(&str, Comparison); 5] = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("=", Comparison::Equal),
    ];
    let condition = |text: &str| {
        let (rest, comparison) = OPERATORS.iter().find_map(|(operator, comparison)| Some((text.strip_prefix(operator)?, *comparison)))?;
        let mut parts = rest.trim_start_matches('=').trim_start_matches('v').split('.');
        let major: u32 = parts.next()?.parse().ok()?;
        let minor: u32 = parts.next().map_or(Some(0), |minor| minor.parse().ok())?;
        Some((comparison, major * 10_000 + minor))
    };
    text.split([' ', ','])
        .filter(|part| !part.is_empty())
        .map(|part| condition(part).ok_or_else(|| format!("runonserver: found {part:?}, expected >=14")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
pg_orders:
  query: \"SELECT state, total, took FROM orders;\"
  master: true
  cache_seconds: 30
  runonserver: '>=14 <17'
  timeout: 2s
  metrics:
    - state: {usage: LABEL}
    - total: {usage: COUNTER, description: Orders by state}
    - took: {usage: DURATION}
    - noise: {usage: DISCARD}
";

    #[test]
    fn file_of_upstream_is_read() {
        let queries = parse(FILE, &[]).unwrap();
        let query = &queries[0];
        assert!(query.fits(150_004) && !query.fits(170_000) && !query.fits(130_001));
        assert_eq!(query.cache, Duration::from_secs(30));
        assert!(query.guarded("").ends_with("SET LOCAL statement_timeout = 2000; SELECT state, total, took FROM orders"));
    }

    #[test]
    fn rows_become_samples() {
        let mut queries = parse(FILE, &[]).unwrap();
        let row = Row::from([("state", Some("new")), ("total", Some("5")), ("took", Some("1.5s"))]);
        queries[0].last = Some((Instant::now(), vec![row]));
        let mut samples = Samples::default();

        queries[0].read("db:5432", &mut samples).unwrap();

        assert_eq!(
            samples.text(),
            "pg_orders_total{server=\"db:5432\",state=\"new\"} 5\npg_orders_took_milliseconds{server=\"db:5432\",state=\"new\"} 1500\n"
        );
    }

    #[test]
    fn reload_keeps_what_is_unchanged() {
        let before = parse(FILE, &[]).unwrap();
        let after = parse(FILE, &before).unwrap();
        assert!(std::ptr::eq(before[0].values[0].1, after[0].values[0].1));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| parse(text, &[]).unwrap_err().to_string();
        assert!(error("a: {query: x, metrics: [{b: {usage: GAUGES}}]}").contains("a: b: found usage \"GAUGES\""));
        assert!(error("a: {query: x, metrics: [], runonserver: new}").contains("runonserver"));
        assert!(error("a: {queries: x}").starts_with("is not a file of queries"));
        assert!(error("a: {query: x, metrics: [{server: {usage: LABEL}}]}").contains("server"));
        assert!(error("a: {query: x, metrics: [{'b c': {usage: GAUGE}}]}").contains("a_b c"));
    }

    #[test]
    fn wrong_file_leaves_the_queries_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("queries.yaml");
        fs::write(&path, FILE).unwrap();
        let mut custom = Custom::new(path.clone(), "db");
        assert_eq!(custom.queries().len(), 1);
        fs::write(&path, "a: [").unwrap();
        custom.modified = None;
        assert_eq!(custom.queries().len(), 1);
        let mut samples = Samples::default();
        custom.describe(&mut samples);
        assert!(samples.text().trim_end().ends_with('1'));
    }
}
