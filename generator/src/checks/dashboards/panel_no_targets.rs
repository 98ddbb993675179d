//! A panel that shows values asks for some.

use super::{Finding, View};
use crate::spec::dashboard::Kind;

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let empty = view.dashboard.panels.iter().filter(|panel| panel.kind != Kind::Text && panel.targets.is_empty());
    empty.map(|panel| view.of_panel(panel, "panel-no-targets-rule", "asks for nothing", "give it an expression, or make it a text")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use crate::spec::dashboard::{Kind, Panel};

    #[test]
    fn panels_that_ask_for_nothing_are_found() {
        let expected = "dashboard selextract-redis, panel \"Commands\": asks for nothing [panel-no-targets-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].targets.clear()), [expected]);
    }

    #[test]
    fn texts_need_not_ask() {
        assert_eq!(problems_of(|dashboard| dashboard.panels.push(Panel::new(Kind::Text, "How to read it", "Words"))), [""; 0]);
    }
}
