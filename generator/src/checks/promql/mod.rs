//! Every expression parses, and every metric and label in it is one that a job of the spec exposes.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, AggregateExpr, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};

use super::Finding;
use crate::spec::Spec;
use crate::spec::job::Job;
use known::{Family, Known};

mod known;
mod queries;

/// Labels that Prometheus adds to each series of a job.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    let mut findings = Vec::new();
    for recording in &spec.recordings {
        findings.extend(Expression::new(&format!("recording {}", recording.name), &recording.expr, &known).check());
    }
    for alert in &spec.alerts {
        let subject = format!("alert {}", alert.name);
        findings.extend(Expression::new(&subject, &alert.expr, &known).check());
        for query in [&alert.summary, &alert.description].into_iter().flat_map(|text| queries::of(text)) {
            findings.extend(Expression::new(&format!("{subject}, query of a text"), &query, &known).check());
        }
    }
    findings
}

/// One expression under examination.
struct Expression<'a> {
    subject: &'a str,
    text: &'a str,
    known: &'a Known<'a>,
    findings: Vec<Finding>,
}

impl<'a> Expression<'a> {
    fn new(subject: &'a str, text: &'a str, known: &'a Known<'a>) -> Self {
        Self { subject, text, known, findings: Vec::new() }
    }

    fn check(mut self) -> Vec<Finding> {
        match parser::parse(self.text) {
            Ok(expression) => self.walk(&expression),
            Err(error) => self.find(format!("not PromQL: {error}"), "", "mend the expression"),
        }
        self.findings
    }

    fn walk(&mut self, expression: &Expr) {
        let Ok(_) = walk_expr(self, expression);
    }

    fn find(&mut self, problem: String, part: &str, remedy: impl Into<String>) {
        self.findings.push(Finding::new(self.subject, problem, remedy).underlining(self.text, part));
    }

    fn selector(&mut self, selector: &VectorSelector) {
        let Some(name) = selector.name.as_deref() else {
            return self.find("a selector without a metric's name".to_owned(), "{", "write the name in front of the braces");
        };
        if !selector.matchers.or_matchers.is_empty() {
            self.find("`or` between matchers is not Prometheus' PromQL".to_owned(), "or", "use `or` between two selectors");
        }
        let Some(family) = self.known.family(name) else {
            let remedy = match self.known.nearest(name) {
                Some(near) => format!("did you mean {near}? A new metric is declared in exporters/catalogue"),
                None => "a new metric is declared in exporters/catalogue".to_owned(),
            };
            return self.find(format!("no job exposes {name}"), name, remedy);
        };
        for matcher in &selector.matchers.matchers {
            self.matcher(name, &family, matcher);
        }
    }

    fn matcher(&mut self, name: &str, family: &Family, matcher: &Matcher) {
        let label = matcher.name.as_str();
        if label == "job" && matches!(matcher.op, MatchOp::Equal) {
            return self.job(name, family, &matcher.value);
        }
        if TARGET_LABELS.contains(&label) {
            return;
        }
        if !family.has_label(label) {
            let labels = family.labels().chain(TARGET_LABELS).collect::<Vec<_>>().join(", ");
            return self.find(format!("{name} has no label {label}"), label, format!("its labels are {labels}"));
        }
        if let (MatchOp::Equal, Some(values)) = (&matcher.op, family.values_of(label))
            && !values.contains(&matcher.value.as_str())
        {
            self.find(format!("{label} of {name} is never {}", matcher.value), &matcher.value, format!("it is one of {}", values.join(", ")));
        }
    }

    fn job(&mut self, name: &str, family: &Family, job: &str) {
        let Some(found) = self.known.job(job) else {
            let jobs = self.known.jobs().map(Job::label).collect::<Vec<_>>().join(", ");
            return self.find(format!("there is no job {job}"), job, format!("the jobs are {jobs}"));
        };
        if !family.is_exposed_by(found) {
            self.find(format!("{} does not expose {name}", found.component.name), job, "name the job whose page has the metric");
        }
    }
}

