//! Every selector is narrowed to the jobs that the reader has chosen.

use super::{Finding, View};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (panel, target) in view.targets() {
        for metric in view.without_matcher(target, "job") {
            let problem = format!("{metric} is not narrowed by $job");
            let remedy = r#"add job=~"$job""#;
            findings.push(view.of_panel(panel, "target-job-rule", problem, remedy).underlining(target, &metric));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn selectors_of_everything_are_found() {
        let expected = "dashboard selextract-redis, panel \"Commands\": redis_up is not narrowed by $job [target-job-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![r#"redis_up{instance=~"$instance"}"#]), [expected]);
    }

    #[test]
    fn selectors_of_the_chosen_pass() {
        let both = r#"redis_up{job=~"$job",instance=~"$instance"}"#;
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![both]), [""; 0]);
    }
}
