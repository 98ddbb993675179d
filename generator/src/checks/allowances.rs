//! Exceptions: `allow(rule, reason)` beside the thing takes its findings of that rule away. One that takes none away is
//! itself a finding.

use super::Finding;
use crate::spec::Spec;
use crate::spec::alert::Allowance;

/// What is left of the findings.
pub(super) fn apply(spec: &Spec, mut findings: Vec<Finding>) -> Vec<Finding> {
    let alerts = spec.alerts.iter().map(|alert| (format!("alert {}", alert.name), alert.location, &alert.allowed));
    let recordings = spec.recordings.iter().map(|recording| (format!("recording {}", recording.name), recording.location, &recording.allowed));
    let dashboards = spec.dashboards.iter().flat_map(|dashboard| {
        let panels = dashboard.panels.iter().map(|panel| (dashboard.panel_subject(panel), dashboard.location, &panel.allowed));
        panels.chain([(dashboard.subject(), dashboard.location, &dashboard.allowed)])
    });
    for (subject, location, allowed) in alerts.chain(recordings).chain(dashboards) {
        for Allowance { rule, reason } in allowed {
            let before = findings.len();
            findings.retain(|finding| !(finding.rule() == *rule && finding.is_about(&subject)));
            if findings.len() == before {
                let problem = format!("is excused from {rule} (\"{reason}\") and breaks no such rule");
                findings.push(Finding::new("allow/unused", &subject, problem, "take the exception out").at(location));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn finding() -> Finding {
        Finding::new("promql/series", "alert HostDown, query of a text", "odd", "mend it")
    }

    #[test]
    fn an_exception_takes_its_findings_away() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "HostDown");
            spec.alerts[0] = spec.alerts[0].clone().allow("promql/series", "since it is new");
        });
        assert_eq!(apply(&spec, vec![finding()]), []);
    }

    #[test]
    fn an_exception_that_excuses_nothing_is_found() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "HostDown");
            spec.alerts[0] = spec.alerts[0].clone().allow("promql/rate", "since it is new");
        });
        let expected =
            "alert HostDown: is excused from promql/rate (\"since it is new\") and breaks no such rule [allow/unused]\n  = take the exception out";
        assert_eq!(messages(&apply(&spec, Vec::new())), [expected]);
    }
}
