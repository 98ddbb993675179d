//! Whether a running Prometheus has loaded what is rendered, and finds what its rules look for.

pub(crate) mod client;
mod configuration;
mod leaf;
mod rules;
mod selectors;

use std::fmt;

use serde::Deserialize;

use crate::render::File;
use crate::set::{PROMETHEUS, Set, SetError};
use client::{Client, ClientError};
use selectors::{Empty, Silent};

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The rendered files cannot be read back.
    #[error(transparent)]
    Set(#[from] SetError),
    /// Prometheus does not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Prometheus' configuration is not YAML.
    #[error("the configuration that {url} has loaded cannot be read: {reason}")]
    Configuration {
        /// Where Prometheus is.
        url: String,
        /// What the parser says.
        reason: String,
    },
}

/// What a running Prometheus does otherwise.
#[derive(Clone, Debug)]
pub struct Report {
    differences: Vec<String>,
    silent: Vec<Silent>,
    empty: Vec<Empty>,
}

impl Report {
    /// Whether what is loaded is what is rendered. Selectors that find nothing may be as they should: a counter of
    /// failures is often absent until the first.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(formatter, "{difference}")?;
        }
        for silent in &self.silent {
            writeln!(formatter, "{silent}")?;
        }
        for empty in &self.empty {
            writeln!(formatter, "{empty}")?;
        }
        let loaded = if self.is_ours() { "what is loaded is what is rendered" } else { "what is loaded is not what is rendered" };
        write!(formatter, "{loaded}; selectors that find nothing: {}", self.empty.len())
    }
}

/// The differences from the configuration that it should have: of several that are rendered, the one that is most like it.
fn closest(set: &Set, loaded: &serde_json::Value) -> Result<Vec<String>, SetError> {
    let mut closest = configuration::differences(PROMETHEUS, &set.yaml(PROMETHEUS)?, loaded);
    for path in set.paths().filter(|path| path.starts_with("prometheus-")) {
        let differences = configuration::differences(path, &set.yaml(path)?, loaded);
        if differences.len() < closest.len() {
            closest = differences;
        }
    }
    Ok(closest)
}

/// What `/api/v1/status/config` answers.
#[derive(Deserialize)]
struct Status {
    yaml: String,
}

/// Asks the Prometheus at `url`.
///
/// # Errors
/// When it does not answer.
pub fn compare(files: &[File], url: &str) -> Result<Report, LiveError> {
    let set = Set::of(files);
    let client = Client::new(url)?;
    let status: Status = client.prometheus("/api/v1/status/config", &[])?;
    let unreadable = |error: serde_yaml::Error| LiveError::Configuration { url: url.to_owned(), reason: error.to_string() };
    let loaded: serde_json::Value = serde_yaml::from_str(&status.yaml).map_err(unreadable)?;
    let mut differences = closest(&set, &loaded)?;
    differences.extend(rules::differences(&set.rule_files()?, &client.prometheus("/api/v1/rules", &[])?));
    Ok(Report { differences, silent: selectors::silent(&client)?, empty: selectors::empty(&set.rules()?, &client)? })
}
