//! What Alertmanager posts: version 4 of its webhook. <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Serialize};

/// The only version there is; another one may mean something else by the same words.
pub(super) const VERSION: &str = "4";

/// Alerts of one group.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Always `4`.
    pub version: String,
    /// The group's identity, the same in each of its notifications.
    pub group_key: String,
    /// Alerts left out since there were too many.
    #[serde(default)]
    pub truncated_alerts: u64,
    /// Firing as long as one of the alerts is.
    pub status: Status,
    /// Name of the receiver that leads here.
    pub receiver: String,
    /// Labels by which the group is made.
    #[serde(default)]
    pub group_labels: BTreeMap<String, String>,
    /// Labels that all its alerts share.
    #[serde(default)]
    pub common_labels: BTreeMap<String, String>,
    /// Annotations that all its alerts share.
    #[serde(default)]
    pub common_annotations: BTreeMap<String, String>,
    /// Where that Alertmanager is found.
    #[serde(default, rename = "externalURL")]
    pub external_url: String,
    /// The alerts.
    pub alerts: Vec<Alert>,
}

/// One alert.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Firing or resolved.
    pub status: Status,
    /// `alertname` and all the others.
    pub labels: BTreeMap<String, String>,
    /// Texts for people.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When it began, in RFC 3339.
    pub starts_at: String,
    /// When it ended, or will be taken to have ended.
    pub ends_at: String,
    /// What raised it.
    #[serde(default, rename = "generatorURL")]
    pub generator_url: String,
    /// Identity of its labels.
    #[serde(default)]
    pub fingerprint: String,
}

/// State of an alert or a group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is on.
    Firing,
    /// It is over.
    Resolved,
}

impl Status {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl Notification {
    /// Reads a request's body.
    ///
    /// # Errors
    /// It is not a notification of version 4.
    pub fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let notification: Self = serde_json::from_slice(body)?;
        if notification.version == VERSION {
            Ok(notification)
        } else {
            Err(serde::de::Error::custom(format!("version {:?}, expected {VERSION:?}", notification.version)))
        }
    }

    /// The same for a notification that is sent again: by group, and by the times of its alerts. The end of a firing alert is only a
    /// guess, and moves.
    pub(super) fn identity(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.group_key.hash(&mut hasher);
        self.receiver.hash(&mut hasher);
        for alert in &self.alerts {
            (alert.status, &alert.labels, &alert.starts_at).hash(&mut hasher);
            if alert.status == Status::Resolved {
                alert.ends_at.hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}
