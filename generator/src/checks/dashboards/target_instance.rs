//! Every selector is narrowed to the targets that the reader has chosen.

use super::{Finding, View};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (panel, target) in view.targets() {
        for metric in view.without_matcher(target, "instance") {
            let problem = format!("{metric} is not narrowed by $instance");
            let remedy = r#"add instance=~"$instance""#;
            findings.push(view.of_panel(panel, "target-instance-rule", problem, remedy).underlining(target, &metric));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn selectors_of_everything_are_found() {
        let expected = "dashboard selextract-redis, panel \"Commands\": redis_up is not narrowed by $instance [target-instance-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![r#"redis_up{job=~"$job"}"#]), [expected]);
    }

    #[test]
    fn selectors_of_the_chosen_pass() {
        let both = r#"redis_up{instance=~"$instance",job=~"$job"}"#;
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets = vec![both]), [""; 0]);
    }
}
