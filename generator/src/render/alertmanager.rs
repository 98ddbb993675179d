//! `alertmanager.yml`, in the keys that Alertmanager 0.25 and 0.3x both read.

use serde::Serialize;

use super::{File, Place, RenderError, yaml};
use crate::spec::Spec;
use crate::spec::duration::Duration;
use crate::spec::route::{Channel, GROUP_BY, Route};
use crate::spec::severity::Severity;
use crate::spec::site::Site;
use crate::spec::variable;

#[derive(Serialize)]
struct Configuration<'a> {
    global: Global,
    route: Root,
    inhibit_rules: Vec<InhibitRule>,
    receivers: Vec<Receiver<'a>>,
}

#[derive(Serialize)]
struct Global {
    resolve_timeout: Duration,
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
    target_matchers: [String; 1],
    equal: &'static [&'static str],
}

#[derive(Serialize)]
struct Receiver<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    webhook_configs: Vec<Webhook<'a>>,
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
    let inhibit_rules = spec.inhibitions.iter().map(|inhibition| InhibitRule {
        source_matchers: [matcher("alertname", inhibition.source)],
        target_matchers: [matcher("alertname", inhibition.target)],
        equal: inhibition.equal,
    });
    let configuration = Configuration {
        global: Global { resolve_timeout: spec.resolve_timeout },
        route: Root {
            // An alert that no route takes, from another Prometheus say, wakes somebody instead of getting lost.
            receiver: spec.routes.iter().find(|route| route.severity != Severity::None).map(Route::receiver),
            group_by: GROUP_BY,
            routes: spec.routes.iter().map(branch).collect(),
        },
        inhibit_rules: inhibit_rules.collect(),
        receivers: spec.routes.iter().map(|route| receiver(route, &spec.site)).collect(),
    };
    yaml::file(Place::Set, "alertmanager.yml", &configuration)
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
    let webhooks = route.channels.iter().filter_map(|channel| match channel {
        Channel::Webhook => Some(Webhook {
            url: &site.webhook_url,
            send_resolved: true,
            http_config: Some(Http {
                follow_redirects: false,
                basic_auth: BasicAuth { username: &site.webhook_user, password_file: site.secret_path(&variable::WEBHOOK_PASSWORD) },
            }),
        }),
        Channel::Heartbeat => site.heartbeat_url.as_deref().map(|url| Webhook { url, send_resolved: false, http_config: None }),
    });
    Receiver { name: route.receiver(), webhook_configs: webhooks.collect() }
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
    fn a_heartbeat_gets_the_watchdog_and_no_password() {
        let mut site = Site::default();
        site.read_env("HEARTBEAT_URL=https://beat.example/x").unwrap();
        let text = text_of(&site, "alertmanager.yml");
        assert!(text.ends_with("- name: heartbeat\n  webhook_configs:\n  - url: https://beat.example/x\n    send_resolved: false\n"), "{text}");
    }
}
