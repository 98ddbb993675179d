//! `runbooks/<Alert>.md`: what to do when an alert fires, from the alert itself.

use askama::Template;

use super::{File, NOTICE, Place, RenderError};
use crate::spec::Spec;
use crate::spec::alert::Alert;
use crate::spec::duration::Duration;
use crate::spec::severity::Severity;

/// Values of `templates/runbook.md`.
#[derive(Template)]
#[template(path = "runbook.md")]
struct Runbook<'a> {
    notice: &'static str,
    alert: &'a Alert,
    severity: &'static str,
    service: &'static str,
    team: &'static str,
    /// How long the expression must hold, if at all.
    lasting: Option<Duration>,
    /// Whether it asks something of people when it fires, and not when it stops.
    for_people: bool,
    inhibited_by: Vec<&'static str>,
}

pub(super) fn files(spec: &Spec) -> Result<Vec<File>, RenderError> {
    spec.alerts.iter().map(|alert| runbook(spec, alert)).collect()
}

fn runbook(spec: &Spec, alert: &Alert) -> Result<File, RenderError> {
    let inhibitions = spec.inhibitions.iter().filter(|inhibition| inhibition.target == alert.name);
    let page = Runbook {
        notice: NOTICE,
        alert,
        severity: alert.severity.name(),
        service: alert.service.name(),
        team: alert.service.team(),
        lasting: (alert.lasting != Duration::ZERO).then_some(alert.lasting),
        for_people: alert.severity != Severity::None,
        inhibited_by: inhibitions.map(|inhibition| inhibition.source).collect(),
    };
    let path = alert.runbook_path();
    let text = page.render().map_err(|source| RenderError::Template { path: path.clone(), source })?;
    Ok(File::new(Place::Set, path, text.trim_end().to_owned() + "\n"))
}
