//! Counters are shown as rates or increases, never as they stand.

use super::{Finding, View};

/// The check that tells counters by the catalogue, whatever they are called.
pub(super) const SOURCE: &str = "promql/counter";

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let said = view.targets().flat_map(|(panel, target)| view.said_of(panel, target));
    said.filter(|finding| finding.rule() == SOURCE).map(|finding| finding.renamed("target-counter-agg-rule")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn counters_as_they_stand_are_found() {
        let expected =
            "dashboard selextract-redis, panel \"Commands\": the counter redis_commands_total is read as it stands [target-counter-agg-rule]";
        assert_eq!(
            problems_of(|dashboard| dashboard.panels[0].targets = vec![r#"redis_commands_total{job=~"$job",instance=~"$instance"}"#]),
            [expected]
        );
    }

    #[test]
    fn increases_pass() {
        let increase = r#"increase(redis_commands_total{job=~"$job",instance=~"$instance"}[$__rate_interval])"#;
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![increase]), [""; 0]);
    }
}
