//! Every panel reads the data source that the reader has chosen.

use super::{Finding, View};
use crate::spec::dashboard::{DATA_SOURCE, Kind};

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let panels = view.dashboard.panels.iter().filter(|panel| panel.kind != Kind::Text && panel.datasource != DATA_SOURCE);
    panels
        .map(|panel| {
            let problem = format!("reads the data source {}", panel.datasource);
            view.of_panel(panel, "panel-datasource-rule", problem, format!("read {DATA_SOURCE}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;

    #[test]
    fn fixed_data_sources_are_found() {
        let expected = "dashboard selextract-redis, panel \"Commands\": reads the data source prometheus [panel-datasource-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].datasource = "prometheus"), [expected]);
    }

    #[test]
    fn the_chosen_one_passes() {
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].datasource = "${datasource}"), [""; 0]);
    }
}
