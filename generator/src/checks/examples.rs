//! Every alert is shown firing, ending, not firing, at its threshold, without data and coming and going: its unit tests are
//! made of that.

use promql_parser::parser::{self, Expr};

use super::Finding;
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::example::{Example, Kind};
use crate::spec::site::Site;

pub(super) fn check(spec: &Spec) -> Vec<Finding> {
    // Where a site has other numbers or intervals its alerts have no examples, and those of the spec are looked at.
    let original = Spec::new(&Site { time_scale: spec.site.time_scale, ..Site::default() });
    let findings_of = |alert: &Alert| {
        if spec.site == original.site || !alert.examples.is_empty() {
            return of_alert(spec, alert);
        }
        original.alerts.iter().find(|other| other.name == alert.name).map_or_else(Vec::new, |alert| of_alert(&original, alert))
    };
    // Examples in seconds of an alert that counts seconds are left out where times are divided.
    let scaled = spec.site.time_scale.get() > 1;
    spec.alerts.iter().filter(|alert| alert.scales || !scaled).flat_map(findings_of).collect()
}

/// Evaluations between the last quiet moment and the first firing of an example: one that fires too late or too early by more
/// is noticed.
const GAP: u64 = 2;

fn of_alert(spec: &Spec, alert: &Alert) -> Vec<Finding> {
    let any = |condition: &dyn Fn(&Example) -> bool| alert.examples.iter().any(condition);
    let of_kind = |kind: Kind| any(&move |example: &Example| example.kind == kind);
    let threshold = has_threshold(&alert.expr);
    let is_timed =
        |example: &Example| example.quiet_before_firing().is_some_and(|gap| gap <= example.interval.unwrap_or(spec.evaluation_interval).times(GAP));
    let wanted = [
        (any(&Example::fires), "no example fires it", "add an example with `fires_at`"),
        (
            !any(&Example::fires) || any(&is_timed),
            "no example tells when it fires",
            "add a `quiet_at` two evaluations or less before a first `fires_at`",
        ),
        (any(&Example::resolves), "no example shows it end", "let an example that fires be quiet afterwards"),
        (any(&Example::stays_quiet), "no example leaves it quiet", "add an example with nothing but `quiet_at`"),
        (!threshold || of_kind(Kind::Threshold), "no example is at its threshold", "add one with `Example::at_threshold`"),
        (of_kind(Kind::Missing), "no example lacks data", "add one with `Example::missing`, which says what absent series mean"),
        (of_kind(Kind::Flapping), "no example comes and goes", "add one with `Example::flapping`"),
    ];
    let empty = alert.examples.iter().filter(|example| example.moments.is_empty()).map(|example| {
        let problem = format!("the example \"{}\" expects nothing at any time", example.name);
        finding(alert, problem, "say what it expects with `fires_at` or `quiet_at`")
    });
    wanted.into_iter().filter(|(has, ..)| !has).map(|(_, problem, remedy)| finding(alert, problem.to_owned(), remedy)).chain(empty).collect()
}

/// Whether the expression compares with a number by size.
fn has_threshold(expression: &str) -> bool {
    fn compares(expression: &Expr) -> bool {
        match expression {
            Expr::Paren(paren) => compares(&paren.expr),
            Expr::Binary(binary) => {
                let by_size = ["<", ">", "<=", ">="].contains(&binary.op.to_string().as_str());
                by_size || compares(&binary.lhs) || compares(&binary.rhs)
            }
            _ => false,
        }
    }
    parser::parse(expression).is_ok_and(|expression| compares(&expression))
}

fn finding(alert: &Alert, problem: String, remedy: &str) -> Finding {
    Finding::new("alerts/examples", format!("alert {}", alert.name), problem, remedy).at(alert.location)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{changed, messages};
    use super::*;
    use crate::spec::duration::seconds;
    use crate::spec::example::Firing;

    #[test]
    fn alerts_without_examples_are_found() {
        let spec = changed(|spec| {
            spec.alerts.retain(|alert| alert.name == "HostCpuHigh");
            spec.alerts[0].examples = vec![Example::new("calm", &[])];
        });
        let expected = [
            "no example fires it [alerts/examples]\n  = add an example with `fires_at`",
            "no example shows it end [alerts/examples]\n  = let an example that fires be quiet afterwards",
            "no example leaves it quiet [alerts/examples]\n  = add an example with nothing but `quiet_at`",
            "no example is at its threshold [alerts/examples]\n  = add one with `Example::at_threshold`",
            "no example lacks data [alerts/examples]\n  = add one with `Example::missing`, which says what absent series mean",
            "no example comes and goes [alerts/examples]\n  = add one with `Example::flapping`",
            "the example \"calm\" expects nothing at any time [alerts/examples]\n  = say what it expects with `fires_at` or `quiet_at`",
        ];
        assert_eq!(messages(&check(&spec)), expected.map(|text| format!("alert HostCpuHigh: {text}")));
    }

    #[test]
    fn examples_without_a_quiet_moment_before_are_found() {
        let expected = "alert HostCpuHigh: no example tells when it fires [alerts/examples]\n  = add a `quiet_at` two evaluations or less before a first `fires_at`";
        let said = |quiet: u64| {
            let spec = changed(|spec| {
                spec.alerts.retain(|alert| alert.name == "HostCpuHigh");
                spec.alerts[0].examples.retain(|example| !example.fires());
                let example = Example::new("late", &[]).quiet_at(seconds(quiet)).all_fire_at(seconds(300), vec![Firing::new(&[], "")]);
                spec.alerts[0].examples.push(example.quiet_at(seconds(400)));
            });
            messages(&check(&spec))
        };
        assert_eq!(said(269), [expected]);
        assert_eq!(said(270), [""; 0]);
    }

    #[test]
    fn alerts_with_all_of_them_pass() {
        let spec = changed(|spec| spec.alerts.retain(|alert| alert.name == "HostCpuHigh"));
        assert_eq!(check(&spec), []);
    }
}
