//! Takes Alertmanager's notifications: a router to mount where its webhook points to.
//!
//! ```
//! use api_metrics::{Credentials, webhook::{AlertHandler, Notification, router}};
//! use exporter_core::{Registry, SecretFile};
//!
//! struct Pager;
//!
//! impl AlertHandler for Pager {
//!     async fn receive(&self, notification: Notification) -> Result<(), String> {
//!         println!("{} alerts of {}", notification.alerts.len(), notification.group_key);
//!         Ok(())
//!     }
//! }
//!
//! let password = SecretFile::from(std::path::PathBuf::from("/run/secrets/alertmanager_webhook_password"));
//! let credentials = Credentials::basic("alertmanager".to_owned(), password);
//! let app: axum::Router = axum::Router::new().nest("/internal/alerts", router(&Registry::default(), Some(credentials), Pager));
//! ```

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use exporter_core::{CounterFamily, Registry};
use http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use metric_catalogue::api::alerts::{RECEIVED, REJECTED, REJECTIONS};
use tokio::time::timeout;
use tracing::warn;

use crate::credentials::{Credentials, Refusal};

mod notification;
mod recent;

pub use notification::{Alert, Notification, Status};

use recent::{Again, Recent};

/// Largest notification: several hundred alerts with long annotations.
const BODY_BYTES: usize = 1 << 20;

/// Longest time that a notification may take to arrive; Alertmanager is near.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Names of alerts that are counted by themselves: several times as many as there are rules. More are one value.
const NAMES: usize = 500;

/// Severities that are counted by themselves: those of the routes.
const SEVERITIES: [&str; 4] = ["critical", "warning", "info", "none"];

/// Label value for what is outside these bounds.
const UNLISTED: &str = "_OTHER";

/// What is to be done with notifications.
pub trait AlertHandler: Send + Sync + 'static {
    /// Takes one. It is not called again for the same one, unless it failed.
    ///
    /// # Errors
    /// It could not be taken: Alertmanager is told to send it again. In words for the log.
    fn receive(&self, notification: Notification) -> impl Future<Output = Result<(), String>> + Send;
}

struct Webhook<H> {
    credentials: Option<Credentials>,
    handler: H,
    received: CounterFamily<3>,
    rejected: CounterFamily<1>,
    names: Mutex<BTreeSet<String>>,
    recent: Recent,
}

/// Why a request was not taken.
#[derive(Debug)]
enum Rejection {
    Auth(Refusal),
    Malformed(String),
    TooLarge,
}

/// Routes POST on `/`. Without credentials anybody who reaches it may post.
pub fn router<H: AlertHandler, S: Clone + Send + Sync + 'static>(registry: &Registry, credentials: Option<Credentials>, handler: H) -> Router<S> {
    let (received, rejected) = (registry.counter(&RECEIVED), registry.counter(&REJECTED));
    for reason in REJECTIONS {
        rejected.add([reason], 0);
    }
    let webhook = Webhook { credentials, handler, received, rejected, names: Mutex::default(), recent: Recent::default() };
    Router::new().route("/", post(take::<H>)).with_state(Arc::new(webhook))
}

async fn take<H: AlertHandler>(State(webhook): State<Arc<Webhook<H>>>, request: Request) -> Response {
    let notification = match webhook.read(request).await {
        Ok(notification) => notification,
        Err(rejection) => return webhook.reject(rejection),
    };
    let taken = match webhook.recent.take(notification.identity(), Instant::now()) {
        Ok(taken) => taken,
        Err(Again::Handled) => return (StatusCode::OK, "taken before\n").into_response(),
        Err(Again::Underway) => return (StatusCode::SERVICE_UNAVAILABLE, "is being taken\n").into_response(),
    };
    let counted: Vec<_> = notification.alerts.iter().map(|alert| (name(alert), severity(alert), alert.status.as_str())).collect();
    match webhook.handler.receive(notification).await {
        Ok(()) => {
            taken.keep();
            for (name, severity, status) in &counted {
                webhook.count(name, severity, status);
            }
            (StatusCode::OK, "taken\n").into_response()
        }
        Err(error) => {
            warn!(error, "Notification cannot be taken, Alertmanager will send it again");
            (StatusCode::SERVICE_UNAVAILABLE, "cannot be taken now\n").into_response()
        }
    }
}

impl<H> Webhook<H> {
    async fn read(&self, request: Request) -> Result<Notification, Rejection> {
        if let Some(credentials) = &self.credentials {
            credentials.check(request.headers()).map_err(Rejection::Auth)?;
        }
        let body = timeout(BODY_TIME, Limited::new(request.into_body(), BODY_BYTES).collect()).await;
        let body: Bytes = match body {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Rejection::TooLarge),
            Ok(Err(error)) => return Err(Rejection::Malformed(error.to_string())),
            Err(_) => return Err(Rejection::Malformed("the body did not arrive in time".to_owned())),
        };
        Notification::read(&body).map_err(|error| Rejection::Malformed(error.to_string()))
    }

    fn reject(&self, rejection: Rejection) -> Response {
        let (reason, answer) = match rejection {
            Rejection::Auth(refusal) => {
                let challenge = self.credentials.as_ref().map_or("", Credentials::challenge);
                let status = if refusal == Refusal::Unreadable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNAUTHORIZED };
                ("auth", (status, [(header::WWW_AUTHENTICATE, challenge)], format!("{refusal}\n")).into_response())
            }
            Rejection::Malformed(why) => {
                ("malformed", (StatusCode::BAD_REQUEST, format!("not a notification of version 4: {why}\n")).into_response())
            }
            Rejection::TooLarge => ("too_large", (StatusCode::PAYLOAD_TOO_LARGE, format!("more than {BODY_BYTES} bytes\n")).into_response()),
        };
        self.rejected.add([reason], 1);
        answer
    }

    fn count(&self, name: &str, severity: &'static str, status: &'static str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.contains(name) || (names.len() < NAMES && names.insert(name.to_owned()));
        drop(names);
        self.received.add([if known { name } else { UNLISTED }, severity, status], 1);
    }
}

fn name(alert: &Alert) -> String {
    alert.labels.get("alertname").cloned().unwrap_or_default()
}

fn severity(alert: &Alert) -> &'static str {
    let severity = alert.labels.get("severity").map_or("none", String::as_str);
    SEVERITIES.into_iter().find(|known| *known == severity).unwrap_or(UNLISTED)
}

#[cfg(test)]
mod tests;
