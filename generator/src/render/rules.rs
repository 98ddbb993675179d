//! Rule files: recordings and alerts.

use serde::Serialize;

use super::{File, Place, RenderError, yaml};
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::duration::Duration;
use crate::spec::severity::Severity;

/// Path of the recording rules in the set.
pub(super) const RECORDINGS: &str = "recording_rules.yml";

/// Path of the alerts in the set.
pub(super) const ALERTS: &str = "alert_rules.yml";

#[derive(Serialize)]
struct RuleFile<R> {
    groups: [Group<R>; 1],
}

#[derive(Serialize)]
struct Group<R> {
    name: &'static str,
    rules: Vec<R>,
}

#[derive(Serialize)]
struct RecordingRule<'a> {
    record: &'a str,
    expr: &'a str,
}

#[derive(Serialize)]
struct AlertRule<'a> {
    alert: &'static str,
    expr: &'a str,
    r#for: Duration,
    labels: Labels,
    annotations: Annotations<'a>,
}

/// Labels of our own; an alert also has those of its series.
#[derive(Serialize)]
struct Labels {
    severity: Severity,
    service: &'static str,
    team: &'static str,
}

#[derive(Serialize)]
struct Annotations<'a> {
    summary: &'a str,
    description: &'a str,
    runbook_url: String,
    dashboard_url: String,
}

pub(super) fn recordings(spec: &Spec) -> Result<File, RenderError> {
    let rules = spec.recordings.iter().map(|recording| RecordingRule { record: &recording.name, expr: &recording.expr }).collect();
    yaml::file(Place::Set, RECORDINGS, &RuleFile { groups: [Group { name: "recordings", rules }] })
}

pub(super) fn alerts(spec: &Spec) -> Result<File, RenderError> {
    alerts_in(ALERTS, &spec.alerts)
}

/// One group, since the rules of a group run in their order: a service's Down alert is there before what it inhibits.
pub(super) fn alerts_in<'a>(path: &str, alerts: impl IntoIterator<Item = &'a Alert>) -> Result<File, RenderError> {
    yaml::file(Place::Set, path, &RuleFile { groups: [Group { name: "alerts", rules: alerts.into_iter().map(alert_rule).collect() }] })
}

fn alert_rule(alert: &Alert) -> AlertRule<'_> {
    AlertRule {
        alert: alert.name,
        expr: &alert.expr,
        r#for: alert.lasting,
        labels: Labels { severity: alert.severity, service: alert.service.name(), team: alert.service.team() },
        annotations: Annotations {
            summary: &alert.summary,
            description: &alert.description,
            runbook_url: alert.runbook_url(),
            dashboard_url: alert.dashboard_url(),
        },
    }
}
