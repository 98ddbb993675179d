//! Which examples can share a group of tests.
//!
//! Two of them may, if neither's alert selects a series of the other: then each alert sees exactly its own example. Those
//! of one alert in which nothing fires are one from the start, each with instances, or jobs, of its own.

use promql_parser::label::Matcher;
use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};

use crate::checks::{self, queries};
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::duration::Duration;
use crate::spec::example::{Example, Moment};

/// Labels by which the examples of one alert can be told apart.
const APART: [&str; 2] = ["instance", "job"];

/// One or more examples with what their alert looks at and what they give.
pub(super) struct Case<'a> {
    pub(super) alert: &'a Alert,
    pub(super) interval: Option<Duration>,
    pub(super) series: Vec<(String, &'static str)>,
    pub(super) moments: Vec<&'a Moment>,
    reads: &'a [VectorSelector],
    gives: Vec<VectorSelector>,
}

impl<'a> Case<'a> {
    fn new(alert: &'a Alert, reads: &'a [VectorSelector]) -> Self {
        Self { alert, interval: None, series: Vec::new(), moments: Vec::new(), reads, gives: Vec::new() }
    }

    fn add(&mut self, example: &'a Example, rename: impl Fn(&str) -> String) {
        self.interval = example.interval;
        self.series.extend(example.series.iter().map(|(series, values)| (rename(series), *values)));
        self.gives = self.series.iter().filter_map(|(series, _)| given(series)).collect();
        self.moments.extend(&example.moments);
    }

    pub(super) fn lasting(&self) -> Option<Duration> {
        self.moments.iter().map(|moment| moment.at).max()
    }

    /// Whether one of the two would see what the other is given. Examples of one alert always do: what is expected of it
    /// is everything that fires.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.alert.name == other.alert.name || sees(self.reads, &other.gives) || sees(other.reads, &self.gives) || same(&self.gives, &other.gives)
    }
}

/// Some of an alert's examples, by number: each by itself, except that quiet ones are one, where they can be told apart.
pub(super) fn all<'a>(
    spec: &Spec,
    alert: &'a Alert,
    reads: &'a [VectorSelector],
    examples: impl Iterator<Item = (usize, &'a Example)>,
) -> Vec<Case<'a>> {
    let label = apart(spec, alert, reads).map(|label| format!("{label}=\""));
    let mut quiet = Case::new(alert, reads);
    let mut cases = Vec::new();
    for (index, example) in examples {
        match &label {
            Some(label) if example.stays_quiet() && example.series.iter().all(|(series, _)| series.contains(label)) => {
                quiet.add(example, |series| series.replace(label, &format!("{label}{}-", index + 1)));
            }
            _ => {
                let mut case = Case::new(alert, reads);
                case.add(example, str::to_owned);
                cases.push(case);
            }
        }
    }
    quiet.moments.sort_by_key(|moment| moment.at);
    quiet.moments.dedup_by_key(|moment| moment.at);
    cases.extend(Some(quiet).filter(|quiet| !quiet.moments.is_empty()));
    cases
}

/// The first label that the alert keeps, and of which it asks for no value.
fn apart(spec: &Spec, alert: &Alert, reads: &[VectorSelector]) -> Option<&'static str> {
    let asked = |label: &str| reads.iter().flat_map(|selector| &selector.matchers.matchers).any(|matcher| matcher.name == label);
    let absent = alert.expr.contains("absent");
    APART.into_iter().find(|label| !absent && !asked(label) && checks::keeps_label(spec, &alert.expr, label))
}

fn sees(reads: &[VectorSelector], gives: &[VectorSelector]) -> bool {
    gives.iter().any(|series| reads.iter().any(|selector| selects(selector, series)))
}

fn same(left: &[VectorSelector], right: &[VectorSelector]) -> bool {
    left.iter().any(|series| right.contains(series))
}

/// Whether a selector selects a series, which is written as a selector itself.
fn selects(selector: &VectorSelector, series: &VectorSelector) -> bool {
    let value = |matcher: &Matcher| series.matchers.matchers.iter().find(|own| own.name == matcher.name).map_or("", |own| own.value.as_str());
    selector.name == series.name && selector.matchers.matchers.iter().all(|matcher| matcher.is_match(value(matcher)))
}

fn given(series: &str) -> Option<VectorSelector> {
    match parser::parse(series) {
        Ok(Expr::VectorSelector(selector)) => Some(selector),
        _ => None,
    }
}

/// Everything that an alert looks at, in its expression and in the queries of its texts.
pub(super) fn selectors(alert: &Alert) -> Vec<VectorSelector> {
    let texts = [&alert.summary, &alert.description].into_iter().flat_map(|text| queries::of(text));
    let mut all = Selectors(Vec::new());
    for expression in [alert.expr.clone()].into_iter().chain(texts) {
        if let Ok(expression) = parser::parse(&expression) {
            let Ok(_) = walk_expr(&mut all, &expression);
        }
    }
    // A query's placeholders stand for any value.
    all.0.into_iter().map(|selector| without_empty_matchers(&selector)).collect()
}

fn without_empty_matchers(selector: &VectorSelector) -> VectorSelector {
    let mut selector = selector.clone();
    selector.matchers.matchers.retain(|matcher| !matcher.value.is_empty());
    selector
}

struct Selectors(Vec<VectorSelector>);

impl ExprVisitor for Selectors {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Self::Error> {
        match expression {
            Expr::VectorSelector(selector) => self.0.push(selector.clone()),
            Expr::MatrixSelector(matrix) => self.0.push(matrix.vs.clone()),
            _ => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(expression: &str, series: &str) -> bool {
        let mut all = Selectors(Vec::new());
        let Ok(_) = walk_expr(&mut all, &parser::parse(expression).unwrap());
        sees(&all.0, &[given(series).unwrap()])
    }

    #[test]
    fn a_selector_sees_what_its_matchers_match() {
        assert!(reads(r#"up{job="redis"} == 0"#, r#"up{job="redis",instance="a"}"#));
        assert!(reads(r#"rate(x{a!~"b|c"}[5m]) > 0"#, r#"x{a="d"}"#));
        assert!(!reads(r#"up{job="redis"} == 0"#, r#"up{job="node",instance="a"}"#));
        assert!(!reads("x > 0", "y"));
    }
}
