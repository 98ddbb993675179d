//! A page in the text format, as far as the tests look at it.

use std::collections::{BTreeMap, BTreeSet};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// The value of one series, written as on the page.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let value = self.text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(value.parse().unwrap())
    }

    /// Whether any series of a family is there.
    pub(crate) fn has(&self, family: &str) -> bool {
        self.families().contains_key(family)
    }

    /// Names of families with their types.
    pub(crate) fn families(&self) -> BTreeMap<&str, &str> {
        self.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
    }

    /// Label names of each sample name.
    pub(crate) fn labels(&self) -> BTreeMap<&str, BTreeSet<Vec<&str>>> {
        let mut labels: BTreeMap<&str, BTreeSet<Vec<&str>>> = BTreeMap::new();
        for line in self.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (name, pairs) = split(line);
            let mut names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            labels.entry(name).or_default().insert(names);
        }
        labels
    }

    /// Types and series, without values and volatile labels: what a golden file holds. Help texts stand in the catalogue, and
    /// of a setting its type says all.
    pub(crate) fn normalized(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for line in self.text.lines().filter(|line| !line.starts_with("# HELP") && !line.starts_with("pg_settings_")) {
            let line = if line.starts_with('#') { line.to_owned() } else { normalize(line) };
            lines.push(line);
        }
        let mut seen = BTreeSet::new();
        lines.retain(|line| seen.insert(line.clone()));
        lines.join("\n") + "\n"
    }
}

/// Labels whose values differ from run to run.
const VOLATILE: &[&str] = &[
    "server",
    "version",
    "short_version",
    "system_identifier",
    "revision",
    "rustversion",
    "datid",
    "pid",
    "wait_event",
    "wait_event_type",
    "queryid",
    "query",
    "application_name",
    "filename",
    "hashsum",
    "state",
    "phase",
    "backend_type",
];

fn normalize(line: &str) -> String {
    let (name, pairs) = split(line);
    let pairs: Vec<String> =
        pairs.iter().map(|(label, value)| if VOLATILE.contains(label) { format!("{label}=…") } else { format!("{label}=\"{value}\"") }).collect();
    format!("{name}{{{}}}", pairs.join(","))
}

/// Name and labels of a sample line; values stay escaped.
fn split(line: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((name, rest)) = line.split_once('{') else { return (line.split(' ').next().unwrap_or(line), Vec::new()) };
    let mut pairs = Vec::new();
    let mut rest = rest;
    while let Some((label, tail)) = rest.split_once("=\"") {
        let mut escaped = false;
        let end = tail
            .char_indices()
            .find(|(_, character)| {
                let ends = *character == '"' && !escaped;
                escaped = *character == '\\' && !escaped;
                ends
            })
            .map_or(tail.len(), |(position, _)| position);
        let (value, after) = tail.split_at(end);
        pairs.push((label.trim_start_matches(','), value));
        rest = after.strip_prefix('"').unwrap_or(after);
        if rest.starts_with('}') {
            break;
        }
    }
    (name, pairs)
}
