//! `tests/alerts_test.yml`: promtool's unit tests, made of the alerts' examples.
//!
//! A test group costs promtool a database of its own and an evaluation of every rule, so examples share groups. Two of them
//! may, if neither's alert selects a series of the other: then each alert sees exactly its own example. Those of one alert in
//! which nothing fires are one from the start, each with instances of its own.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use promql_parser::label::Matcher;
use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde::Serialize;

use super::yaml::{self, Entries};
use super::{File, Place, RenderError, rules};
use crate::checks::{self, queries};
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::duration::Duration;
use crate::spec::example::{Example, Firing, Moment};

/// Where the instance stands in a series.
const INSTANCE: &str = "instance=\"";

#[derive(Serialize)]
struct TestFile {
    rule_files: [String; 1],
    evaluation_interval: Duration,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    name: String,
    interval: Duration,
    input_series: Vec<Input>,
    #[serde(rename = "alert_rule_test")]
    moments: Vec<Expectation>,
}

#[derive(Serialize)]
struct Input {
    series: String,
    values: &'static str,
}

#[derive(Serialize)]
struct Expectation {
    eval_time: Duration,
    alertname: &'static str,
    exp_alerts: Vec<Expected>,
}

#[derive(Serialize)]
struct Expected {
    exp_labels: Entries<&'static str>,
    exp_annotations: Entries<String>,
}

/// One or more examples with what their alert looks at and what they give.
struct Case<'a> {
    alert: &'a Alert,
    reads: &'a [VectorSelector],
    gives: Vec<VectorSelector>,
    series: Vec<(String, &'static str)>,
    moments: Vec<&'a Moment>,
}

impl<'a> Case<'a> {
    fn new(alert: &'a Alert, reads: &'a [VectorSelector]) -> Self {
        Self { alert, reads, gives: Vec::new(), series: Vec::new(), moments: Vec::new() }
    }

    fn add(&mut self, example: &'a Example, rename: impl Fn(&str) -> String) {
        self.series.extend(example.series.iter().map(|(series, values)| (rename(series), *values)));
        self.gives = self.series.iter().filter_map(|(series, _)| given(series)).collect();
        self.moments.extend(&example.moments);
    }

    fn lasting(&self) -> Option<Duration> {
        self.moments.iter().map(|moment| moment.at).max()
    }
}

/// An alert's examples: each by itself, except that quiet ones are one, where instances can be told apart.
fn cases<'a>(spec: &Spec, alert: &'a Alert, reads: &'a [VectorSelector]) -> Vec<Case<'a>> {
    let apart = !alert.expr.contains("absent") && checks::keeps_label(spec, &alert.expr, "instance");
    let can_join = |example: &Example| apart && example.stays_quiet() && example.series.iter().all(|(series, _)| series.contains(INSTANCE));
    let mut quiet = Case::new(alert, reads);
    let mut cases = Vec::new();
    for (index, example) in alert.examples.iter().enumerate() {
        if can_join(example) {
            quiet.add(example, |series| series.replace(INSTANCE, &format!("{INSTANCE}{}-", index + 1)));
        } else {
            let mut case = Case::new(alert, reads);
            case.add(example, str::to_owned);
            cases.push(case);
        }
    }
    quiet.moments.sort_by_key(|moment| moment.at);
    quiet.moments.dedup_by_key(|moment| moment.at);
    cases.extend(Some(quiet).filter(|quiet| !quiet.moments.is_empty()));
    cases
}

pub(super) fn file(spec: &Spec) -> Result<File, RenderError> {
    let reads: Vec<Vec<VectorSelector>> = spec.alerts.iter().map(selectors).collect();
    let mut cases: Vec<Case<'_>> = spec.alerts.iter().zip(&reads).flat_map(|(alert, reads)| cases(spec, alert, reads)).collect();
    // The long ones first: a group takes as long as its longest example.
    cases.sort_by_key(|case| Reverse(case.lasting()));
    let mut groups: Vec<Vec<Case<'_>>> = Vec::new();
    for case in cases {
        match groups.iter_mut().find(|group| group.iter().all(|other| !meet(&case, other))) {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    let tests = groups.iter().enumerate().map(|(index, group)| test(spec, index, group)).collect();
    let content = TestFile { rule_files: [format!("../{}", rules::ALERTS)], evaluation_interval: spec.evaluation_interval, tests };
    yaml::file(Place::Set, "tests/alerts_test.yml", &content)
}

/// Whether one of the two would see what the other is given. Examples of one alert always do: what is expected of it is
/// everything that fires.
fn meet(left: &Case<'_>, right: &Case<'_>) -> bool {
    left.alert.name == right.alert.name || sees(left.reads, &right.gives) || sees(right.reads, &left.gives) || same(&left.gives, &right.gives)
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
fn selectors(alert: &Alert) -> Vec<VectorSelector> {
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

fn test(spec: &Spec, index: usize, cases: &[Case<'_>]) -> Test {
    let names: BTreeSet<&str> = cases.iter().map(|case| case.alert.name).collect();
    Test {
        name: format!("{}: {}", index + 1, names.into_iter().collect::<Vec<_>>().join(", ")),
        interval: spec.scrape_interval,
        input_series: cases.iter().flat_map(|case| &case.series).map(|(series, values)| Input { series: series.clone(), values }).collect(),
        moments: cases.iter().flat_map(|case| case.moments.iter().map(|moment| expectation(case.alert, moment))).collect(),
    }
}

fn expectation(alert: &Alert, moment: &Moment) -> Expectation {
    Expectation { eval_time: moment.at, alertname: alert.name, exp_alerts: moment.firing.iter().map(|firing| expected(alert, firing)).collect() }
}

fn expected(alert: &Alert, firing: &Firing) -> Expected {
    let own = [("severity", alert.severity.name()), ("service", alert.service.name()), ("team", alert.service.team())];
    let annotations = [
        ("summary", firing.summary.to_owned()),
        ("description", alert.description.clone()),
        ("runbook_url", alert.runbook_url()),
        ("dashboard_url", alert.dashboard_url()),
    ];
    Expected { exp_labels: own.into_iter().chain(firing.labels.iter().copied()).collect(), exp_annotations: annotations.into_iter().collect() }
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
