//! Selectors that find no series: a rule that reads one of them may be waiting for something that never comes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::client::{Client, ClientError};
use crate::set::{Expression, Rule};

/// A selector without a series, and the rules that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Empty {
    selector: String,
    subjects: Vec<String>,
}

/// A target that does not answer: whatever reads its page finds nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Silent {
    job: String,
    instance: String,
}

/// A series and its value, of which only the labels count.
#[derive(Deserialize)]
struct Labelled {
    metric: Silent,
}

/// What `/api/v1/query` answers to a question for targets.
#[derive(Deserialize)]
struct Targets {
    result: Vec<Labelled>,
}

/// What `/api/v1/query` answers to an instant query.
#[derive(Deserialize)]
struct Vector {
    result: Vec<serde::de::IgnoredAny>,
}

/// Asks for each selector once.
pub(super) fn empty(rules: &[Rule], client: &Client) -> Result<Vec<Empty>, ClientError> {
    let mut empty = Vec::new();
    for (selector, subjects) in selectors(rules) {
        let found: Vector = client.prometheus("/api/v1/query", &[("query", &format!("count({selector})"))])?;
        if found.result.is_empty() {
            empty.push(Empty { selector, subjects });
        }
    }
    Ok(empty)
}

/// Asks for the targets that do not answer.
pub(super) fn silent(client: &Client) -> Result<Vec<Silent>, ClientError> {
    let targets: Targets = client.prometheus("/api/v1/query", &[("query", "up == 0")])?;
    let mut silent: Vec<Silent> = targets.result.into_iter().map(|target| target.metric).collect();
    silent.sort_by(|left, right| (&left.job, &left.instance).cmp(&(&right.job, &right.instance)));
    Ok(silent)
}

/// Every selector as it is now, whatever time a rule reads it at.
fn selectors(rules: &[Rule]) -> BTreeMap<String, Vec<String>> {
    let mut selectors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in rules {
        for mut selector in rule.expression().iter().flat_map(Expression::selectors) {
            selector.offset = None;
            selector.at = None;
            let subjects = selectors.entry(selector.to_string()).or_default();
            if !subjects.contains(&rule.subject()) {
                subjects.push(rule.subject());
            }
        }
    }
    selectors
}

impl fmt::Display for Silent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "job {}: {} does not answer, so nothing of its page is found", self.job, self.instance)
    }
}

impl fmt::Display for Empty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} finds nothing: {}", self.selector, self.subjects.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_do_not_answer_are_named() {
        let answer = r#"{"resultType": "vector", "result": [{"metric": {"__name__": "up", "job": "redis", "instance": "r:1"}, "value": [0, "0"]}]}"#;
        let targets: Targets = serde_json::from_str(answer).unwrap();
        assert_eq!(targets.result[0].metric.to_string(), "job redis: r:1 does not answer, so nothing of its page is found");
    }

    #[test]
    fn each_selector_is_asked_for_once() {
        let rule = |name: &str, expr: &str| Rule {
            record: None,
            alert: Some(name.to_owned()),
            expr: expr.to_owned(),
            r#for: None,
            keep_firing_for: None,
            labels: [].into(),
            annotations: [].into(),
        };
        let found =
            selectors(&[rule("A", "rate(x_total{a=\"b\"}[5m] offset 1w) > 0 or absent(x_total{a=\"b\"})"), rule("B", "x_total{a=\"b\"} > up")]);
        let expected = [("up", vec!["alert B"]), ("x_total{a=\"b\"}", vec!["alert A", "alert B"])];
        assert_eq!(
            found.iter().map(|(selector, subjects)| (selector.as_str(), subjects.iter().map(String::as_str).collect())).collect::<Vec<_>>(),
            expected
        );
    }
}
