//! `prometheus.yml`, as far as a plan compares it.

use serde::Deserialize;

/// What is scraped, and how.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scraping {
    pub(crate) global: Global,
    #[serde(default)]
    pub(crate) rule_files: Vec<String>,
    #[serde(default)]
    pub(crate) scrape_configs: Vec<Scrape>,
}

/// What holds for every job that says nothing else.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Global {
    pub(crate) scrape_interval: String,
    pub(crate) scrape_timeout: String,
    pub(crate) evaluation_interval: String,
    #[serde(default)]
    pub(crate) external_labels: super::Labels,
}

/// One job.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scrape {
    pub(crate) job_name: String,
    #[serde(rename = "scrape_interval")]
    pub(crate) interval: Option<String>,
    #[serde(rename = "scrape_timeout")]
    pub(crate) timeout: Option<String>,
    pub(crate) sample_limit: Option<u64>,
    pub(crate) label_limit: Option<u64>,
    pub(crate) label_name_length_limit: Option<u64>,
    pub(crate) label_value_length_limit: Option<u64>,
    pub(crate) target_limit: Option<u64>,
    pub(crate) body_size_limit: Option<String>,
    #[serde(default)]
    static_configs: Vec<Static>,
}

#[derive(Clone, Debug, Deserialize)]
struct Static {
    #[serde(default)]
    targets: Vec<String>,
}

impl Scrape {
    /// Every `host:port`.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &str> {
        self.static_configs.iter().flat_map(|group| &group.targets).map(String::as_str)
    }

    /// What it refuses, by name; sizes as they are written.
    pub(crate) fn limits(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("sample_limit", self.sample_limit.map(|limit| limit.to_string())),
            ("label_limit", self.label_limit.map(|limit| limit.to_string())),
            ("label_name_length_limit", self.label_name_length_limit.map(|limit| limit.to_string())),
            ("label_value_length_limit", self.label_value_length_limit.map(|limit| limit.to_string())),
            ("target_limit", self.target_limit.map(|limit| limit.to_string())),
            ("body_size_limit", self.body_size_limit.clone()),
        ]
    }
}
