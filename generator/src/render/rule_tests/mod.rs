//! `tests/`: promtool's unit tests, made of the alerts' examples, a file for each service.
//!
//! Promtool evaluates every rule of a file at every step of every group of its tests, and a group costs as much as forty
//! evaluations. So a file loads the rules of its service only (`tests/rules/`, the same as those in `alert_rules.yml`),
//! examples share groups, and an alert whose examples are long has a file of its own. What takes hours has longer steps.

mod case;
mod recordings;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::Serialize;

use super::yaml::{self, Entries};
use super::{File, Place, RenderError, rules};
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::duration::Duration;
use crate::spec::example::{Example, Firing, Moment};
use case::Case;

#[derive(Serialize)]
struct TestFile<T> {
    rule_files: [String; 1],
    evaluation_interval: Duration,
    tests: Vec<T>,
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

/// An alert whose examples take more evaluations than this is tested by itself, so that the many with short ones are not
/// evaluated all that time.
const LONG: u64 = 80;

/// Where an alert's examples are tested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Short,
    Long,
    /// At steps of minutes, for hours.
    Coarse,
}

impl Pace {
    fn of(spec: &Spec, alert: &Alert, example: &Example) -> Self {
        let fine = alert.examples.iter().filter(|example| example.interval.is_none());
        match fine.filter_map(Example::lasting).max() {
            _ if example.interval.is_some() => Self::Coarse,
            Some(longest) if longest > spec.evaluation_interval.times(LONG) => Self::Long,
            _ => Self::Short,
        }
    }
}

pub(super) fn files(spec: &Spec) -> Result<Vec<File>, RenderError> {
    let services: BTreeSet<&str> = spec.alerts.iter().map(|alert| alert.service.name()).collect();
    let mut files = Vec::new();
    for service in services {
        let alerts: Vec<&Alert> = spec.alerts.iter().filter(|alert| alert.service.name() == service).collect();
        files.extend(files_of(spec, service, &alerts, Pace::Short)?);
        files.extend(files_of(spec, &format!("{service}_hours"), &alerts, Pace::Coarse)?);
    }
    for alert in &spec.alerts {
        files.extend(files_of(spec, alert.name, &[alert], Pace::Long)?);
    }
    files.extend(recordings::file(spec)?);
    Ok(files)
}

/// The tests of some alerts, and the rules that they need.
fn files_of(spec: &Spec, name: &str, alerts: &[&Alert], pace: Pace) -> Result<Vec<File>, RenderError> {
    let tested: Vec<&Alert> = alerts.iter().copied().filter(|alert| examples(spec, alert, pace).next().is_some()).collect();
    let reads: Vec<_> = tested.iter().map(|alert| case::selectors(alert)).collect();
    let mut cases: Vec<Case<'_>> =
        tested.iter().zip(&reads).flat_map(|(alert, reads)| case::all(spec, alert, reads, examples(spec, alert, pace))).collect();
    let Some(first) = cases.first() else {
        return Ok(Vec::new());
    };
    let (interval, evaluation_interval) = first.interval.map_or((spec.scrape_interval, spec.evaluation_interval), |interval| (interval, interval));
    // The long ones first: a group takes as long as its longest example.
    cases.sort_by_key(|case| Reverse(case.lasting()));
    let mut groups: Vec<Vec<Case<'_>>> = Vec::new();
    for case in cases {
        match groups.iter_mut().find(|group| group.iter().all(|other| !case.meets(other))) {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    let tests = groups.iter().enumerate().map(|(index, group)| test(interval, index, group)).collect();
    let content = TestFile { rule_files: [format!("rules/{name}.yml")], evaluation_interval, tests };
    Ok(vec![yaml::file(Place::Set, &format!("tests/{name}_test.yml"), &content)?, rules::alerts_in(&format!("tests/rules/{name}.yml"), tested)?])
}

/// An alert's examples of one pace, with their numbers.
fn examples<'a>(spec: &Spec, alert: &'a Alert, pace: Pace) -> impl Iterator<Item = (usize, &'a Example)> {
    alert.examples.iter().enumerate().filter(move |(_, example)| Pace::of(spec, alert, example) == pace)
}

fn test(interval: Duration, index: usize, cases: &[Case<'_>]) -> Test {
    let names: BTreeSet<&str> = cases.iter().map(|case| case.alert.name).collect();
    Test {
        name: format!("{}: {}", index + 1, names.into_iter().collect::<Vec<_>>().join(", ")),
        interval,
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
    use std::collections::BTreeMap;

    use crate::set::{Rule, Set};
    use crate::spec::site::Site;

    #[test]
    fn what_is_tested_is_what_is_deployed() {
        let set = Set::of(&crate::render(&Site::default()).unwrap());
        let by_name = |rules: Vec<Rule>| -> BTreeMap<String, Rule> {
            rules.into_iter().filter_map(|rule| rule.alert.clone().map(|name| (name, rule))).collect()
        };
        let deployed = by_name(set.rules().unwrap());
        let mut tested = BTreeMap::new();
        for path in set.paths().filter(|path| path.starts_with("tests/rules/")) {
            let file: crate::set::RuleFile = set.yaml(path).unwrap();
            tested.extend(by_name(file.groups.into_iter().flat_map(|group| group.rules).collect()));
        }
        assert_eq!(tested, deployed);
    }
}
