//! Every metric, label and closed value of a selector is one that a job of the spec exposes.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, VectorSelector};

use super::known::{Family, Known};
use super::{Context, Problem};
use crate::spec::job::Job;

/// Labels that Prometheus adds to each series of a job.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

pub(super) fn check(part: &Expr, _above: &[&Expr], context: &Context<'_>) -> Vec<Problem> {
    match part {
        Expr::VectorSelector(selector) => of_selector(selector, context.known),
        Expr::MatrixSelector(matrix) => of_selector(&matrix.vs, context.known),
        _ => Vec::new(),
    }
}

fn of_selector(selector: &VectorSelector, known: &Known<'_>) -> Vec<Problem> {
    let Some(name) = selector.name.as_deref() else {
        return vec![Problem::new("promql/series", "a selector without a metric's name", "{", "write the name in front of the braces")];
    };
    let mut problems = Vec::new();
    if !selector.matchers.or_matchers.is_empty() {
        problems.push(Problem::new("promql/syntax", "`or` between matchers is not Prometheus' PromQL", "or", "use `or` between two selectors"));
    }
    let Some(family) = known.family(name) else {
        let remedy = match known.nearest(name) {
            Some(near) => format!("did you mean {near}? A new metric is declared in exporters/catalogue"),
            None => "a new metric is declared in exporters/catalogue".to_owned(),
        };
        problems.push(Problem::new("promql/series", format!("no job exposes {name}"), name, remedy));
        return problems;
    };
    problems.extend(selector.matchers.matchers.iter().filter_map(|matcher| of_matcher(name, &family, matcher, known)));
    problems
}

fn of_matcher(name: &str, family: &Family<'_>, matcher: &Matcher, known: &Known<'_>) -> Option<Problem> {
    let label = matcher.name.as_str();
    if label == "job" && matches!(matcher.op, MatchOp::Equal) {
        return of_job(name, family, &matcher.value, known);
    }
    if label == "job" {
        return of_jobs(name, family, matcher, known);
    }
    if TARGET_LABELS.contains(&label) {
        return None;
    }
    if !family.has_label(label, known) {
        let labels = family.labels().chain(TARGET_LABELS).collect::<Vec<_>>().join(", ");
        return Some(Problem::new("promql/label", format!("{name} has no label {label}"), label, format!("its labels are {labels}")));
    }
    let values = family.values_of(label)?;
    // A matcher of none of the values selects nothing, of all of them nothing less.
    let selected = values.iter().filter(|value| matcher.is_match(value)).count();
    match (&matcher.op, selected) {
        (MatchOp::Equal | MatchOp::Re(_), 0) => Some(Problem::new(
            "promql/value",
            format!("{label} of {name} is never {}", matcher.value),
            &matcher.value,
            format!("it is one of {}", values.join(", ")),
        )),
        (MatchOp::NotEqual | MatchOp::NotRe(_), count) if count == values.len() => Some(Problem::new(
            "promql/value",
            format!("{label} of {name} is never {} anyway", matcher.value),
            &matcher.value,
            format!("it is one of {}", values.join(", ")),
        )),
        _ => None,
    }
}

fn of_job(name: &str, family: &Family<'_>, job: &str, known: &Known<'_>) -> Option<Problem> {
    let Some(found) = known.job(job) else {
        let jobs = known.jobs().map(Job::label).collect::<Vec<_>>().join(", ");
        return Some(Problem::new("promql/value", format!("there is no job {job}"), job, format!("the jobs are {jobs}")));
    };
    let problem =
        || Problem::new("promql/value", format!("{} does not expose {name}", found.component.name), job, "name the job whose page has the metric");
    (!family.is_exposed_by(found)).then(problem)
}

