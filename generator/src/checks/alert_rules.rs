//! An alert's name is its own, and its `for` is long enough to mean something and short enough to end.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{self, Expr};

use super::Finding;
use super::promql::walk;
use crate::spec::Spec;
use crate::spec::alert::Alert;

/// A condition seen once may be a single bad sample.
const EVALUATIONS: u64 = 2;

/// A target is first scraped within one interval, and one scrape may be lost.
const SCRAPES: u64 = 2;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut thresholds: BTreeSet<(&str, u64)> = BTreeSet::new();
    let mut findings = Vec::new();
    let mut expressions: BTreeMap<&str, &str> = BTreeMap::new();
    for alert in &spec.alerts {
        if !seen.insert(alert.name) {
            findings.push(finding(
                "alerts/name",
                alert,
                "another alert has this name".to_owned(),
                "rename one of them: routes, runbooks and silences go by it",
            ));
        }
        if !alert.name.chars().all(|letter| letter.is_ascii_alphanumeric()) || !alert.name.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            findings.push(finding("alerts/name", alert, "is no name of an alert".to_owned(), "write ServiceProblem, in letters and digits"));
        }
        if let Some(other) = expressions.insert(&alert.expr, alert.name) {
            let problem = format!("asks the same as {other}");
            findings.push(finding("alerts/duplicate", alert, problem, "take one of them out: one thing is one alert"));
        }
        findings.extend(lasting(spec, alert));
        for threshold in &alert.thresholds {
            thresholds.insert((threshold.name, threshold.value.to_bits()));
            if thresholds.iter().filter(|(name, _)| *name == threshold.name).count() > 1 {
                findings.push(finding(
                    "alerts/threshold",
                    alert,
                    format!("another threshold is called {}", threshold.name),
                    "rename one of them: site.yaml goes by it",
                ));
            }
        }
    }
    findings
}

fn lasting(spec: &Spec, alert: &Alert) -> Option<Finding> {
    let least = spec.evaluation_interval.times(EVALUATIONS);
    if alert.lasting < least {
        let problem = format!("`for` is {}, with an evaluation every {}", alert.lasting, spec.evaluation_interval);
        return Some(finding("alerts/for", alert, problem, "let it hold for two evaluations at least"));
    }
    // A start finds nothing until every target was scraped.
    let first_scrapes = spec.scrape_interval.times(SCRAPES);
    if asks_for_absence(&alert.expr) && alert.lasting < first_scrapes {
        let problem = format!("`for` is {}, and after a start series may be absent for {first_scrapes}", alert.lasting);
        return Some(finding("alerts/absent", alert, problem, "let it hold for two scrapes at least"));
    }
    let problem = || format!("`for` is {}, and {} are kept", alert.lasting, spec.retention);
    (alert.lasting > spec.retention).then(|| finding("alerts/for", alert, problem(), "shorten it"))
}

/// Whether a part of the expression is there because series are not.
fn asks_for_absence(expression: &str) -> bool {
    let mut asks = false;
    if let Ok(expression) = parser::parse(expression) {
        walk(&expression, &mut Vec::new(), &mut |part, _| {
            asks |= matches!(part, Expr::Call(call) if ["absent", "absent_over_time"].contains(&call.func.name));
        });
    }
    asks
}

fn finding(rule: &'static str, alert: &Alert, problem: String, remedy: &str) -> Finding {
    Finding::new(rule, format!("alert {}", alert.name), problem, remedy).at(alert.location)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::duration::{Duration, seconds};
    use crate::spec::threshold::Threshold;

    fn said(change: impl FnOnce(&mut Alert)) -> Vec<String> {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            change(&mut spec.alerts[0]);
        });
        messages(&check(&spec))
    }

    #[test]
    fn names_used_twice_are_found() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts.push(spec.alerts[0].clone());
        });
        let expected = "alert RedisDown: another alert has this name [alerts/name]\n  = rename one of them: routes, runbooks and silences go by it";
        assert_eq!(messages(&check(&spec))[0], expected);
    }

    #[test]
    fn alerts_that_ask_the_same_are_found() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            let mut other = spec.alerts[0].clone();
            other.name = "RedisGone";
            spec.alerts.push(other);
        });
        let expected = "alert RedisGone: asks the same as RedisDown [alerts/duplicate]\n  = take one of them out: one thing is one alert";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn thresholds_of_one_name_are_found() {
        static OTHER: Threshold = Threshold::number("REDIS_MEMORY_HIGH", 0.7, 1.0, "another");
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisMemoryHigh");
            spec.alerts[0].thresholds.push(&OTHER);
        });
        let expected =
            "alert RedisMemoryHigh: another threshold is called REDIS_MEMORY_HIGH [alerts/threshold]\n  = rename one of them: site.yaml goes by it";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn absence_must_outlast_a_start() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "RedisDown");
            spec.alerts[0].lasting = seconds(30);
            spec.scrape_interval = seconds(30);
        });
        let expected =
            "alert RedisDown: `for` is 30s, and after a start series may be absent for 1m [alerts/absent]\n  = let it hold for two scrapes at least";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn absence_is_a_call_and_not_a_word() {
        let said = |expression: &str| {
            let spec = changed(|spec| {
                spec.alerts.retain(|alert| alert.name == "RedisDown");
                spec.alerts[0].lasting = seconds(30);
                spec.alerts[0].expr = expression.to_owned();
                spec.scrape_interval = seconds(30);
            });
            check(&spec).len()
        };
        assert_eq!(said("# absent\nredis_up{instance=\"absent\"} == 0"), 0);
        assert_eq!(said("absent_over_time(redis_up[5m])"), 1);
    }

    #[test]
    fn odd_names_are_found() {
        let expected = "alert redis_down: is no name of an alert [alerts/name]\n  = write ServiceProblem, in letters and digits";
        assert_eq!(said(|alert| alert.name = "redis_down"), [expected]);
    }

    #[test]
    fn short_and_long_waits_are_found() {
        let short = "alert RedisDown: `for` is 15s, with an evaluation every 15s [alerts/for]\n  = let it hold for two evaluations at least";
        assert_eq!(said(|alert| alert.lasting = seconds(15)), [short]);
        let long = "alert RedisDown: `for` is 31d, and 30d are kept [alerts/for]\n  = shorten it";
        assert_eq!(said(|alert| alert.lasting = Duration::days(31)), [long]);
    }

    #[test]
    fn waits_of_two_evaluations_pass() {
        assert_eq!(said(|alert| alert.lasting = seconds(30)), [""; 0]);
    }
}
