//! Alerts and recording rules: which come and go, and which decide otherwise than before.

use std::collections::BTreeMap;

use super::change::{Changes, Risk};
use super::duration::wait;
use crate::set::{Direction, Expression, Labels, Literal, Role, Rule, window_text};

/// Severities, the least urgent first.
const SEVERITIES: [&str; 4] = ["none", "info", "warning", "critical"];

pub(super) fn compare(old: &[Rule], new: &[Rule], changes: &mut Changes) {
    let (before, after) = (by_name(old, |rule| rule.alert.as_ref()), by_name(new, |rule| rule.alert.as_ref()));
    for (name, rule) in &before {
        match after.get(name) {
            None => changes.add(Risk::Quieter, "the alert is gone", *name),
            Some(now) => alert(name, rule, now, changes),
        }
    }
    for (name, rule) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let lasting = rule.r#for.as_deref().unwrap_or("0s");
        changes.add(Risk::Louder, format!("a new alert, {} after {lasting}", rule.severity()), *name);
    }
    recordings(old, new, changes);
}

fn by_name<'a>(rules: &'a [Rule], name: impl Fn(&'a Rule) -> Option<&'a String>) -> BTreeMap<&'a str, &'a Rule> {
    rules.iter().filter_map(|rule| Some((name(rule)?.as_str(), rule))).collect()
}

fn alert(name: &str, old: &Rule, new: &Rule, changes: &mut Changes) {
    let (before, after) = (old.r#for.as_deref().unwrap_or("0s"), new.r#for.as_deref().unwrap_or("0s"));
    match wait(before, after) {
        Some(Risk::Louder) => changes.add(Risk::Louder, format!("fires earlier, after {after} instead of {before}"), name),
        Some(risk) => changes.add(risk, format!("fires later, after {after} instead of {before}"), name),
        None => {}
    }
    severity(name, old.severity(), new.severity(), changes);
    for (label, before, after) in differences(&old.labels, &new.labels).filter(|(label, ..)| *label != "severity") {
        changes.add(Risk::Different, format!("label {label} is {} instead of {}", text(after), text(before)), name);
    }
    for (annotation, ..) in differences(&old.annotations, &new.annotations) {
        changes.add(Risk::Words, format!("another {annotation}"), name);
    }
    condition(name, &old.expr, &new.expr, changes);
}

fn severity(name: &str, before: &str, after: &str, changes: &mut Changes) {
    let rank = |severity: &str| SEVERITIES.iter().position(|known| *known == severity);
    let risk = match rank(after).cmp(&rank(before)) {
        _ if before == after => return,
        std::cmp::Ordering::Less => Risk::Quieter,
        std::cmp::Ordering::Equal => Risk::Different,
        std::cmp::Ordering::Greater => Risk::Louder,
    };
    changes.add(risk, format!("{after} instead of {before}"), name);
}

/// Labels or annotations that are not the same on both sides.
fn differences<'a>(old: &'a Labels, new: &'a Labels) -> impl Iterator<Item = (&'a str, Option<&'a String>, Option<&'a String>)> {
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    names.map(|name| (name.as_str(), old.get(name), new.get(name))).filter(|(_, before, after)| before != after)
}

fn text(value: Option<&String>) -> &str {
    value.map_or("absent", String::as_str)
}

fn condition(name: &str, old: &str, new: &str, changes: &mut Changes) {
    if old == new {
        return;
    }
    let (Ok(before), Ok(after)) = (Expression::parse(old), Expression::parse(new)) else {
        return changes.add(Risk::Different, format!("the condition is {new} instead of {old}"), name);
    };
    if before == after {
        return changes.add(Risk::Words, "the same condition, written otherwise", name);
    }
    if before.shape() != after.shape() {
        return changes.add(Risk::Different, format!("the condition is {} instead of {}", after.text(), before.text()), name);
    }
    for (before, after) in before.literals().into_iter().zip(after.literals()).filter(|(before, after)| before != after) {
        let (risk, what) = literal(before, after);
        changes.add(risk, what, name);
    }
}

/// What another number or window in the same place means.
fn literal(before: Literal, after: Literal) -> (Risk, String) {
    match (before, after) {
        (Literal::Number(before, role), Literal::Number(after, _)) => {
            let (risk, what) = match role {
                Role::Threshold(Direction::Less) if after > before => (Risk::Quieter, "threshold"),
                Role::Threshold(Direction::Less) => (Risk::Louder, "threshold"),
                Role::Threshold(Direction::More) if after > before => (Risk::Louder, "threshold"),
                Role::Threshold(Direction::More) => (Risk::Quieter, "threshold"),
                Role::Threshold(Direction::Unknown) => (Risk::Different, "threshold"),
                Role::Parameter => (Risk::Different, "parameter"),
                Role::Plain => (Risk::Different, "value"),
            };
            (risk, format!("{what} {after} instead of {before}"))
        }
        (Literal::Window(before), Literal::Window(after)) => {
            let (risk, what) = if after > before { (Risk::Quieter, "slower") } else { (Risk::Louder, "quicker") };
            (risk, format!("{what}, over {} instead of {}", window_text(after), window_text(before)))
        }
        _ => (Risk::Different, "a number became a window".to_owned()),
    }
}

fn recordings(old: &[Rule], new: &[Rule], changes: &mut Changes) {
    let (before, after) = (by_name(old, |rule| rule.record.as_ref()), by_name(new, |rule| rule.record.as_ref()));
    for (name, rule) in &before {
        match after.get(name) {
            None => changes.add(Risk::Different, "no longer recorded", *name),
            Some(now) if rule.expression() == now.expression() && rule.labels == now.labels => {}
            Some(_) => changes.add(Risk::Different, "recorded from another expression", *name),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        changes.add(Risk::Cost, "a new recording", *name);
    }
}
