//! An alert does not come and go with the order in which targets happen to be scraped, or values to be sorted.

use std::collections::BTreeSet;

use promql_parser::parser::{self, Expr};

use super::Finding;
use super::promql::{Known, bare, walk};
use crate::spec::Spec;
use crate::spec::alert::Alert;

/// What picks some series out of many: others the next time, with other labels, and so another alert.
const SAMPLING: [&str; 4] = ["topk", "bottomk", "limitk", "limit_ratio"];

/// A target's first scrape comes within one interval of Prometheus' start.
const SCRAPES: u64 = 2;

const RULE: &str = "promql/fragile";

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let known = Known::new(spec);
    spec.alerts.iter().flat_map(|alert| of_alert(alert, spec, &known)).collect()
}

fn of_alert(alert: &Alert, spec: &Spec, known: &Known<'_>) -> Vec<Finding> {
    let Ok(expression) = parser::parse(&alert.expr) else { return Vec::new() };
    let finding = |problem: String, remedy: &str, part: &str| {
        Finding::new(RULE, format!("alert {}", alert.name), problem, remedy).at(alert.location).underlining(&alert.expr, part)
    };
    let mut findings = Vec::new();
    walk(&expression, &mut Vec::new(), &mut |part, _| match part {
        Expr::Aggregate(aggregate) if SAMPLING.contains(&aggregate.op.to_string().as_str()) => {
            let operator = aggregate.op.to_string();
            findings.push(finding(format!("{operator} picks other series each time"), "compare all of them with a threshold", &operator));
        }
        Expr::Binary(binary) if !binary.op.is_set_operator() && alert.lasting < spec.scrape_interval.times(SCRAPES) => {
            let (left, right) = (jobs(&binary.lhs, known), jobs(&binary.rhs, known));
            if left.is_some_and(|left| right.is_some_and(|right| left.is_disjoint(&right))) {
                let problem = format!("sums of different jobs within {}: after a start one is whole before the other", alert.lasting);
                findings.push(finding(problem, "let it hold for two scrapes at least", &binary.op.to_string()));
            }
        }
        _ => {}
    });
    findings
}

/// The jobs whose series an aggregation sums up; nothing, if it is none.
fn jobs(side: &Expr, known: &Known<'_>) -> Option<BTreeSet<String>> {
    let Expr::Aggregate(aggregate) = bare(side) else { return None };
    let mut jobs = BTreeSet::new();
    walk(&aggregate.expr, &mut Vec::new(), &mut |part, _| {
        let selector = match part {
            Expr::VectorSelector(selector) => selector,
            Expr::MatrixSelector(matrix) => &matrix.vs,
            _ => return,
        };
        let named = selector.matchers.matchers.iter().filter(|matcher| matcher.name == "job").collect::<Vec<_>>();
        let exposing = known.exposing(selector.name.as_deref().unwrap_or_default());
        jobs.extend(exposing.filter(|job| named.iter().all(|matcher| matcher.is_match(job))).map(str::to_owned));
    });
    Some(jobs)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::duration::seconds;

    fn said(expression: &str, lasting: u64) -> Vec<String> {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].expr = expression.to_owned();
            spec.alerts[0].lasting = seconds(lasting);
        });
        messages(&check(&spec))
    }

    const TWO_JOBS: &str = "sum(redis_connected_clients) / sum(rate(process_cpu_seconds_total{job=\"grafana\"}[5m])) > 1";

    #[test]
    fn samples_of_series_are_found() {
        let expected = "alert RedisDown: topk picks other series each time [promql/fragile]\n  | topk(3, redis_connected_clients) > 1\n  | ^^^^\n  = compare all of them with a threshold";
        assert_eq!(said("topk(3, redis_connected_clients) > 1", 60), [expected]);
    }

    #[test]
    fn sums_of_two_jobs_must_last() {
        let said = said(TWO_JOBS, 15);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("alert RedisDown: sums of different jobs within 15s: after a start one is whole before the other"), "{said:?}");
    }

    #[test]
    fn sums_that_last_and_sums_of_one_job_pass() {
        assert_eq!(said(TWO_JOBS, 60), [""; 0]);
        assert_eq!(said("sum(redis_connected_clients) / sum(redis_up) > 1", 15), [""; 0]);
    }
}
