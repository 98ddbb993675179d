//! Plans between two renderings of which one was changed by hand.

use super::*;
use crate::write::{Destination, replace};

/// What a plan says of a change to a file of the earlier set.
fn planned(path: &str, from: &str, to: &str) -> Vec<(Risk, String)> {
    let directory = tempfile::tempdir().unwrap();
    let files = crate::render(&Site::default()).unwrap();
    replace(&files, &Destination::set(directory.path())).unwrap();
    let file = directory.path().join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{path} holds no {from}");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    let plan = compare(&Site::default(), &files, directory.path()).unwrap();
    Risk::ALL.into_iter().flat_map(|risk| plan.of(risk).map(move |line| (risk, line)).collect::<Vec<_>>()).collect()
}

fn one(risk: Risk, line: &str) -> Vec<(Risk, String)> {
    vec![(risk, line.to_owned())]
}

/// What stands in the rules of one alert before and after a text.
fn rule(text: &str) -> String {
    format!("  - alert: TargetDown\n{text}")
}

#[test]
fn the_same_rendering_changes_nothing() {
    assert_eq!(planned("prometheus.yml", "global:", "global:"), []);
}

#[test]
fn another_wait_is_earlier_or_later() {
    let lasting = |lasting: &str| rule(&format!("    expr: up{{job!=\"node\"}} == 0\n    for: {lasting}\n"));
    let planned = |earlier: &str| planned("alert_rules.yml", &lasting("1m"), &lasting(earlier));
    assert_eq!(planned("30s"), one(Risk::Quieter, "TargetDown: fires later, after 1m instead of 30s"));
    assert_eq!(planned("5m"), one(Risk::Louder, "TargetDown: fires earlier, after 1m instead of 5m"));
    assert_eq!(planned("60s"), []);
}

#[test]
fn another_condition_is_shown() {
    let with = |expr: &str| rule(&format!("    expr: {expr}\n"));
    let planned = |expr: &str| planned("alert_rules.yml", &with(r#"up{job!="node"} == 0"#), &with(expr));
    let other = r#"TargetDown: the condition is up{job!="node"} == 0 instead of up{job!="node"} != 0"#;
    assert_eq!(planned(r#"up{job!="node"} != 0"#), one(Risk::Different, other));
    assert_eq!(planned(r#"up{job!="node"} == 1"#), one(Risk::Different, "TargetDown: threshold 0 instead of 1"));
    assert_eq!(planned(r#"up{job!="node"}    ==   0"#), one(Risk::Words, "TargetDown: the same condition, written otherwise"));
}

#[test]
fn thresholds_have_a_direction() {
    let said = |before: &str, after: &str| {
        let rule = |expr: &str| crate::set::Rule {
            record: None,
            alert: Some("A".to_owned()),
            expr: expr.to_owned(),
            r#for: None,
            keep_firing_for: None,
            labels: [].into(),
            annotations: [].into(),
        };
        let mut changes = Changes::default();
        alerts::compare(&[rule(before)], &[rule(after)], &mut changes);
        Risk::ALL.into_iter().flat_map(|risk| changes.of(risk).map(move |line| (risk, line)).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(said("x > 1", "x > 2"), one(Risk::Quieter, "A: threshold 2 instead of 1"));
    assert_eq!(said("x < 1", "x < 2"), one(Risk::Louder, "A: threshold 2 instead of 1"));
    assert_eq!(said("1 > x", "2 > x"), one(Risk::Louder, "A: threshold 2 instead of 1"));
    assert_eq!(said("x / 10 > 1", "x / 5 > 1"), one(Risk::Different, "A: threshold 5 instead of 10"));
    assert_eq!(said("rate(x[5m]) > 1", "rate(x[10m]) > 1"), one(Risk::Quieter, "A: slower, over 10m instead of 5m"));
}

#[test]
fn routes_and_inhibitions_are_compared_by_what_they_do() {
    let said = planned("alertmanager.yml", "repeat_interval: 5m", "repeat_interval: 1m");
    assert!(said.iter().all(|(risk, line)| *risk == Risk::Quieter && line.ends_with("told again after 5m instead of 1m")), "{said:?}");
    assert!(!said.is_empty());
    let said = planned("alertmanager.yml", "alertname=\"TargetDown\"", "alertname=\"Other\"");
    assert_eq!(said.iter().map(|(risk, _)| *risk).collect::<Vec<_>>(), [Risk::Quieter, Risk::Louder], "{said:?}");
}

#[test]
fn scrapes_are_compared() {
    assert_eq!(
        planned("prometheus.yml", "scrape_interval: 15s", "scrape_interval: 5s"),
        one(Risk::Quieter, "every job: scraped every 15s instead of 5s")
    );
    assert_eq!(
        planned("prometheus.yml", "- prometheus:9090", "- prometheus:9090\n    - other:9090"),
        one(Risk::Quieter, "job prometheus: other:9090 is no longer scraped")
    );
    assert_eq!(
        planned("prometheus.yml", "sample_limit: 20000", "sample_limit: 30000"),
        one(Risk::Quieter, "job prometheus: sample_limit 20000 instead of 30000")
    );
}

#[test]
fn new_series_cost_and_new_words_do_not() {
    assert_eq!(
        planned("METRICS.md", "| `redis_up` ", "| `redis_upp` "),
        [(Risk::Different, "redis_upp: series no longer exposed".to_owned()), (Risk::Cost, "redis_up: series added".to_owned())]
    );
    assert_eq!(planned("runbooks/RedisDown.md", "# ", "## "), one(Risk::Words, "runbooks/RedisDown.md: another text"));
}

#[test]
fn rules_that_come_and_go_are_named() {
    let said = planned("alert_rules.yml", "alert: TargetDown", "alert: TargetGone");
    assert_eq!(
        said,
        [(Risk::Quieter, "TargetGone: the alert is gone".to_owned()), (Risk::Louder, "TargetDown: a new alert, warning after 1m".to_owned())]
    );
}

#[test]
fn the_estimate_has_every_job() {
    let directory = tempfile::tempdir().unwrap();
    let files = crate::render(&Site::default()).unwrap();
    replace(&files, &Destination::set(directory.path())).unwrap();
    let text = compare(&Site::default(), &files, directory.path()).unwrap().to_string();
    for word in ["job ", "prometheus ", "redis ", "recordings ", " series, ", "samples per second", "of memory", "of disk for 30 days"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
