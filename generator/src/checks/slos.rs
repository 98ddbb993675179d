//! An objective can be missed, its burn rates can be reached, and its windows are kept.

use super::Finding;
use crate::spec::Spec;
use crate::spec::duration::Duration;
use crate::spec::slo::{Burn, PERIOD, Slo, rounded};

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    spec.slos.iter().flat_map(|slo| of_slo(slo, spec.retention)).collect()
}

fn of_slo(slo: &Slo, retention: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !(slo.budget() > 0.0 && slo.budget() < 1.0) {
        findings.push(finding(
            slo,
            format!("an objective of {} % leaves a budget of {}", slo.objective, slo.budget()),
            "choose one between 0 and 100 %",
        ));
    }
    if slo.least_events <= 0.0 {
        findings.push(finding(slo, "a single event is traffic enough".to_owned(), "say how many events per second a burn rate needs"));
    }
    if PERIOD > retention {
        findings.push(finding(slo, format!("its budget is for {PERIOD}, and {retention} are kept"), "keep samples for as long"));
    }
    findings.extend(slo.burns.iter().flat_map(|burn| of_burn(slo, burn, retention)));
    findings
}

fn of_burn(slo: &Slo, burn: &Burn, retention: Duration) -> Vec<Finding> {
    let Burn { factor, long, short } = *burn;
    let mut findings = Vec::new();
    let limit = rounded(factor * slo.budget());
    if limit >= 1.0 {
        let problem = format!("burning {factor} times too fast needs {} % of errors, so it never fires", rounded(limit * 100.0));
        findings.push(finding(slo, problem, "lower the factor, or raise the objective"));
    }
    if short >= long {
        findings.push(finding(slo, format!("the short window of {short} is not within the long one of {long}"), "take a twelfth of the long one"));
    }
    if long > retention {
        findings.push(finding(slo, format!("looks back {long}, and {retention} are kept"), "shorten the window"));
    }
    findings
}

fn finding(slo: &Slo, problem: String, remedy: &str) -> Finding {
    Finding::new("slo/sanity", format!("objective {}", slo.name), problem, remedy).at(slo.location)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::duration::minutes;

    fn said(change: impl FnOnce(&mut Slo)) -> Vec<String> {
        let spec = changed(|spec| {
            spec.slos.truncate(1);
            change(&mut spec.slos[0]);
        });
        messages(&check(&spec))
    }

    #[test]
    fn burn_rates_that_cannot_be_reached_are_found() {
        let expected = "objective api_availability: burning 14.4 times too fast needs 144 % of errors, so it never fires [slo/sanity]\n  = lower the factor, or raise the objective";
        assert_eq!(said(|slo| slo.objective = 90.0), [expected]);
    }

    #[test]
    fn objectives_without_a_budget_are_found() {
        assert_eq!(said(|slo| slo.objective = 100.0).len(), 1);
        assert!(
            said(|slo| slo.objective = 100.0)[0].starts_with("objective api_availability: an objective of 100 % leaves a budget of 0 [slo/sanity]")
        );
    }

    #[test]
    fn single_events_are_no_traffic() {
        assert!(said(|slo| slo.least_events = 0.0)[0].starts_with("objective api_availability: a single event is traffic enough [slo/sanity]"));
    }

    #[test]
    fn budgets_longer_than_what_is_kept_are_found() {
        let spec = changed(|spec| {
            spec.slos.truncate(1);
            spec.retention = Duration::days(29);
        });
        let expected = "objective api_availability: its budget is for 30d, and 29d are kept [slo/sanity]\n  = keep samples for as long";
        assert_eq!(messages(&check(&spec)), [expected]);
    }

    #[test]
    fn odd_windows_are_found() {
        static ODD: [Burn; 1] = [Burn { factor: 2.0, long: Duration::days(60), short: Duration::days(60) }];
        let said = said(|slo| slo.burns = &ODD);
        assert!(said[0].starts_with("objective api_availability: the short window of 60d is not within the long one of 60d"), "{said:?}");
        assert!(said[1].starts_with("objective api_availability: looks back 60d, and 30d are kept"), "{said:?}");
    }

    #[test]
    fn reachable_burn_rates_pass() {
        static FAST: [Burn; 1] = [Burn { factor: 14.4, long: Duration::hours(1), short: minutes(5) }];
        assert_eq!(said(|slo| slo.burns = &FAST), [""; 0]);
    }
}
