//! What people are told: everything is there, labels survive the expression, and values have their unit.

use metric_catalogue::Unit;
use promql_parser::parser;

use super::Finding;
use super::promql::{Known, Shape, infer};
use crate::spec::Spec;
use crate::spec::alert::Alert;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    spec.alerts.iter().flat_map(|alert| of_alert(alert, &known)).collect()
}

fn of_alert(alert: &Alert, known: &Known<'_>) -> Vec<Finding> {
    let mut findings = missing(alert);
    let Ok(expression) = parser::parse(&alert.expr) else { return findings };
    let shape = infer(&expression, known);
    for text in [&alert.summary, &alert.description] {
        findings.extend(labels(alert, text, &shape));
        findings.extend(values(alert, text, &shape));
    }
    findings
}

fn missing(alert: &Alert) -> Vec<Finding> {
    let parts = [
        ("summary", alert.summary.is_empty()),
        ("description", alert.description.is_empty()),
        ("meaning", alert.meaning.is_empty()),
        ("cause", alert.causes.is_empty()),
        ("query", alert.queries.is_empty()),
        ("action", alert.actions.is_empty()),
    ];
    let mut findings: Vec<Finding> = parts
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(part, _)| {
            finding("alerts/annotation", alert, format!("has no {part}"), "write it: the notification and the runbook are made of it".to_owned())
        })
        .collect();
    if alert.summary.contains('\n') {
        findings.push(finding(
            "alerts/annotation",
            alert,
            "has a summary of several lines".to_owned(),
            "put the rest into the description".to_owned(),
        ));
    }
    findings
}

/// A label that a text names.
struct Named<'a> {
    label: &'a str,
    /// Whether the text asks for it, or for the value that tells whether it is there, around the place.
    asked_for: bool,
}

/// Labels that a text names, in the order in which it does.
fn named(text: &str) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    // What the blocks that are open ask for, the outermost first.
    let mut asked: Vec<String> = Vec::new();
    for action in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).map(str::trim) {
        match action.split_whitespace().next() {
            Some("if" | "with" | "range") => asked.push(action.to_owned()),
            // Of what is not the one value the rest of the values is left, of what is not there nothing.
            Some("else") => {
                let kept = asked.pop().filter(|condition| condition.contains("eq $value")).unwrap_or_default();
                asked.push(kept + action);
            }
            Some("end") => drop(asked.pop()),
            _ => {}
        }
        for label in labels_of(action) {
            let asked_for = asked.iter().any(|condition| condition.contains("eq $value") || labels_of(condition).any(|asked| asked == label));
            found.push(Named { label, asked_for });
        }
    }
    found
}

fn labels_of(action: &str) -> impl Iterator<Item = &str> {
    let labels = action.split("$labels.").skip(1);
    labels.map(|rest| rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or_default())
}

fn labels(alert: &Alert, text: &str, shape: &Shape) -> Vec<Finding> {
    let of_label = |Named { label, asked_for }: Named<'_>| {
        if shape.sure.contains(label) || shape.open || (shape.possible.contains(label) && asked_for) {
            return None;
        }
        let has = shape.possible.iter().cloned().collect::<Vec<_>>().join(", ");
        let (problem, remedy) = if shape.possible.contains(label) {
            (format!("not every series has the label {label}"), format!("write {{{{ with $labels.{label} }}}} around it"))
        } else {
            (format!("the expression drops the label {label}"), format!("what is left: {has}"))
        };
        Some(finding("alerts/template", alert, problem, remedy).underlining(text, &format!("$labels.{label}")))
    };
    named(text).into_iter().filter_map(of_label).collect()
}

/// Actions of a text that write the value.
fn written_values(text: &str) -> impl Iterator<Item = &str> {
    let actions = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    actions.map(str::trim).filter(|action| action.contains("$value") && !action.starts_with("if ") && !action.starts_with("else if "))
}

