//! `alertmanager.yml`, in the keys that Alertmanager 0.25 and 0.3x both read.

use serde::Serialize;

use super::{File, Place, RenderError, notifications, yaml};
use crate::spec::Spec;
use crate::spec::duration::Duration;
use crate::spec::inhibition::Inhibition;
use crate::spec::route::{Channel, GROUP_BY, Route};
use crate::spec::severity::Severity;
use crate::spec::site::Site;
use crate::spec::variable;

#[derive(Serialize)]
struct Configuration<'a> {
    global: Global<'a>,
    templates: [&'static str; 1],
    route: Root,
    inhibit_rules: Vec<InhibitRule>,
    receivers: Vec<Receiver<'a>>,
}

#[derive(Serialize)]
struct Global<'a> {
    resolve_timeout: Duration,
    smtp_smarthost: &'a str,
    smtp_from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp_auth_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp_auth_password_file: Option<String>,
    smtp_require_tls: bool,
}

#[derive(Serialize)]
struct Root {
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver: Option<&'static str>,
    group_by: [&'static str; 3],
    routes: Vec<Branch>,
}

#[derive(Serialize)]
struct Branch {
    receiver: &'static str,
    matchers: [String; 1],
    group_wait: Duration,
    group_interval: Duration,
    repeat_interval: Duration,
}

#[derive(Serialize)]
struct InhibitRule {
    source_matchers: [String; 1],
    /// The alerts of one source with the same `equal` are one rule.
    target_matchers: [String; 1],
    equal: &'static [&'static str],
}

#[derive(Serialize)]
struct Receiver<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    email_configs: Vec<Email<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slack_configs: Vec<Slack<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    webhook_configs: Vec<Webhook<'a>>,
}

#[derive(Serialize)]
struct Email<'a> {
    to: &'a str,
    send_resolved: bool,
    headers: Headers,
    html: &'static str,
    text: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Headers {
    subject: &'static str,
}

#[derive(Serialize)]
struct Slack<'a> {
    api_url_file: String,
    channel: &'a str,
    send_resolved: bool,
    color: &'static str,
    title: &'static str,
    title_link: &'static str,
    text: &'static str,
    fallback: &'static str,
}

#[derive(Serialize)]
struct Webhook<'a> {
    url: &'a str,
    send_resolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_config: Option<Http<'a>>,
}

#[derive(Serialize)]
struct Http<'a> {
    /// A redirect would take the password to another host.
    follow_redirects: bool,
    basic_auth: BasicAuth<'a>,
}

#[derive(Serialize)]
struct BasicAuth<'a> {
    username: &'a str,
    password_file: String,
}

pub(super) fn file(spec: &Spec) -> Result<File, RenderError> {
    let site = &spec.site;
    let user = (!site.smtp_user.is_empty()).then_some(site.smtp_user.as_str());
    let configuration = Configuration {
        global: Global {
            resolve_timeout: spec.resolve_timeout,
            smtp_smarthost: &site.smtp_host,
            smtp_from: &site.email_from,
            smtp_auth_username: user,
            smtp_auth_password_file: user.map(|_| site.secret_path(&variable::SMTP_PASSWORD)),
            smtp_require_tls: site.smtp_require_tls,
        },
        templates: [notifications::PATTERN],
        route: Root {
            // An alert that no route takes, from another Prometheus say, wakes somebody instead of getting lost.
            receiver: spec.routes.iter().find(|route| route.severity != Severity::None).map(Route::receiver),
            group_by: GROUP_BY,
            routes: spec.routes.iter().map(branch).collect(),
        },
        inhibit_rules: inhibit_rules(&spec.inhibitions),
        receivers: spec.routes.iter().map(|route| receiver(route, &spec.site)).collect(),
    };
    yaml::file(Place::Set, "alertmanager.yml", &configuration)
}

/// One rule for all targets of a source with the same labels to be equal.
fn inhibit_rules(inhibitions: &[Inhibition]) -> Vec<InhibitRule> {
    let mut rules: Vec<(&str, &'static [&'static str], Vec<&str>)> = Vec::new();
    for Inhibition { source, target, equal, .. } in inhibitions {
        match rules.iter_mut().find(|(other, labels, _)| other == source && labels == equal) {
            Some((_, _, targets)) => targets.push(target),
            None => rules.push((source, equal, vec![target])),
        }
    }
    let rule = |(source, equal, targets): (&str, _, Vec<&str>)| InhibitRule {
        source_matchers: [matcher("alertname", source)],
        target_matchers: [match targets.as_slice() {
            [target] => matcher("alertname", target),
            targets => format!("alertname=~\"{}\"", targets.join("|")),
        }],
        equal,
    };
    rules.into_iter().map(rule).collect()
}

