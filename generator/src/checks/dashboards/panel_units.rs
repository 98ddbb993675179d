//! Values have a unit, by a name that Grafana knows.

use super::{Finding, View};
use crate::spec::dashboard::Kind;

/// Grafana's names of the units that our metrics come to. It shows any other name behind the value, as it stands.
const UNITS: [&str; 24] = [
    "none",
    "short",
    "percent",
    "percentunit",
    "bool",
    "bytes",
    "decbytes",
    "bits",
    "Bps",
    "binBps",
    "bps",
    "s",
    "ms",
    "µs",
    "ns",
    "dtdurations",
    "dateTimeAsIso",
    "dateTimeFromNow",
    "ops",
    "reqps",
    "cps",
    "iops",
    "pps",
    "currencyUSD",
];

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let panels = view.dashboard.panels.iter().filter(|panel| panel.kind != Kind::Text);
    let odd = panels.filter(|panel| panel.unit.is_none_or(|unit| !UNITS.contains(&unit)));
    odd.map(|panel| {
        let problem = panel.unit.map_or_else(|| "shows values without a unit".to_owned(), |unit| format!("Grafana has no unit {unit}"));
        view.of_panel(panel, "panel-units-rule", problem, format!("choose among {}", UNITS.join(", ")))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems_of;
    use super::*;

    #[test]
    fn missing_and_unknown_units_are_found() {
        let missing = "dashboard selextract-redis, panel \"Commands\": shows values without a unit [panel-units-rule]";
        for kind in [Kind::Gauge, Kind::Heatmap, Kind::Stat, Kind::Table, Kind::TimeSeries] {
            assert_eq!(problems_of(|dashboard| (dashboard.panels[0].kind, dashboard.panels[0].unit) = (kind, None)), [missing]);
        }
        let unknown = "dashboard selextract-redis, panel \"Commands\": Grafana has no unit commands [panel-units-rule]";
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].unit = Some("commands")), [unknown]);
    }

    #[test]
    fn known_units_pass() {
        assert_eq!(problems_of(|dashboard| dashboard.panels[0].unit = Some("ops")), [""; 0]);
    }
}
