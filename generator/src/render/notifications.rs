//! `notifications/*.tmpl`: what people read in an e-mail or in Slack.

use askama::Template;

use super::{File, NOTICE, Place, RenderError};
use crate::spec::Spec;

/// Alertmanager's templates, relative to its configuration.
pub(super) const PATTERN: &str = "notifications/*.tmpl";

/// Values of `templates/email.tmpl`.
#[derive(Template)]
#[template(path = "email.tmpl", escape = "none", syntax = "go")]
struct Email<'a> {
    notice: &'static str,
    alertmanager: &'a str,
}

/// Values of `templates/slack.tmpl`.
#[derive(Template)]
#[template(path = "slack.tmpl", escape = "none", syntax = "go")]
struct Slack {
    notice: &'static str,
}

pub(super) fn files(spec: &Spec) -> Result<[File; 2], RenderError> {
    let email = Email { notice: NOTICE, alertmanager: &spec.site.alertmanager_url };
    Ok([file("notifications/email.tmpl", &email)?, file("notifications/slack.tmpl", &Slack { notice: NOTICE })?])
}

fn file(path: &str, template: &impl Template) -> Result<File, RenderError> {
    let text = template.render().map_err(|source| RenderError::Template { path: path.to_owned(), source })?;
    Ok(File::new(Place::Set, path, text.trim_end().to_owned() + "\n"))
}
