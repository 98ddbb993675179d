//! Every page has a title, and every panel says what it shows.

use super::{Finding, View};

const RULE: &str = "panel-title-description-rule";

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let untitled = view.dashboard.title.trim().is_empty();
    let mut findings: Vec<_> = untitled.then(|| view.finding(RULE, "has no title", "call it as its readers would")).into_iter().collect();
    for panel in &view.dashboard.panels {
        for (part, text) in [("title", panel.title), ("description", panel.description)] {
            if text.trim().is_empty() {
                findings.push(view.of_panel(panel, RULE, format!("has no {part}"), "say what it shows, and what no data means"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn panels_without_words_are_found() {
        let page = "dashboard selextract-redis: has no title [panel-title-description-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.title = ""), [page]);
        let title = "dashboard selextract-redis, panel \"\": has no title [panel-title-description-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].title = ""), [title]);
        let description = "dashboard selextract-redis, panel \"Commands\": has no description [panel-title-description-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].description = " "), [description]);
    }

    #[test]
    fn panels_with_words_pass() {
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].description = "What Redis is asked for"), [""; 0]);
    }
}
