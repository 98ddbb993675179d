//! What is proven of a spec before a file of it is rendered.
//!
//! A check is a function from the spec to its findings, in its own file. All of them run, so that one run shows everything.

mod alert_names;
mod examples;
mod finding;
mod inhibitions;
mod promql;
mod routes;

use crate::spec::Spec;

pub use finding::Finding;

/// Every check, in the order of its findings.
const CHECKS: [fn(&Spec) -> Vec<Finding>; 5] = [alert_names::check, promql::check, examples::check, routes::check, inhibitions::check];

/// All that is wrong.
pub(crate) fn findings(spec: &Spec) -> Vec<Finding> {
    CHECKS.iter().flat_map(|check| check(spec)).collect()
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

    /// What a check says of it.
    pub(super) fn messages(findings: &[super::Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
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