fn values(alert: &Alert, text: &str, shape: &Shape) -> Vec<Finding> {
    let wanted = match shape.unit {
        Some(Unit::Ratio) => Some("humanizePercentage"),
        Some(Unit::Seconds) => Some("humanizeDuration"),
        Some(Unit::Bytes) => Some("humanize1024"),
        _ => None,
    };
    let of_action = |action: &str| {
        let good = wanted.map_or(action.contains("humanize") || action.contains("printf"), |wanted| action.contains(wanted));
        let remedy = wanted.map_or_else(|| "write it with printf or humanize".to_owned(), |wanted| format!("write $value | {wanted}"));
        (!good).then(|| finding("alerts/unit", alert, "writes the value without its unit".to_owned(), remedy).underlining(text, action))
    };
    written_values(text).filter_map(of_action).collect()
}

fn finding(rule: &'static str, alert: &Alert, problem: String, remedy: String) -> Finding {
    Finding::new(rule, format!("alert {}", alert.name), problem, remedy).at(alert.location)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said(expression: &str, summary: &str) -> Vec<String> {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].expr = expression.to_owned();
            spec.alerts[0].summary = summary.to_owned();
        });
        messages(&check(&spec))
    }

    #[test]
    fn labels_that_the_expression_drops_are_found() {
        let expected = "alert RedisDown: the expression drops the label instance [alerts/template]\n  | at {{ $labels.instance }}\n  |       ^^^^^^^^^^^^^^^^\n  = what is left: job";
        assert_eq!(said("sum by (job) (redis_up) == 0", "at {{ $labels.instance }}"), [expected]);
    }

    #[test]
    fn labels_of_one_branch_only_are_found() {
        let expected = "alert RedisDown: not every series has the label instance [alerts/template]\n  | {{ $labels.instance }}\n  |    ^^^^^^^^^^^^^^^^\n  = write {{ with $labels.instance }} around it";
        let expression = r#"redis_up == 0 or absent(redis_up{job="redis"})"#;
        assert_eq!(said(expression, "{{ $labels.instance }}"), [expected]);
        assert_eq!(said(expression, "{{ with $labels.instance }}{{ $labels.instance }}{{ end }}"), [""; 0]);
    }

    #[test]
    fn a_question_excuses_what_stands_in_its_answer() {
        let expression = r#"(redis_up == 0) + 1 or absent(redis_up{job="redis"}) * 3"#;
        let asked = "{{ if eq $value 1.0 }}{{ $labels.instance }}{{ else }}none{{ end }}";
        assert_eq!(said(expression, asked), [""; 0]);
        let missing = "alert RedisDown: not every series has the label instance [alerts/template]";
        for summary in [
            "{{ if eq $value 1.0 }}one{{ end }} at {{ $labels.instance }}",
            "{{ with $labels.instance }}{{ else }}{{ $labels.instance }}{{ end }}",
            "{{ with $labels.job }}{{ $labels.instance }}{{ end }}",
        ] {
            let said = said(expression, summary);
            assert!(said.len() == 1 && said[0].starts_with(missing), "{summary}: {said:?}");
        }
    }

    #[test]
    fn summaries_of_several_lines_are_found() {
        let expected = "alert RedisDown: has a summary of several lines [alerts/annotation]\n  = put the rest into the description";
        assert_eq!(said("redis_up == 0", "one\ntwo"), [expected]);
    }

    #[test]
    fn values_without_their_unit_are_found() {
        let expected = "alert RedisDown: writes the value without its unit [alerts/unit]\n  | {{ $value }} of it\n  |    ^^^^^^\n  = write $value | humanizePercentage";
        assert_eq!(said("redis_memory_used_bytes / redis_memory_max_bytes > 0.9", "{{ $value }} of it"), [expected]);
        assert_eq!(said("redis_memory_used_bytes > 9", "{{ $value | humanize }} bytes").len(), 1);
        assert_eq!(said("redis_connected_clients > 9", "{{ $value }}").len(), 1);
    }

    #[test]
    fn missing_texts_are_found() {
        let spec = changed(|spec| {
            spec.alerts.truncate(1);
            spec.alerts[0].causes = &[];
        });
        assert_eq!(
            messages(&check(&spec)),
            ["alert HostDown: has no cause [alerts/annotation]\n  = write it: the notification and the runbook are made of it"]
        );
    }

    #[test]
    fn labels_and_values_with_their_unit_pass() {
        let summary = "{{ $labels.instance }} of {{ $labels.job }}: {{ $value | humanizePercentage }}";
        assert_eq!(said("redis_memory_used_bytes / redis_memory_max_bytes > 0.9", summary), [""; 0]);
    }
}
