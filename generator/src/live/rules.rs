//! The loaded rules against ours.

use promql_parser::util::parse_duration;
use serde::Deserialize;

use crate::set::{Expression, Labels, Rule, RuleFile};

/// What `/api/v1/rules` answers.
#[derive(Debug, Deserialize)]
pub(super) struct Loaded {
    groups: Vec<LoadedGroup>,
}

#[derive(Debug, Deserialize)]
struct LoadedGroup {
    name: String,
    file: String,
    rules: Vec<LoadedRule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoadedRule {
    name: String,
    query: String,
    r#type: String,
    /// Seconds; absent on recordings.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    keep_firing_for: f64,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    health: String,
    #[serde(default)]
    last_error: String,
}

pub(super) fn differences(files: &[(String, RuleFile)], loaded: &Loaded) -> Vec<String> {
    let mut found = Vec::new();
    let ours = || files.iter().flat_map(|(path, file)| file.groups.iter().map(move |group| (path, group)));
    let same = |path: &str, name: &str, group: &LoadedGroup| {
        let directory = group.file.strip_suffix(path);
        group.name == name && directory.is_some_and(|directory| directory.is_empty() || directory.ends_with('/'))
    };
    for (path, group) in ours() {
        match loaded.groups.iter().find(|other| same(path, &group.name, other)) {
            None => found.push(format!("{path}: group {} is rendered and not loaded", group.name)),
            Some(other) => compare(path, &group.rules, &other.rules, &mut found),
        }
    }
    for other in loaded.groups.iter().filter(|other| !ours().any(|(path, group)| same(path, &group.name, other))) {
        found.push(format!("{}: group {} is loaded and not rendered", other.file, other.name));
    }
    found
}

/// Rules of a group have an order, and may have one name.
fn compare(path: &str, ours: &[Rule], loaded: &[LoadedRule], found: &mut Vec<String>) {
    let name = |rule: &Rule| rule.alert.clone().or_else(|| rule.record.clone()).unwrap_or_default();
    for rule in loaded.iter().filter(|rule| !ours.iter().any(|other| name(other) == rule.name)) {
        found.push(format!("{path}: {} is loaded and not rendered", rule.name));
    }
    for rule in ours {
        let (own, number) = (name(rule), ours.iter().filter(|other| name(other) == name(rule)).position(|other| std::ptr::eq(other, rule)));
        match loaded.iter().filter(|other| other.name == own).nth(number.unwrap_or_default()) {
            None => found.push(format!("{path}: {own} is rendered and not loaded")),
            Some(other) => {
                found.extend(parts(rule, other).filter(|(_, same)| !same).map(|(part, _)| format!("{path}: {own}: another {part} is loaded")));
                if other.health == "err" {
                    found.push(format!("{path}: {own} cannot be evaluated: {}", other.last_error));
                }
            }
        }
    }
}

/// The parts of a rule, and whether each is the same.
fn parts(ours: &Rule, loaded: &LoadedRule) -> impl Iterator<Item = (&'static str, bool)> {
    let kind = if ours.alert.is_some() { "alerting" } else { "recording" };
    let expression = |text: &str| Expression::parse(text).map_or_else(|_| text.to_owned(), |expression| expression.text());
    let seconds = |text: Option<&String>| text.and_then(|text| parse_duration(text).ok()).unwrap_or_default().as_secs_f64();
    let same_time = |ours: Option<&String>, loaded: f64| (seconds(ours) - loaded).abs() < 0.000_5;
    [
        ("kind", kind == loaded.r#type),
        ("expression", expression(&ours.expr) == expression(&loaded.query)),
        ("for", same_time(ours.r#for.as_ref(), loaded.duration)),
        ("keep_firing_for", same_time(ours.keep_firing_for.as_ref(), loaded.keep_firing_for)),
        ("set of labels", ours.labels == loaded.labels),
        ("set of annotations", ours.annotations == loaded.annotations),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(String, RuleFile)> {
        let text = "groups: [{name: g, rules: [{alert: A, expr: 'up  ==  0 # down', for: 1m, labels: {severity: info}}, {record: r, expr: up}]}]";
        vec![("a.yml".to_owned(), serde_yaml::from_str(text).unwrap())]
    }

    fn loaded(rules: &str) -> Loaded {
        serde_json::from_str(&format!(r#"{{"groups": [{{"name": "g", "file": "/etc/a.yml", "rules": {rules}}}]}}"#)).unwrap()
    }

    #[test]
    fn rules_that_mean_the_same_are_the_same() {
        let rules = r#"[{"name": "A", "query": "up == 0", "type": "alerting", "duration": 60, "labels": {"severity": "info"}, "health": "ok"},
            {"name": "r", "query": "up", "type": "recording", "health": "ok"}]"#;
        assert_eq!(differences(&files(), &loaded(rules)), [""; 0]);
    }

    #[test]
    fn each_difference_is_named() {
        let rules = r#"[{"name": "A", "query": "up == 1", "type": "alerting", "duration": 30, "labels": {}, "health": "err", "lastError": "many-to-many"},
            {"name": "B", "query": "up", "type": "alerting", "health": "ok"}]"#;
        assert_eq!(
            differences(&files(), &loaded(rules)),
            [
                "a.yml: B is loaded and not rendered",
                "a.yml: A: another expression is loaded",
                "a.yml: A: another for is loaded",
                "a.yml: A: another set of labels is loaded",
                "a.yml: A cannot be evaluated: many-to-many",
                "a.yml: r is rendered and not loaded",
            ]
        );
        let other: Loaded = serde_json::from_str(r#"{"groups": [{"name": "h", "file": "a.yml", "rules": []}]}"#).unwrap();
        assert_eq!(differences(&files(), &other), ["a.yml: group g is rendered and not loaded", "a.yml: group h is loaded and not rendered"]);
    }
}
