//! `alertmanager.yml`: which receivers an alert reaches, and by which channels.

use serde::Deserialize;

use super::Labels;

/// The whole configuration, as far as it decides who hears of what.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Notifications {
    route: Route,
    #[serde(default)]
    pub(crate) inhibit_rules: Vec<InhibitRule>,
    receivers: Vec<Receiver>,
}

#[derive(Clone, Debug, Deserialize)]
struct Route {
    receiver: Option<String>,
    #[serde(default)]
    matchers: Vec<String>,
    group_by: Option<Vec<String>>,
    group_wait: Option<String>,
    group_interval: Option<String>,
    repeat_interval: Option<String>,
    #[serde(default)]
    r#continue: bool,
    #[serde(default)]
    routes: Vec<Self>,
}

/// An alert that silences others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct InhibitRule {
    #[serde(default)]
    pub(crate) source_matchers: Vec<String>,
    #[serde(default)]
    pub(crate) target_matchers: Vec<String>,
    #[serde(default)]
    pub(crate) equal: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Receiver {
    name: String,
    #[serde(default)]
    email_configs: Vec<Email>,
    #[serde(default)]
    slack_configs: Vec<Slack>,
    #[serde(default)]
    webhook_configs: Vec<Webhook>,
}

#[derive(Clone, Debug, Deserialize)]
struct Email {
    to: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Slack {
    channel: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Webhook {
    url: String,
}

/// A way out of Alertmanager, with where it leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// An e-mail address.
    Email(String),
    /// A Slack channel.
    Slack(String),
    /// A URL.
    Webhook(String),
}

/// How an alert leaves: one receiver of the routes that take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) receiver: String,
    pub(crate) channels: Vec<Channel>,
    pub(crate) group_by: Vec<String>,
    pub(crate) group_wait: String,
    pub(crate) group_interval: String,
    pub(crate) repeat_interval: String,
}

impl std::fmt::Display for Channel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Email(address) => write!(formatter, "e-mail to {address}"),
            Self::Slack(channel) => write!(formatter, "Slack in {channel}"),
            Self::Webhook(url) => write!(formatter, "webhook {url}"),
        }
    }
}

impl Notifications {
    /// Where an alert with these labels goes.
    ///
    /// # Errors
    /// When a matcher is of a form that this generator does not render.
    pub(crate) fn deliveries(&self, labels: &Labels) -> Result<Vec<Delivery>, String> {
        // Alertmanager's own defaults.
        let default = Delivery {
            receiver: String::new(),
            channels: Vec::new(),
            group_by: Vec::new(),
            group_wait: "30s".to_owned(),
            group_interval: "5m".to_owned(),
            repeat_interval: "4h".to_owned(),
        };
        let mut found = Vec::new();
        self.walk(&self.route, &default, labels, &mut found)?;
        Ok(found)
    }

    fn walk(&self, route: &Route, above: &Delivery, labels: &Labels, found: &mut Vec<Delivery>) -> Result<(), String> {
        let mut here = above.clone();
        for (own, inherited) in [
            (&route.receiver, &mut here.receiver),
            (&route.group_wait, &mut here.group_wait),
            (&route.group_interval, &mut here.group_interval),
            (&route.repeat_interval, &mut here.repeat_interval),
        ] {
            if let Some(own) = own {
                inherited.clone_from(own);
            }
        }
        if let Some(own) = &route.group_by {
            here.group_by.clone_from(own);
        }
        let before = found.len();
        for child in &route.routes {
            if matches(&child.matchers, labels)? {
                self.walk(child, &here, labels, found)?;
                if !child.r#continue {
                    break;
                }
            }
        }
        if found.len() == before {
            here.channels = self.channels(&here.receiver);
            found.push(here);
        }
        Ok(())
    }

    /// The channels of a receiver, in a fixed order.
    pub(crate) fn channels(&self, receiver: &str) -> Vec<Channel> {
        let mut channels = Vec::new();
        for receiver in self.receivers.iter().filter(|one| one.name == receiver) {
            channels.extend(receiver.email_configs.iter().map(|email| Channel::Email(email.to.clone())));
            channels.extend(receiver.slack_configs.iter().map(|slack| Channel::Slack(slack.channel.clone().unwrap_or_default())));
            channels.extend(receiver.webhook_configs.iter().map(|webhook| Channel::Webhook(webhook.url.clone())));
        }
        channels.sort();
        channels
    }
}

/// Whether labels satisfy every matcher. A label that is missing is an empty one.
fn matches(matchers: &[String], labels: &Labels) -> Result<bool, String> {
    for matcher in matchers {
        let (name, operator, value) = parts(matcher).ok_or_else(|| format!("matcher {matcher} is none of label=\"value\" and label!=\"value\""))?;
        let equal = labels.get(name).map_or("", String::as_str) == value;
        if equal != (operator == "=") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Label, operator and value of `label="value"`.
fn parts(matcher: &str) -> Option<(&str, &str, &str)> {
    let (head, value) = matcher.split_once('=')?;
    let (name, operator) = head.strip_suffix('!').map_or((head, "="), |name| (name, "!="));
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some((name.trim(), operator, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notifications() -> Notifications {
        let text = "
route:
  receiver: first
  group_by: [alertname]
  repeat_interval: 1h
  routes:
  - receiver: second
    matchers: ['severity=\"critical\"', 'team!=\"other\"']
    repeat_interval: 5m
    continue: true
  - receiver: third
    matchers: ['severity=\"critical\"']
receivers:
- name: first
- name: second
  webhook_configs: [{url: http://h/}]
  email_configs: [{to: a@b}]
- name: third
  slack_configs: [{channel: '#c'}]
";
        serde_yaml::from_str(text).unwrap()
    }

    fn receivers(labels: &[(&str, &str)]) -> Vec<(String, String)> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let deliveries = notifications().deliveries(&labels).unwrap();
        deliveries.into_iter().map(|delivery| (delivery.receiver, delivery.repeat_interval)).collect()
    }

    #[test]
    fn routes_are_walked_as_alertmanager_walks_them() {
        let expected =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(receiver, repeat)| ((*receiver).to_owned(), (*repeat).to_owned())).collect::<Vec<_>>();
        assert_eq!(receivers(&[]), expected(&[("first", "1h")]));
        assert_eq!(receivers(&[("severity", "critical")]), expected(&[("second", "5m"), ("third", "1h")]));
        assert_eq!(receivers(&[("severity", "critical"), ("team", "other")]), expected(&[("third", "1h")]));
    }

    #[test]
    fn channels_are_those_of_the_receiver() {
        assert_eq!(notifications().channels("second"), [Channel::Email("a@b".to_owned()), Channel::Webhook("http://h/".to_owned())]);
    }

    #[test]
    fn matchers_of_other_forms_are_not_guessed() {
        let mut notifications = notifications();
        notifications.route.routes[0].matchers = vec!["severity=~\"a|b\"".to_owned()];
        assert_eq!(
            notifications.deliveries(&Labels::new()).unwrap_err(),
            "matcher severity=~\"a|b\" is none of label=\"value\" and label!=\"value\""
        );
    }
}
