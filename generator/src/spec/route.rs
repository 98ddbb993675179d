//! Who hears of an alert, and how often.

use std::num::NonZeroU32;
use std::panic::Location;

use super::duration::Duration;
use super::severity::Severity;
use super::site::Site;

/// Alerts with the same values of these are one notification.
pub(crate) const GROUP_BY: [&str; 3] = ["alertname", "service", "instance"];

/// The way of all alerts of one severity.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) severity: Severity,
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
    pub(crate) channels: &'static [Channel],
    /// How long a new group waits for more of its alerts.
    pub(crate) group_wait: Duration,
    /// How long a group waits before it tells of changes.
    pub(crate) group_interval: Duration,
    /// How often a group that does not change is told of again.
    pub(crate) repeat_interval: Duration,
}

/// Where all of them stand.
pub(crate) const LOCATION: &Location<'static> = Location::caller();

/// A way out of Alertmanager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// To the site's address.
    Email,
    /// To the site's channel; none, if the site has no Slack.
    Slack,
    /// The site's own webhook, with basic authentication.
    Webhook,
    /// The service that notices silence; none, if the site has no `HEARTBEAT_URL`.
    Heartbeat,
}

impl Route {
    /// The channels that the site has.
    pub(crate) fn channels_of(&self, site: &Site) -> impl Iterator<Item = Channel> {
        let missing = |channel: Channel| match channel {
            Channel::Slack => !site.slack.is_set(),
            Channel::Heartbeat => site.heartbeat_url.is_none(),
            Channel::Email | Channel::Webhook => false,
        };
        self.channels.iter().copied().filter(move |channel| !missing(*channel))
    }

    /// Name of the receiver.
    pub(crate) fn receiver(&self) -> &'static str {
        if self.severity == Severity::None { "heartbeat" } else { self.severity.name() }
    }

    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        self.group_wait = self.group_wait.divided_by(scale);
        self.group_interval = self.group_interval.divided_by(scale);
        self.repeat_interval = self.repeat_interval.divided_by(scale);
        self
    }
}

/// A route for every severity, the most urgent first.
pub(crate) fn all() -> Vec<Route> {
    vec![
        Route {
            severity: Severity::Critical,
            location: Location::caller(),
            channels: &[Channel::Email, Channel::Slack, Channel::Webhook],
            group_wait: Duration::seconds(10),
            group_interval: Duration::minutes(1),
            repeat_interval: Duration::minutes(5),
        },
        Route {
            severity: Severity::Warning,
            location: Location::caller(),
            channels: &[Channel::Email, Channel::Webhook],
            group_wait: Duration::seconds(30),
            group_interval: Duration::minutes(5),
            repeat_interval: Duration::minutes(30),
        },
        Route {
            severity: Severity::Info,
            location: Location::caller(),
            channels: &[Channel::Webhook],
            group_wait: Duration::seconds(30),
            group_interval: Duration::minutes(5),
            repeat_interval: Duration::hours(12),
        },
        // Once a minute: heartbeat services call the alarm after a few minutes of silence.
        Route {
            severity: Severity::None,
            location: Location::caller(),
            channels: &[Channel::Heartbeat],
            group_wait: Duration::ZERO,
            group_interval: Duration::minutes(1),
            repeat_interval: Duration::minutes(1),
        },
    ]
}
