//! Every alert is shown firing and, unless it always fires, not firing: its unit tests are made of that.

use super::Finding;
use crate::spec::Spec;
use crate::spec::example::Example;
use crate::spec::severity::Severity;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut findings = Vec::new();
    for alert in &spec.alerts {
        let subject = format!("alert {}", alert.name);
        if !alert.examples.iter().any(Example::fires) {
            findings.push(Finding::new(&subject, "no example fires it", "add an example with `fires_at`"));
        }
        if alert.severity != Severity::None && !alert.examples.iter().any(Example::stays_quiet) {
            findings.push(Finding::new(&subject, "no example leaves it quiet", "add an example with nothing but `quiet_at`"));
        }
        for example in alert.examples.iter().filter(|example| example.moments.is_empty()) {
            findings.push(Finding::new(
                &subject,
                format!("the example \"{}\" expects nothing at any time", example.name),
                "say what it expects with `fires_at` or `quiet_at`",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    #[test]
    fn alerts_without_examples_are_found() {
        let spec = changed(|spec| spec.alerts[0].examples = vec![Example::new("calm", &[])]);
        let expected = [
            "alert RedisDown: no example fires it\n  = add an example with `fires_at`",
            "alert RedisDown: no example leaves it quiet\n  = add an example with nothing but `quiet_at`",
            "alert RedisDown: the example \"calm\" expects nothing at any time\n  = say what it expects with `fires_at` or `quiet_at`",
        ];
        assert_eq!(messages(&check(&spec)), expected);
    }

    #[test]
    fn what_always_fires_needs_no_quiet_example() {
        let spec = changed(|spec| spec.alerts.retain(|alert| alert.severity == Severity::None));
        assert_eq!((spec.alerts.len(), check(&spec)), (1, Vec::new()));
    }
}
