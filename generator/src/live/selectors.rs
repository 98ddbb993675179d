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

impl fmt::Display for Empty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} finds nothing: {}", self.selector, self.subjects.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
