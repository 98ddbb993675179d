//! One marked alert per severity, so that an operator sees every channel work before it is needed.

mod timestamp;

use std::collections::BTreeMap;
use std::fmt;
use std::thread;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::live::client::{Client, ClientError};
use crate::spec::severity::Severity;
use timestamp::timestamp;

/// What the alerts are called: no rule has this name, so no inhibition applies.
const NAME: &str = "NotificationTest";

/// The severities that reach people.
const SEVERITIES: [Severity; 3] = [Severity::Critical, Severity::Warning, Severity::Info];

/// Longer than any route waits before it tells, so that the alert is seen firing, and then it resolves itself.
const LASTING: Duration = Duration::from_mins(2);

/// Alertmanager shows an alert as soon as it has it; this is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks.
const POLL: Duration = Duration::from_millis(100);

/// Why the alerts were not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendTestError {
    /// Alertmanager does not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// An alert has no form in JSON.
    #[error("cannot write an alert")]
    Json(#[from] serde_json::Error),
    /// Alertmanager took an alert and does not show it.
    #[error("{url} accepted the test alerts and does not show the one of severity {severity}: look at its log")]
    Lost {
        /// Where Alertmanager is.
        url: String,
        /// The alert's severity.
        severity: &'static str,
    },
}

/// What was sent, and to which receivers Alertmanager gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    receivers: Vec<(&'static str, Vec<String>)>,
}

impl fmt::Display for Sent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (severity, receivers) in &self.receivers {
            writeln!(formatter, "{NAME} of severity {severity} was sent to receiver {}", receivers.join(", "))?;
        }
        writeln!(formatter, "They resolve themselves after {} s; look into every channel of these receivers.", LASTING.as_secs())?;
        write!(formatter, "For what does not arrive within a minute, Alertmanager's log says why: `msg=\"Notify attempt failed\"`.")
    }
}

/// An alert as Alertmanager takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<&'static str, &'static str>,
    annotations: BTreeMap<&'static str, String>,
    ends_at: String,
}

/// An alert as Alertmanager shows it.
#[derive(Deserialize)]
struct Shown {
    receivers: Vec<Receiver>,
}

#[derive(Deserialize)]
struct Receiver {
    name: String,
}

/// Sends them to the Alertmanager at `url`.
///
/// # Errors
/// When it does not answer, or does not show what it accepted.
pub fn send(url: &str) -> Result<Sent, SendTestError> {
    let client = Client::new(url)?;
    let ends_at = timestamp(SystemTime::now() + LASTING);
    let alerts: Vec<Alert> = SEVERITIES.map(|severity| alert(severity, &ends_at)).into();
    client.post("/api/v2/alerts", &serde_json::to_vec(&alerts)?)?;
    let receivers = SEVERITIES.map(|severity| Ok((severity.name(), receivers(&client, url, severity)?)));
    Ok(Sent { receivers: receivers.into_iter().collect::<Result<_, SendTestError>>()? })
}

fn alert(severity: Severity, ends_at: &str) -> Alert {
    let name = severity.name();
    Alert {
        // The instance keeps the three apart from each other, and from every real one.
        labels: [("alertname", NAME), ("severity", name), ("service", "monitoring"), ("team", "platform"), ("instance", "notification-test")].into(),
        annotations: [
            ("summary", format!("TEST: nothing is wrong. This is what an alert of severity {name} looks like")),
            ("description", format!("Sent by hand to see whether every channel of severity {name} works. It resolves itself.")),
        ]
        .into(),
        ends_at: ends_at.to_owned(),
    }
}

/// The receivers of the alert of one severity.
fn receivers(client: &Client, url: &str, severity: Severity) -> Result<Vec<String>, SendTestError> {
    let name = severity.name();
    let (alertname, matcher) = (format!("alertname=\"{NAME}\""), format!("severity=\"{name}\""));
    let end = SystemTime::now() + PATIENCE;
    loop {
        let shown: Vec<Shown> = client.get("Alertmanager", "/api/v2/alerts", &[("filter", &alertname), ("filter", &matcher)])?;
        if let Some(alert) = shown.into_iter().next() {
            return Ok(alert.receivers.into_iter().map(|receiver| receiver.name).collect());
        }
        if SystemTime::now() > end {
            return Err(SendTestError::Lost { url: url.to_owned(), severity: name });
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_says_that_it_is_a_test() {
        for severity in SEVERITIES {
            let alert = serde_json::to_value(alert(severity, "2026-01-01T00:00:00Z")).unwrap();
            assert!(alert["annotations"]["summary"].as_str().unwrap().starts_with("TEST: nothing is wrong."));
            assert_eq!((alert["labels"]["severity"].as_str(), alert["endsAt"].as_str()), (Some(severity.name()), Some("2026-01-01T00:00:00Z")));
        }
    }
}
