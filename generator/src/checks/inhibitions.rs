//! An inhibition speaks of alerts that exist, by labels that both have, and silences no alert by itself.

use promql_parser::parser;

use super::Finding;
use super::promql::{Known, infer};
use crate::spec::Spec;
use crate::spec::inhibition::Inhibition;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    spec.inhibitions.iter().flat_map(|inhibition| of_inhibition(spec, inhibition, &known)).collect()
}

fn of_inhibition(spec: &Spec, inhibition: &Inhibition, known: &Known<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |problem: String, remedy: &str| {
        let subject = format!("inhibition of {} by {}", inhibition.target, inhibition.source);
        findings.push(Finding::new("inhibitions/sanity", subject, problem, remedy).at(inhibition.location));
    };
    for name in [inhibition.source, inhibition.target] {
        let Some(alert) = spec.alerts.iter().find(|alert| alert.name == name) else {
            find(format!("there is no alert {name}"), "name an alert of the spec");
            continue;
        };
        let Ok(expression) = parser::parse(&alert.expr) else { continue };
        let shape = infer(&expression, known);
        for label in inhibition.equal.iter().filter(|label| !shape.can_have(label)) {
            find(format!("{name} has no label {label}"), "a label that both lack counts as equal: take one that both have");
        }
    }
    if inhibition.source == inhibition.target {
        find("the alert silences itself".to_owned(), "name two alerts");
    }
    if inhibition.equal.is_empty() {
        find("one instance would silence all others".to_owned(), "say in which labels the two must be equal");
    }
    let back = |other: &&Inhibition| other.source == inhibition.target && other.target == inhibition.source;
    if inhibition.source != inhibition.target && spec.inhibitions.iter().any(|other| back(&other)) {
        find("each of the two silences the other".to_owned(), "take one of the inhibitions out");
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said(change: impl FnOnce(&mut Inhibition)) -> Vec<String> {
        let spec = changed(|spec| {
            spec.inhibitions.retain(|inhibition| inhibition.source == "RedisDown" && inhibition.target == "TargetDown");
            change(&mut spec.inhibitions[0]);
        });
        messages(&check(&spec))
    }

    #[test]
    fn alerts_that_do_not_exist_are_found() {
        let expected = "inhibition of TargetDown by RedisGone: there is no alert RedisGone [inhibitions/sanity]\n  = name an alert of the spec";
        assert_eq!(said(|inhibition| inhibition.source = "RedisGone"), [expected]);
    }

    #[test]
    fn alerts_that_silence_themselves_are_found() {
        let expected = "inhibition of TargetDown by TargetDown: the alert silences itself [inhibitions/sanity]\n  = name two alerts";
        assert_eq!(said(|inhibition| inhibition.source = "TargetDown"), [expected]);
    }

    #[test]
    fn inhibitions_of_everything_are_found() {
        let expected = "inhibition of TargetDown by RedisDown: one instance would silence all others [inhibitions/sanity]\n  = say in which labels the two must be equal";
        assert_eq!(said(|inhibition| inhibition.equal = &[]), [expected]);
    }

    #[test]
    fn labels_that_one_of_them_lacks_are_found() {
        let said = said(|inhibition| inhibition.equal = &["mountpoint"]);
        assert!(said[0].starts_with("inhibition of TargetDown by RedisDown: RedisDown has no label mountpoint [inhibitions/sanity]"), "{said:?}");
    }

    #[test]
    fn alerts_that_silence_each_other_are_found() {
        let spec = changed(|spec| {
            spec.inhibitions.retain(|inhibition| inhibition.source == "HostDiskFull");
            let back = Inhibition { source: "HostDiskHigh", target: "HostDiskFull", ..spec.inhibitions[0].clone() };
            spec.inhibitions.push(back);
        });
        assert_eq!(check(&spec).len(), 2);
    }

    #[test]
    fn an_inhibition_within_an_instance_passes() {
        assert_eq!(said(|_| {}), [""; 0]);
    }
}
