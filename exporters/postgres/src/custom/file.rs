//! The file of custom queries, from text to [`Query`].

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use exporter_core::duration;
use serde::Deserialize;

use super::{
    CustomError, SERVER,
    query::{Query, Value},
    value::Usage,
    version::Versions,
};
use crate::names::Names;

/// The family of families that parameters of the server have.
const SETTINGS: &str = "pg_settings_";

/// Said when names are used up: each change of a file may bring new ones.
const TOO_MANY: &str = "more names since the start than are kept";

/// Longest time for a query that names none: what a page can wait for.
const TIMEOUT: Duration = Duration::from_secs(5);

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
    #[serde(default)]
    metric_mapping: BTreeMap<String, f64>,
    pg_version: Option<String>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) queries: Vec<Query>,
    /// Metrics that are left out, since the exporter has a family of the same name itself.
    pub(super) clashes: Vec<String>,
}

/// Reads a file. Families that are `reserved` are the exporter's own: sums over one and the other would count all twice.
pub(super) fn parse(text: &str, names: &Names, reserved: &HashSet<&'static str>) -> Result<Parsed, CustomError> {
    let entries: BTreeMap<String, Entry> = serde_yaml::from_str(text).map_err(|error| CustomError::Malformed(first_line(&error.to_string())))?;
    let mut parsed = Parsed::default();
    for (namespace, entry) in &entries {
        let before = parsed.clashes.len();
        let query = query(namespace, entry, names, reserved, &mut parsed.clashes)?;
        // A query of which nothing is left need not be asked.
        if parsed.clashes.len() == before || !query.values.is_empty() {
            parsed.queries.push(query);
        }
    }
    Ok(parsed)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn query(namespace: &str, entry: &Entry, names: &Names, reserved: &HashSet<&'static str>, clashes: &mut Vec<String>) -> Result<Query, CustomError> {
    let wrong = |what: String| CustomError::Entry { namespace: namespace.to_owned(), what };
    let timeout = entry.timeout.as_deref().map_or(Ok(TIMEOUT), duration).map_err(|error| wrong(format!("timeout: {error}")))?;
    let versions = Versions::parse(entry.runonserver.as_deref().unwrap_or_default()).map_err(|error| wrong(format!("runonserver: {error}")))?;
    let columns = || entry.metrics.iter().flatten();
    let labels: Vec<String> = columns().filter(|(_, column)| column.usage == "LABEL").map(|(name, _)| name.clone()).collect();
    if let Some(label) = labels.iter().find(|label| !is_name(label) || *label == SERVER) {
        return Err(wrong(format!("found label {label:?}, expected a name of letters, digits and \"_\" other than \"server\"")));
    }
    let mut values = Vec::new();
    for (name, column) in columns() {
        let Some(value) = value(namespace, name, column, &labels, names).map_err(wrong)? else { continue };
        if reserved.contains(value.definition.name) || value.definition.name.starts_with(SETTINGS) {
            clashes.push(value.definition.name.to_owned());
        } else {
            values.push(value);
        }
    }
    let name = names.text(namespace).ok_or_else(|| wrong(TOO_MANY.to_owned()))?;
    let sql = entry.query.trim().trim_end_matches(';').to_owned();
    let cache = Duration::from_secs(entry.cache_seconds);
    Ok(Query { name, sql, cache, timeout, versions, labels, values, checked: false, refusal: None, last: None })
}

fn value(namespace: &str, name: &str, column: &Column, labels: &[String], names: &Names) -> Result<Option<Value>, String> {
    let usage = Usage::parse(&column.usage, column.metric_mapping.clone()).map_err(|error| format!("{name}: {error}"))?;
    let Some(usage) = usage else { return Ok(None) };
    let versions = Versions::parse(column.pg_version.as_deref().unwrap_or_default()).map_err(|error| format!("{name}: pg_version: {error}"))?;
    let family = format!("{namespace}_{name}{}", usage.suffix());
    if !is_name(&family) {
        return Err(format!("found metric {family:?}, expected letters, digits and \"_\""));
    }
    let help = column.description.as_deref().filter(|help| !help.trim().is_empty()).unwrap_or("Custom query");
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let labels: Vec<&str> = std::iter::once(SERVER).chain(labels.iter().map(String::as_str)).collect();
    let definition = names.definition(&family, &help, usage.kind(), &labels).ok_or_else(|| TOO_MANY.to_owned())?;
    Ok(Some(Value { column: name.to_owned(), usage, versions, definition }))
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
}

#[cfg(test)]
mod tests {
    use exporter_core::Samples;
    use tokio::time::Instant;

    use super::*;
    use crate::row::Row;

    const FILE: &str = "
pg_orders:
  query: \"SELECT state, total, took, phase FROM orders;\"
  master: true
  cache_seconds: 30
  runonserver: '>=14 <17'
  timeout: 2s
  metrics:
    - state: {usage: LABEL}
    - total: {usage: COUNTER, description: Orders by state}
    - took: {usage: DURATION}
    - noise: {usage: DISCARD}
    - phase: {usage: MAPPEDMETRIC, metric_mapping: {open: 0, closed: 1}}
    - later: {usage: GAUGE, pg_version: '>=16'}
";

    fn queries(text: &str) -> Vec<Query> {
        parse(text, &Names::default(), &HashSet::new()).unwrap().queries
    }

    fn text(query: &Query) -> String {
        let mut samples = Samples::default();
        query.read("db:5432", 150_000, &mut samples).unwrap();
        samples.text()
    }

    #[test]
    fn file_of_upstream_is_read() {
        let queries = queries(FILE);
        let query = &queries[0];
        assert!(query.fits(150_004) && !query.fits(170_000) && !query.fits(130_001));
        assert_eq!(query.cache, Duration::from_secs(30));
        assert!(
            query.guarded("", Duration::from_mins(1)).ends_with("SET LOCAL statement_timeout = 2000; SELECT state, total, took, phase FROM orders")
        );
    }

    #[test]
    fn own_families_are_left_out() {
        let file = "
pg_locks:
  query: SELECT 1
  metrics: [{count: {usage: GAUGE}}]
pg_mixed:
  query: SELECT 1
  metrics: [{size: {usage: GAUGE}}, {mine: {usage: GAUGE}}]
pg_settings:
  query: SELECT 1
  metrics: [{port: {usage: GAUGE}}]
";
        let parsed = parse(file, &Names::default(), &["pg_locks_count", "pg_mixed_size"].into()).unwrap();
        assert_eq!(parsed.clashes, ["pg_locks_count", "pg_mixed_size", "pg_settings_port"]);
        let left: Vec<&str> = parsed.queries.iter().flat_map(|query| &query.values).map(|value| value.definition.name).collect();
        assert_eq!(left, ["pg_mixed_mine"]);
        assert_eq!(parsed.queries.len(), 1);
    }

    #[test]
    fn guard_holds_in_any_session() {
        let guarded = queries(FILE)[0].guarded("", Duration::from_millis(700));
        for setting in ["transaction_read_only = on", "lock_timeout = 50", "statement_timeout = 700"] {
            assert!(guarded.contains(&format!("SET LOCAL {setting};")), "{guarded}");
        }
        assert!(queries(FILE)[0].guarded("", Duration::ZERO).contains("statement_timeout = 1;"));
    }

    #[test]
    fn rows_become_samples() {
        let mut queries = queries(FILE);
        let row = |phase| Row::from([("state", Some("new")), ("total", Some("5")), ("took", Some("1.5s")), ("phase", phase)]);
        queries[0].last = Some((Instant::now(), vec![row(Some("closed"))]));
        let total = "pg_orders_total{server=\"db:5432\",state=\"new\"} 5\npg_orders_took_milliseconds{server=\"db:5432\",state=\"new\"} 1500\n";

        assert_eq!(text(&queries[0]), format!("{total}pg_orders_phase{{server=\"db:5432\",state=\"new\"}} 1\n"));

        queries[0].last = Some((Instant::now(), vec![row(Some("unheard of"))]));
        assert_eq!(text(&queries[0]), total);
    }

    #[test]
    fn histogram_comes_from_four_columns() {
        let file = "pg_wait:\n  query: SELECT 1\n  metrics:\n    - seconds: {usage: HISTOGRAM, description: Waits}\n";
        let mut queries = queries(file);
        let row =
            Row::from([("seconds", Some("{0.1,1}")), ("seconds_bucket", Some("{3,5}")), ("seconds_sum", Some("4.5")), ("seconds_count", Some("6"))]);
        queries[0].last = Some((Instant::now(), vec![row]));

        assert_eq!(
            text(&queries[0]),
            "pg_wait_seconds_bucket{server=\"db:5432\",le=\"0.1\"} 3\npg_wait_seconds_bucket{server=\"db:5432\",le=\"1.0\"} 5\n\
             pg_wait_seconds_bucket{server=\"db:5432\",le=\"+Inf\"} 6\npg_wait_seconds_sum{server=\"db:5432\"} 4.5\n\
             pg_wait_seconds_count{server=\"db:5432\"} 6\n"
        );
    }

    #[test]
    fn reload_keeps_what_is_unchanged() {
        let names = Names::default();
        let read = || parse(FILE, &names, &HashSet::new()).unwrap().queries;
        assert!(std::ptr::eq(read()[0].values[0].definition, read()[0].values[0].definition));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| parse(text, &Names::default(), &HashSet::new()).unwrap_err().to_string();
        assert!(error("a: {query: x, metrics: [{b: {usage: GAUGES}}]}").contains("a: b: found usage \"GAUGES\""));
        assert!(error("a: {query: x, metrics: [], runonserver: new}").contains("runonserver"));
        assert!(error("a: {query: x, metrics: [{b: {usage: GAUGE, pg_version: new}}]}").contains("b: pg_version"));
        assert!(error("a: {queries: x}").starts_with("is not a file of queries"));
        assert!(error("a: {query: x, metrics: [{server: {usage: LABEL}}]}").contains("server"));
        assert!(error("a: {query: x, metrics: [{'b c': {usage: GAUGE}}]}").contains("a_b c"));
    }
}
