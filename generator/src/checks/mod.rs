//! What is proven of a spec before a file of it is rendered.
//!
//! A check is a function from the spec to its findings, in its own file. All of them run, so that one run shows everything;
//! then exceptions are taken away.

mod alert_rules;
mod allowances;
mod configuration;
mod cost;
mod dashboards;
mod examples;
mod external_labels;
mod finding;
mod fragile;
mod inhibitions;
mod links;
mod promql;
pub(crate) mod queries;
mod recordings;
mod routes;
mod slos;
mod texts;

use promql_parser::parser;

use crate::spec::Spec;

pub use finding::Finding;

/// Every check, in the order of its findings.
const CHECKS: [fn(&Spec) -> Vec<Finding>; 14] = [
    promql::check,
    recordings::check,
    alert_rules::check,
    texts::check,
    examples::check,
    slos::check,
    routes::check,
    inhibitions::check,
    configuration::check,
    external_labels::check,
    fragile::check,
    links::check,
    cost::check,
    dashboards::check,
];

/// All that is wrong and not excused.
pub(crate) fn findings(spec: &Spec) -> Vec<Finding> {
    allowances::apply(spec, CHECKS.iter().flat_map(|check| check(spec)).collect())
}

/// Whether every series of an expression has that label.
pub(crate) fn keeps_label(spec: &Spec, expression: &str, label: &str) -> bool {
    parser::parse(expression).is_ok_and(|expression| promql::infer(&expression, &promql::Known::new(spec)).sure.contains(label))
}

#[cfg(test)]
mod tests {
    use crate::spec::Spec;
    use crate::spec::site::Site;

    /// The spec with one change.
    pub(super) fn changed(change: impl FnOnce(&mut Spec)) -> Spec {
        let mut spec = Spec::new(&Site::default());
        change(&mut spec);
        spec
    }

    /// What a check says of it, without the lines of the spec, which move.
    pub(super) fn messages(findings: &[super::Finding]) -> Vec<String> {
        let without_location = |text: String| text.lines().filter(|line| !line.starts_with(" -->")).collect::<Vec<_>>().join("\n");
        findings.iter().map(|finding| without_location(finding.to_string())).collect()
    }

    #[test]
    fn our_own_spec_has_no_findings() {
        assert_eq!(messages(&super::findings(&changed(|_| {}))), [""; 0]);
    }

    #[test]
    fn all_findings_are_shown_at_once() {
        let spec = changed(|spec| {
            spec.alerts[0].expr = "nothing ==".to_owned();
            spec.alerts[1].examples.clear();
            spec.routes.clear();
        });
        assert!(super::findings(&spec).len() > 4);
    }
}
