//! Rule files and promtool's unit tests, as far as this generator renders them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Expression;

/// Labels or annotations.
pub(crate) type Labels = BTreeMap<String, String>;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    pub(crate) groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    pub(crate) rules: Vec<Rule>,
}

/// A recording rule or an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<String>,
    pub(crate) expr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) r#for: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep_firing_for: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: Labels,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: Labels,
}

/// A file of unit tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestFile {
    pub(crate) rule_files: Vec<String>,
    pub(crate) evaluation_interval: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) group_eval_order: Vec<String>,
    pub(crate) tests: Vec<TestGroup>,
}

/// Series, and what alerts must come of them. What recording rules must give is no alert's concern, and left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TestGroup {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<String>,
    #[serde(default)]
    pub(crate) input_series: Vec<Input>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) alert_rule_test: Vec<AlertTest>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) external_labels: Labels,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_url: Option<String>,
}

/// One series with its samples.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    pub(crate) series: String,
    pub(crate) values: String,
}

/// What of one alert must fire at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertTest {
    pub(crate) eval_time: String,
    pub(crate) alertname: String,
    #[serde(default)]
    pub(crate) exp_alerts: Vec<Expected>,
}

/// One firing alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[serde(default)]
    pub(crate) exp_labels: Labels,
    #[serde(default)]
    pub(crate) exp_annotations: Labels,
}

impl Rule {
    /// What a person calls it.
    pub(crate) fn subject(&self) -> String {
        match (&self.alert, &self.record) {
            (Some(alert), _) => format!("alert {alert}"),
            (None, Some(record)) => format!("recording {record}"),
            (None, None) => "a rule without a name".to_owned(),
        }
    }

    /// Its expression, if that is `PromQL`.
    pub(crate) fn expression(&self) -> Result<Expression, String> {
        Expression::parse(&self.expr)
    }

    /// The value of its label `severity`.
    pub(crate) fn severity(&self) -> &str {
        self.labels.get("severity").map_or("", String::as_str)
    }
}
