//! Every expression of a panel passes the checks that those of rules do.

use super::{Finding, View, target_counter_agg};

const RULE: &str = "target-promql-rule";

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let said = view.targets().flat_map(|(panel, target)| view.said_of(panel, target));
    // Counters have a rule of their own.
    said.filter(|finding| finding.rule() != target_counter_agg::SOURCE).map(|finding| finding.renamed(RULE)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn expressions_that_cannot_work_are_found() {
        let unknown = "dashboard selextract-redis, panel \"Commands\": no job exposes redis_upp [target-promql-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![r#"redis_upp{job=~"$job",instance=~"$instance"}"#]), [unknown]);
        let broken = problems_of(|dashboard| dashboard.panels[0].targets = vec!["sum("]);
        assert!(broken[0].starts_with("dashboard selextract-redis, panel \"Commands\": not PromQL: "), "{broken:?}");
    }

    #[test]
    fn expressions_that_work_pass() {
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![r#"redis_up{job=~"$job",instance=~"$instance"}"#]), [""; 0]);
    }
}
