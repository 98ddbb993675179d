//! External labels tell one Prometheus from another, and nothing else: no series has them, and texts name those that there are.

use promql_parser::parser;

use super::Finding;
use super::promql::{Known, infer};
use crate::spec::Spec;
use crate::spec::alert::Alert;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    let recordings = spec.recordings.iter().map(|recording| (format!("recording {}", recording.name), recording.location, &recording.expr));
    let alerts = spec.alerts.iter().map(|alert| (format!("alert {}", alert.name), alert.location, &alert.expr));
    let mut findings = Vec::new();
    for (subject, location, expression) in recordings.chain(alerts) {
        let Ok(expression) = parser::parse(expression) else { continue };
        let shape = infer(&expression, &known);
        for label in spec.external_labels().filter(|label| shape.possible.contains(*label)) {
            let problem = format!("its series have the label {label}, which is external as well");
            // Prometheus keeps the series' own, so the alert no longer says where it comes from.
            findings.push(Finding::new("labels/conflict", &subject, problem, "rename the external label").at(location));
        }
    }
    findings.extend(spec.alerts.iter().flat_map(|alert| of_texts(spec, alert)));
    findings
}

fn of_texts(spec: &Spec, alert: &Alert) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in [&alert.summary, &alert.description] {
        let named = text
            .split("$externalLabels.")
            .skip(1)
            .filter_map(|rest| rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next());
        for label in named.filter(|label| !spec.external_labels().any(|own| own == *label)) {
            let labels = spec.external_labels().collect::<Vec<_>>().join(", ");
            let finding = Finding::new(
                "alerts/external_labels",
                format!("alert {}", alert.name),
                format!("there is no external label {label}"),
                format!("they are {labels}"),
            );
            findings.push(finding.at(alert.location).underlining(text, &format!("$externalLabels.{label}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said(change: impl FnOnce(&mut Spec)) -> Vec<String> {
        let spec = changed(|spec| {
            spec.recordings.clear();
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            change(spec);
        });
        messages(&check(&spec))
    }

    #[test]
    fn labels_of_series_are_found() {
        let expected = "alert RedisDown: its series have the label cmd, which is external as well [labels/conflict]\n  = rename the external label";
        let said = said(|spec| {
            spec.site.external_labels.insert("cmd".to_owned(), "x".to_owned());
            spec.alerts[0].expr = "rate(redis_commands_total[5m]) > 1".to_owned();
        });
        assert_eq!(said, [expected]);
    }

    #[test]
    fn unknown_labels_in_texts_are_found() {
        let expected = "alert RedisDown: there is no external label region [alerts/external_labels]\n  | Redis in {{ $externalLabels.region }}\n  |             ^^^^^^^^^^^^^^^^^^^^^^\n  = they are cluster, environment";
        assert_eq!(said(|spec| spec.alerts[0].summary = "Redis in {{ $externalLabels.region }}".to_owned()), [expected]);
    }

    #[test]
    fn known_labels_in_texts_pass() {
        assert_eq!(said(|spec| spec.alerts[0].summary = "Redis in {{ $externalLabels.cluster }}".to_owned()), [""; 0]);
    }
}
