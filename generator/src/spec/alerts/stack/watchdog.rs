//! The alert that always fires: when it stops arriving, alerting itself is broken.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{Duration, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

const SUMMARY: &str = "Alerting works";

pub(super) fn all() -> Vec<Alert> {
    let alert = Alert {
        name: "Watchdog",
        expr: "vector(1)".to_owned(),
        lasting: Duration::ZERO,
        severity: Severity::None,
        summary: SUMMARY.to_owned(),
        description: "This alert always fires. It goes to the heartbeat only, which raises the alarm when it stops arriving.".to_owned(),
        meaning: "Firing is its normal state and asks nothing of anybody. If the heartbeat service (`HEARTBEAT_URL`) says that it has stopped \
                  arriving, no other alert of this stack can be relied on.",
        causes: &[
            "Prometheus does not run, or evaluates no rules.",
            "Prometheus cannot reach Alertmanager.",
            "Alertmanager does not run, or cannot reach the heartbeat service.",
        ],
        queries: &[("Alertmanagers that Prometheus sends to", "prometheus_notifications_alertmanagers_discovered")],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml ps prometheus alertmanager`, then their logs.",
            "Prometheus' page Status, Runtime: is Alertmanager listed?",
        ],
        page: Page::Alerts,
        examples: vec![Example::new("nothing is measured at all", &[]).fires_at(seconds(15), Firing::new(&[], SUMMARY))],
        ..Alert::owned_by(Service::Monitoring)
    };
    let always = "it fires at all times, which is what it is for";
    vec![alert.allow("alerts/comparison", always).allow("alerts/for", always).allow("alerts/examples", always)]
}
