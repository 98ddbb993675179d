//! Every expression parses, reads what a job exposes, and means what it says.
//!
//! Each file beside this one is a check of one part of an expression, given what [`shape`] infers of it.

mod aggregation;
mod comparison;
mod counters;
mod division;
mod functions;
mod known;
mod matching;
mod offsets;
mod quantiles;
mod range;
mod regexps;
mod series;
mod shape;
mod source_labels;
mod versions;
mod walk;
mod windows;

use std::panic::Location;

use promql_parser::parser::{self, Expr};

use super::{Finding, queries};
use crate::spec::Spec;
use crate::spec::alert::Alert;

pub(super) use known::Known;
pub(super) use shape::{Shape, infer};
pub(super) use walk::{bare, walk};

/// Everything that a check of a part may ask for.
pub(super) struct Context<'a> {
    pub(super) spec: &'a Spec,
    pub(super) known: &'a Known<'a>,
}

/// What a check has to say of a part.
pub(super) struct Problem {
    rule: &'static str,
    text: String,
    /// The words to underline.
    part: String,
    remedy: String,
}

impl Problem {
    fn new(rule: &'static str, text: impl Into<String>, part: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { rule, text: text.into(), part: part.into(), remedy: remedy.into() }
    }
}

/// A check of one part, which stands in the parts above it.
type Check = fn(&Expr, &[&Expr], &Context<'_>) -> Vec<Problem>;

/// Every check of a part.
const CHECKS: [Check; 13] = [
    series::check,
    source_labels::check,
    functions::check,
    versions::check,
    counters::check,
    windows::check,
    offsets::check,
    aggregation::check,
    matching::check,
    comparison::check,
    division::check,
    quantiles::check,
    regexps::check,
];

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    let context = Context { spec, known: &known };
    let mut findings = Vec::new();
    for recording in &spec.recordings {
        findings.extend(expression(&format!("recording {}", recording.name), recording.location, &recording.expr, &context));
    }
    for alert in &spec.alerts {
        findings.extend(of_alert(alert, &context));
    }
    findings
}

fn of_alert(alert: &Alert, context: &Context<'_>) -> Vec<Finding> {
    let subject = format!("alert {}", alert.name);
    let mut findings = expression(&subject, alert.location, &alert.expr, context);
    if let Ok(parsed) = parser::parse(&alert.expr)
        && !comparison::is_condition(&parsed)
    {
        let problem = "holds whenever its series exist";
        let remedy = "compare it with a threshold";
        findings.push(Finding::new("alerts/comparison", &subject, problem, remedy).at(alert.location).underlining(&alert.expr, ""));
    }
    for query in [&alert.summary, &alert.description].into_iter().flat_map(|text| queries::of(text)) {
        findings.extend(expression(&format!("{subject}, query of a text"), alert.location, &query, context));
    }
    if let Some(query) = alert.graph() {
        findings.extend(expression(&format!("{subject}, graph"), alert.location, &query, context));
    }
    for (title, query) in alert.first_queries() {
        findings.extend(expression(&format!("{subject}, query \"{title}\""), alert.location, &query, context));
    }
    findings
}

/// What the checks of parts say of one expression.
pub(super) fn expression(subject: &str, location: &'static Location<'static>, text: &str, context: &Context<'_>) -> Vec<Finding> {
    let parsed = match parser::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let finding = Finding::new("promql/syntax", subject, format!("not PromQL: {error}"), "mend the expression");
            return vec![finding.at(location).underlining(text, "")];
        }
    };
    let mut problems = versions::of_text(text);
    walk(&parsed, &mut Vec::new(), &mut |part, above| {
        for check in CHECKS {
            problems.extend(check(part, above, context));
        }
    });
    let finding = |problem: Problem| Finding::new(problem.rule, subject, problem.text, problem.remedy).at(location).underlining(text, &problem.part);
    problems.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::alert::Page;

    /// What is said of an alert with this expression.
    pub(super) fn said_of(expression: &str) -> Vec<String> {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].expr = expression.to_owned();
            spec.alerts[0].queries = &[];
            spec.alerts[0].summary = String::new();
            spec.alerts[0].page = Page::Alerts;
            // The others take their time, and are nobody's question here.
            spec.recordings.retain(|recording| expression.contains(&recording.name));
        });
        let mut said = messages(&check(&spec));
        said.retain(|message| message.starts_with("alert "));
        said
    }

    /// The one thing that is said, without what to do.
    pub(super) fn problem_of(expression: &str) -> String {
        let said = said_of(expression);
        assert_eq!(said.len(), 1, "{said:#?}");
        let first = said[0].lines().next().unwrap_or_default();
        first.strip_prefix("alert RedisDown: ").unwrap_or(first).to_owned()
    }

    #[test]
    fn what_is_not_promql_is_found() {
        let said = said_of("sum(up");
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("alert RedisDown: not PromQL: "), "{said:?}");
        assert!(said[0].contains("\n  | sum(up\n  | ^^^^^^\n"), "{said:?}");
    }

    #[test]
    fn queries_of_texts_are_seen() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].summary = r#"{{ range printf "redis_upp{instance=%q}" $labels.instance | query }}"#.to_owned();
        });
        assert!(messages(&check(&spec))[0].starts_with("alert RedisDown, query of a text: no job exposes redis_upp"));
    }

    #[test]
    fn graphs_are_seen() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].page = Page::Graph("redis_upp");
        });
        assert!(messages(&check(&spec))[0].starts_with("alert RedisDown, graph: no job exposes redis_upp"));
    }

    #[test]
    fn metrics_inside_calls_and_parameters_are_seen() {
        let said = said_of("topk(scalar(one_x), avg_over_time(two_x[5m:1m])) unless three_x");
        assert_eq!(said.iter().filter(|said| said.contains("no job exposes")).count(), 3, "{said:#?}");
    }
}