fn matcher(label: &str, value: &str) -> String {
    format!("{label}=\"{value}\"")
}

fn branch(route: &Route) -> Branch {
    Branch {
        receiver: route.receiver(),
        matchers: [matcher("severity", route.severity.name())],
        group_wait: route.group_wait,
        group_interval: route.group_interval,
        repeat_interval: route.repeat_interval,
    }
}

fn receiver<'a>(route: &Route, site: &'a Site) -> Receiver<'a> {
    let mut receiver = Receiver { name: route.receiver(), email_configs: Vec::new(), slack_configs: Vec::new(), webhook_configs: Vec::new() };
    for channel in route.channels_of(site) {
        match channel {
            Channel::Email => receiver.email_configs.push(email(site)),
            Channel::Slack => receiver.slack_configs.push(slack(site)),
            Channel::Webhook => receiver.webhook_configs.push(webhook(site)),
            Channel::Heartbeat => receiver.webhook_configs.extend(site.heartbeat_url.as_deref().map(heartbeat)),
        }
    }
    receiver
}

fn email(site: &Site) -> Email<'_> {
    Email {
        to: &site.email_to,
        send_resolved: true,
        headers: Headers { subject: r#"{{ template "selextract.subject" . }}"# },
        html: r#"{{ template "selextract.email.html" . }}"#,
        text: r#"{{ template "selextract.email.text" . }}"#,
    }
}

fn slack(site: &Site) -> Slack<'_> {
    Slack {
        api_url_file: site.secret_path(&variable::SLACK_WEBHOOK_URL),
        channel: &site.slack_channel,
        send_resolved: true,
        color: r#"{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}"#,
        title: r#"{{ template "selextract.subject" . }}"#,
        title_link: r#"{{ template "selextract.slack.link" . }}"#,
        text: r#"{{ template "selextract.slack.text" . }}"#,
        fallback: r#"{{ template "selextract.subject" . }}"#,
    }
}

fn webhook(site: &Site) -> Webhook<'_> {
    let basic_auth = BasicAuth { username: &site.webhook_user, password_file: site.secret_path(&variable::WEBHOOK_PASSWORD) };
    Webhook { url: &site.webhook_url, send_resolved: true, http_config: Some(Http { follow_redirects: false, basic_auth }) }
}

fn heartbeat(url: &str) -> Webhook<'_> {
    Webhook { url, send_resolved: false, http_config: None }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use crate::spec::site::Site;

    #[test]
    fn without_a_heartbeat_the_watchdog_is_kept_inside() {
        let text = text_of(&Site::default(), "alertmanager.yml");
        assert!(text.ends_with("- name: heartbeat\n"), "{text}");
    }

    #[test]
    fn each_severity_has_its_channels() {
        let mut site = Site::default();
        site.read_env("SLACK_WEBHOOK_URL=https://hooks.example/x").unwrap();
        let text = text_of(&site, "alertmanager.yml");
        let channels = |name: &str| {
            let (_, receiver) = text.split_once(&format!("\n- name: {name}\n")).unwrap_or_default();
            let receiver = receiver.split("\n- name: ").next().unwrap_or_default();
            ["email_configs", "slack_configs", "webhook_configs"].map(|channel| receiver.contains(channel))
        };
        assert_eq!((channels("critical"), channels("warning"), channels("info")), ([true; 3], [true, false, true], [false, false, true]));
        assert!(!text_of(&Site::default(), "alertmanager.yml").contains("slack"));
    }

    #[test]
    fn a_mail_server_without_a_user_gets_no_password() {
        let mut site = Site::default();
        site.read_file("email:\n  user: ''\n  require_tls: false\n").unwrap();
        let text = text_of(&site, "alertmanager.yml");
        assert!(!text.contains("smtp_auth") && text.contains("smtp_require_tls: false"), "{text}");
    }

    #[test]
    fn a_heartbeat_gets_the_watchdog_and_no_password() {
        let mut site = Site::default();
        site.read_env("HEARTBEAT_URL=https://beat.example/x").unwrap();
        let text = text_of(&site, "alertmanager.yml");
        assert!(text.ends_with("- name: heartbeat\n  webhook_configs:\n  - url: https://beat.example/x\n    send_resolved: false\n"), "{text}");
    }
}
