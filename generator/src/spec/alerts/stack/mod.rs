//! Alerts about the stack itself: what it cannot see, store or deliver.

mod alertmanager;
mod certificates;
mod grafana;
mod pairs;
mod prometheus;
mod targets;
mod watchdog;

use crate::spec::alert::Alert;

pub(crate) use grafana::DOWN as GRAFANA_DOWN;
pub(crate) use pairs::{ALERTMANAGER_DOWN, PROMETHEUS_DOWN};
pub(crate) use targets::DOWN as TARGET_DOWN;

/// `GrafanaDown` stands before `TargetDown`, which it inhibits.
pub(super) fn all() -> Vec<Alert> {
    [grafana::all(), pairs::all(), targets::all(), certificates::all(), prometheus::all(), alertmanager::all(), watchdog::all()]
        .into_iter()
        .flatten()
        .collect()
}
