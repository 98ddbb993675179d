//! An inhibition speaks of alerts that exist, and silences no alert by itself.

use super::Finding;
use crate::spec::Spec;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut findings = Vec::new();
    for inhibition in &spec.inhibitions {
        let subject = format!("inhibition of {} by {}", inhibition.target, inhibition.source);
        for name in [inhibition.source, inhibition.target] {
            if !spec.alerts.iter().any(|alert| alert.name == name) {
                findings.push(Finding::new(&subject, format!("there is no alert {name}"), "name an alert of the spec"));
            }
        }
        if inhibition.source == inhibition.target {
            findings.push(Finding::new(&subject, "the alert silences itself", "name two alerts"));
        }
        if inhibition.equal.is_empty() {
            findings.push(Finding::new(&subject, "one instance would silence all others", "say in which labels the two must be equal"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    #[test]
    fn alerts_that_do_not_exist_are_found() {
        let spec = changed(|spec| spec.inhibitions[0].source = "RedisGone");
        assert_eq!(messages(&check(&spec)), ["inhibition of TargetDown by RedisGone: there is no alert RedisGone\n  = name an alert of the spec"]);
    }

    #[test]
    fn alerts_that_silence_themselves_are_found() {
        let spec = changed(|spec| spec.inhibitions[0].source = "TargetDown");
        assert_eq!(messages(&check(&spec)), ["inhibition of TargetDown by TargetDown: the alert silences itself\n  = name two alerts"]);
    }

    #[test]
    fn inhibitions_of_everything_are_found() {
        let spec = changed(|spec| spec.inhibitions[0].equal = &[]);
        let expected = "inhibition of TargetDown by RedisDown: one instance would silence all others\n  = say in which labels the two must be equal";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn an_inhibition_within_an_instance_passes() {
        assert_eq!(check(&changed(|_| {})), []);
    }
}