/// A matcher of some of the jobs: not of none of them, and not against one that would not be there anyway.
fn of_jobs(name: &str, family: &Family<'_>, matcher: &Matcher, known: &Known<'_>) -> Option<Problem> {
    let jobs: Vec<&str> = known.jobs().filter(|job| family.is_exposed_by(job)).map(Job::label).collect();
    let selected = jobs.iter().filter(|job| matcher.is_match(job)).count();
    let problem = match (&matcher.op, selected) {
        (MatchOp::Re(_), 0) => format!("no job with {name} is called {}", matcher.value),
        (MatchOp::NotEqual | MatchOp::NotRe(_), 0) => format!("every job with {name} is called {}", matcher.value),
        (MatchOp::NotEqual | MatchOp::NotRe(_), count) if count == jobs.len() => format!("no job with {name} is called {} anyway", matcher.value),
        _ => return None,
    };
    Some(Problem::new("promql/value", problem, &matcher.value, format!("it is exposed by {}", jobs.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::super::tests::said_of;

    #[test]
    fn unknown_metrics_are_found() {
        let expected = "alert RedisDown: no job exposes redis_upp [promql/series]\n  | up == 0 or redis_upp == 0\n  |            ^^^^^^^^^\n  = did you mean redis_up? A new metric is declared in exporters/catalogue";
        assert_eq!(said_of("up == 0 or redis_upp == 0"), [expected]);
    }

    #[test]
    fn unknown_labels_are_found() {
        let expected = "alert RedisDown: redis_up has no label addr [promql/label]\n  | redis_up{addr=\"x\"} == 0\n  |          ^^^^\n  = its labels are job, instance";
        assert_eq!(said_of("redis_up{addr=\"x\"} == 0"), [expected]);
        assert_eq!(said_of("instance:redis_commands:rate5m{cmd=\"get\"} > 1").len(), 1);
    }

    #[test]
    fn values_outside_a_closed_set_are_found() {
        let said = said_of("redis_up_reason{reason=\"tired\"} == 1");
        assert!(said[0].starts_with("alert RedisDown: reason of redis_up_reason is never tired [promql/value]\n"), "{said:?}");
        let said = said_of("redis_up_reason{reason!=\"tired\"} == 1");
        assert!(said[0].starts_with("alert RedisDown: reason of redis_up_reason is never tired anyway [promql/value]\n"), "{said:?}");
    }

    #[test]
    fn unknown_and_wrong_jobs_are_found() {
        let unknown = "alert RedisDown: there is no job reddis [promql/value]\n  | up{job=\"reddis\"} == 0\n  |         ^^^^^^\n  = the jobs are prometheus, alertmanager, grafana, node, postgres, redis, celery, selextract-api";
        assert_eq!(said_of("up{job=\"reddis\"} == 0"), [unknown]);
        let wrong = "alert RedisDown: node-exporter does not expose redis_up [promql/value]\n  | redis_up{job=\"node\"} == 0\n  |               ^^^^\n  = name the job whose page has the metric";
        assert_eq!(said_of("redis_up{job=\"node\"} == 0"), [wrong]);
    }

    #[test]
    fn sets_of_jobs_are_looked_at_too() {
        let none = "alert RedisDown: no job with redis_up is called node|celery [promql/value]\n  | redis_up{job=~\"node|celery\"} == 0\n  |                ^^^^^^^^^^^\n  = it is exposed by redis";
        assert_eq!(said_of(r#"redis_up{job=~"node|celery"} == 0"#), [none]);
        let said = said_of(r#"up{job!="reddis"} == 0"#);
        assert!(said[0].starts_with("alert RedisDown: no job with up is called reddis anyway [promql/value]"), "{said:?}");
        let said = said_of(r#"redis_up{job!="redis"} == 0"#);
        assert!(said[0].starts_with("alert RedisDown: every job with redis_up is called redis [promql/value]"), "{said:?}");
        assert_eq!(said_of(r#"up{job!~"node|redis"} == 0 or up{job=~"node|redis"} == 0"#), [""; 0]);
    }

    #[test]
    fn alternatives_of_matchers_are_found() {
        let expected = "alert RedisDown: `or` between matchers is not Prometheus' PromQL [promql/syntax]\n  | redis_up{job=\"redis\" or instance=\"a\"} == 0\n  |                      ^^\n  = use `or` between two selectors";
        assert_eq!(said_of(r#"redis_up{job="redis" or instance="a"} == 0"#), [expected]);
    }

    #[test]
    fn settings_have_the_declared_labels_only() {
        let said = said_of(r#"pg_settings_max_connections{database="a"} > 1"#);
        assert!(said[0].starts_with("alert RedisDown: pg_settings_max_connections has no label database [promql/label]"), "{said:?}");
    }

    #[test]
    fn selectors_without_a_name_are_found() {
        let expected = "alert RedisDown: a selector without a metric's name [promql/series]\n  | {job=\"redis\"} == 0\n  | ^\n  = write the name in front of the braces";
        assert_eq!(said_of("{job=\"redis\"} == 0"), [expected]);
    }

    #[test]
    fn known_metrics_labels_and_values_pass() {
        assert_eq!(said_of("redis_up{job=\"redis\",instance=~\"a.*\"} == 0 and on (instance) redis_up_reason{reason=\"auth\"}"), [""; 0]);
        assert_eq!(said_of("rate(process_cpu_seconds_total{job=\"grafana\"}[5m]) > 0.5"), [""; 0]);
    }
}