impl ExprVisitor for Expression<'_> {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Self::Error> {
        match expression {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            // The walk itself leaves out the parameter of `topk`, `quantile` and `count_values`.
            Expr::Aggregate(AggregateExpr { param: Some(parameter), .. }) => self.walk(parameter),
            _ => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;

    fn said_of(expression: &str) -> Vec<String> {
        let spec = changed(|spec| {
            spec.recordings.clear();
            spec.alerts.truncate(1);
            spec.alerts[0].expr = expression.to_owned();
        });
        messages(&check(&spec))
    }

    #[test]
    fn what_is_not_promql_is_found() {
        let said = said_of("sum(up");
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("alert RedisDown: not PromQL: "), "{said:?}");
        assert!(said[0].contains("\n  | sum(up\n  | ^^^^^^\n"), "{said:?}");
    }

    #[test]
    fn unknown_metrics_are_found() {
        let expected = "alert RedisDown: no job exposes redis_upp\n  | up == 0 or redis_upp == 0\n  |            ^^^^^^^^^\n  = did you mean redis_up? A new metric is declared in exporters/catalogue";
        assert_eq!(said_of("up == 0 or redis_upp == 0"), [expected]);
    }

    #[test]
    fn unknown_labels_are_found() {
        let expected =
            "alert RedisDown: redis_up has no label addr\n  | redis_up{addr=\"x\"} == 0\n  |          ^^^^\n  = its labels are job, instance";
        assert_eq!(said_of("redis_up{addr=\"x\"} == 0"), [expected]);
    }

    #[test]
    fn values_outside_a_closed_set_are_found() {
        let said = said_of("redis_up_reason{reason=\"tired\"} == 1");
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("alert RedisDown: reason of redis_up_reason is never tired\n"), "{said:?}");
    }

    #[test]
    fn unknown_and_wrong_jobs_are_found() {
        let unknown = "alert RedisDown: there is no job reddis\n  | up{job=\"reddis\"}\n  |         ^^^^^^\n  = the jobs are prometheus, alertmanager, grafana, node, redis";
        assert_eq!(said_of("up{job=\"reddis\"}"), [unknown]);
        let wrong = "alert RedisDown: node-exporter does not expose redis_up\n  | redis_up{job=\"node\"}\n  |               ^^^^\n  = name the job whose page has the metric";
        assert_eq!(said_of("redis_up{job=\"node\"}"), [wrong]);
    }

    #[test]
    fn selectors_without_a_name_are_found() {
        let expected = "alert RedisDown: a selector without a metric's name\n  | {job=\"redis\"}\n  | ^\n  = write the name in front of the braces";
        assert_eq!(said_of("{job=\"redis\"}"), [expected]);
    }

    #[test]
    fn queries_of_texts_are_seen() {
        let spec = changed(|spec| spec.alerts[0].summary = r#"{{ range printf "redis_upp{instance=%q}" $labels.instance | query }}"#.to_owned());
        assert!(messages(&check(&spec))[0].starts_with("alert RedisDown, query of a text: no job exposes redis_upp\n"));
    }

    #[test]
    fn metrics_inside_calls_and_parameters_are_seen() {
        assert_eq!(said_of("topk(scalar(one_x), avg_over_time(two_x[5m:1m])) unless three_x").len(), 3);
    }

    #[test]
    fn known_metrics_labels_and_values_pass() {
        assert_eq!(said_of("redis_up{job=\"redis\",instance=~\"a.*\"} == 0 and on (instance) redis_up_reason{reason=\"auth\"}"), [""; 0]);
        assert_eq!(said_of("rate(process_cpu_seconds_total{job=\"grafana\"}[5m]) > 0.5 or vector(1)"), [""; 0]);
    }
}
