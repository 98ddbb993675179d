//! `tests/alerts_test.yml`: promtool's unit tests, made of the alerts' examples.

use serde::Serialize;

use super::yaml::{self, Entries};
use super::{File, Place, RenderError, rules};
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::duration::Duration;
use crate::spec::example::{Example, Firing, Moment};

#[derive(Serialize)]
struct TestFile {
    rule_files: [String; 1],
    evaluation_interval: Duration,
    tests: Vec<Test>,
}

/// A test of its own per example: their series must not meet.
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
    series: &'static str,
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

pub(super) fn file(spec: &Spec) -> Result<File, RenderError> {
    let tests = spec.alerts.iter().flat_map(|alert| alert.examples.iter().map(|example| test(spec, alert, example)));
    let content = TestFile { rule_files: [format!("../{}", rules::ALERTS)], evaluation_interval: spec.evaluation_interval, tests: tests.collect() };
    yaml::file(Place::Set, "tests/alerts_test.yml", &content)
}

fn test(spec: &Spec, alert: &Alert, example: &Example) -> Test {
    Test {
        name: format!("{}: {}", alert.name, example.name),
        interval: spec.scrape_interval,
        input_series: example.series.iter().map(|(series, values)| Input { series, values }).collect(),
        moments: example.moments.iter().map(|moment| expectation(alert, moment)).collect(),
    }
}

fn expectation(alert: &Alert, moment: &Moment) -> Expectation {
    Expectation { eval_time: moment.at, alertname: alert.name, exp_alerts: moment.firing.iter().map(|firing| expected(alert, firing)).collect() }
}

fn expected(alert: &Alert, firing: &Firing) -> Expected {
    let own = [("severity", alert.severity.name()), ("service", alert.service.name()), ("team", alert.service.team())];
    let annotations = [
        ("summary", firing.summary.to_owned()),
        ("description", firing.description.to_owned()),
        ("runbook_url", alert.runbook_url()),
        ("dashboard_url", alert.dashboard_url()),
    ];
    Expected { exp_labels: own.into_iter().chain(firing.labels.iter().copied()).collect(), exp_annotations: annotations.into_iter().collect() }
}
