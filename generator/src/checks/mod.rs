//! What is proven of a spec before a file of it is rendered.
//!
//! A check is a function from the spec to its findings, in its own file. All of them run, so that one run shows everything;
//! then exceptions are taken away.
//!
//! What pint and dashboard-linter look for has its equivalent here; their programs are not run.
//!
//! | equivalent of | where |
//! |---|---|
//! | `alerts/absent`, `alerts/for` | [`alert_rules`] |
//! | `alerts/annotation`, `alerts/template` | [`texts`]; `alerts/template` of a query in a text: [`promql`] |
//! | `alerts/comparison` | `promql/comparison.rs` |
//! | `alerts/external_labels` | [`external_labels`] |
//! | `alerts/count` | needs a live server: `--plan` says what alerts change, `--live` what a selector finds |
//! | `labels/conflict` | [`external_labels`] |
//! | `promql/aggregate`, `promql/counter`, `promql/impossible`, `promql/nan`, `promql/offset`, `promql/regexp`, `promql/series`, `promql/vector_matching` | the file of that name in `promql/`, plural where it is (`aggregation`, `counters`, `comparison`, `division`, `offsets`, `regexps`, `series`, `matching`) |
//! | `promql/features` | `promql/functions.rs`, `promql/versions.rs` |
//! | `promql/rate`, `promql/range_query` | `promql/windows.rs`, `promql/counters.rs` |
//! | `promql/selector` | `promql/series.rs`: a selector without a name |
//! | `promql/syntax` | [`promql`], before anything else |
//! | `promql/fragile` | [`fragile`] |
//! | `query/cost` | [`cost`], from the catalogue's bounds |
//! | `rule/dependency` | [`recordings`] for order, `promql/series.rs` for names |
//! | `rule/duplicate`, `rule/name`, `rule/for` | [`alert_rules`], [`recordings`] |
//! | `rule/link` | [`links`] |
//! | `group/interval` | by construction: no group has an interval of its own, and the site's is at most 15 s |
//! | `rule/label`, `rule/owner` | by construction: severity, service and team are fields of every alert |
//! | `rule/reject`, `rule/report` | by construction: labels and annotations are a fixed set, and everything found is an error |
//! | `yaml/parse` | by construction: YAML is serialized; tests read it back, and promtool too |
//! | `ignore/file`, `pint/comment` | [`allowances`]: an exception stands beside what it excuses |
//! | dashboard-linter | [`dashboards`]: a file for each rule, by its name; its two for `LogQL` by construction |

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
