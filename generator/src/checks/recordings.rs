//! Recording rules are called `level:metric:operation`, recorded once, and after what they read.

use std::collections::BTreeMap;

use super::Finding;
use crate::spec::Spec;
use crate::spec::recordings::Recording;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expressions: BTreeMap<&str, &str> = BTreeMap::new();
    for (index, recording) in spec.recordings.iter().enumerate() {
        let name = recording.name.as_str();
        if name.split(':').count() != 3 || name.split(':').any(str::is_empty) {
            findings.push(finding("recordings/name", recording, "is not called level:metric:operation".to_owned(), "rename it"));
        }
        let (before, after) = spec.recordings.split_at_checked(index).unwrap_or_default();
        if before.iter().any(|other| other.name == name) {
            findings.push(finding("recordings/duplicate", recording, "is recorded twice".to_owned(), "rename one of them"));
        }
        if let Some(other) = expressions.insert(&recording.expr, name) {
            findings.push(finding("recordings/duplicate", recording, format!("records the same as {other}"), "read that one"));
        }
        for later in after.iter().filter(|later| reads(&recording.expr, &later.name)) {
            findings.push(finding(
                "recordings/order",
                recording,
                format!("reads {}, which is recorded later", later.name),
                "put it after what it reads",
            ));
        }
    }
    findings
}

fn reads(expression: &str, name: &str) -> bool {
    let named = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    expression.split(|letter: char| !named(letter)).any(|word| word == name)
}

fn finding(rule: &'static str, recording: &Recording, problem: String, remedy: &str) -> Finding {
    Finding::new(rule, format!("recording {}", recording.name), problem, remedy).at(recording.location)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said(recordings: &[(&str, &str)]) -> Vec<String> {
        let spec = changed(|spec| spec.recordings = recordings.iter().map(|(name, expr)| Recording::new(*name, *expr)).collect());
        messages(&check(&spec))
    }

    #[test]
    fn other_names_are_found() {
        assert_eq!(
            said(&[("redis_up_avg", "redis_up")]),
            ["recording redis_up_avg: is not called level:metric:operation [recordings/name]\n  = rename it"]
        );
    }

    #[test]
    fn duplicates_are_found() {
        let twice = said(&[("a:b:c", "redis_up"), ("a:b:c", "pg_up")]);
        assert_eq!(twice, ["recording a:b:c: is recorded twice [recordings/duplicate]\n  = rename one of them"]);
        let same = said(&[("a:b:c", "redis_up"), ("a:b:d", "redis_up")]);
        assert_eq!(same, ["recording a:b:d: records the same as a:b:c [recordings/duplicate]\n  = read that one"]);
    }

    #[test]
    fn reading_what_comes_later_is_found() {
        let said = said(&[("a:b:c", "max(a:b:d)"), ("a:b:d", "redis_up")]);
        assert_eq!(said, ["recording a:b:c: reads a:b:d, which is recorded later [recordings/order]\n  = put it after what it reads"]);
    }

    #[test]
    fn rules_in_their_order_pass() {
        assert_eq!(said(&[("a:b:d", "redis_up"), ("a:b:c", "max(a:b:d)")]), [""; 0]);
    }
}
