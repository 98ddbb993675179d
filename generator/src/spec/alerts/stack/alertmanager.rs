//! Alertmanager: its configuration and its deliveries.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static FAILED_DELIVERIES: Threshold =
    Threshold::number("ALERT_DELIVERIES_FAILED", 0.0, 1e6, "Alertmanager has already tried again for minutes when it counts one as failed");

pub(super) fn all() -> Vec<Alert> {
    vec![delivery_fails(), config_reload_failed(), disagree()]
}

const FAILED: &str = r#"alertmanager_notifications_failed_total{job="alertmanager",instance="alertmanager:9093",integration="email"}"#;
const DROPPED: &str = r#"prometheus_notifications_dropped_total{job="prometheus",instance="prometheus:9090"}"#;

fn delivery_fails() -> Alert {
    Alert {
        name: "AlertDeliveryFails",
        expr: "sum by (instance, integration) (increase(alertmanager_notifications_failed_total[5m])) > ALERT_DELIVERIES_FAILED
or
sum by (instance) (increase(prometheus_notifications_dropped_total[5m])) > ALERT_DELIVERIES_FAILED"
            .to_owned(),
        thresholds: vec![&FAILED_DELIVERIES],
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: "{{ with $labels.integration }}Alerts do not get out by {{ . }}{{ else }}Alerts do not reach Alertmanager{{ end }} ({{ $labels.instance }}, about {{ printf \"%.0f\" $value }} in five minutes)".to_owned(),
        description: "Somebody who should know of something else does not. This alert goes out by the channels that still work.".to_owned(),
        meaning: "With an integration in the summary, Alertmanager could not hand messages to that channel. Without one, Prometheus could not hand \
                  alerts to Alertmanager and threw them away.",
        causes: &[
            "SMTP: a password that was changed, or a sender address that the server does not accept.",
            "Webhook: 401 (ALERTMANAGER_WEBHOOK_PASSWORD differs between the two containers), or the API is down.",
            "Slack: the hook was revoked, or the channel is archived.",
            "No integration: Alertmanager is down or not reachable from Prometheus.",
        ],
        queries: &[
            ("By channel", "sum by (integration) (increase(alertmanager_notifications_failed_total[5m]))"),
            ("What went out", "sum by (integration) (increase(alertmanager_notifications_total[5m]))"),
        ],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml logs alertmanager | grep -i 'notify'`: it prints the server's answer.",
            "Mend the secret in .env, then `docker compose -f docker-compose.monitoring.yml up -d --force-recreate alertmanager`.",
            "`cargo run -p generator -- --send-test http://127.0.0.1:9093` sends one marked alert per severity, to see each channel work.",
        ],
        page: Page::Graph("sum by (integration) (increase(alertmanager_notifications_failed_total[5m]))"),
        examples: vec![
            Example::new("mail is refused sixteen times", &[(FAILED, "0x20 16x60")])
                .quiet_at(seconds(360))
                .fires_at(
                    seconds(375),
                    Firing::new(
                        &[("instance", "alertmanager:9093"), ("integration", "email")],
                        "Alerts do not get out by email (alertmanager:9093, about 16 in five minutes)",
                    ),
                )
                .still_at(minutes(9))
                .quiet_at(minutes(12)),
            Example::new("Prometheus drops alerts", &[(DROPPED, "0x20 16x60")])
                .quiet_at(seconds(360))
                .fires_at(
                    seconds(375),
                    Firing::new(&[("instance", "prometheus:9090")], "Alerts do not reach Alertmanager (prometheus:9090, about 16 in five minutes)"),
                )
                .still_at(minutes(9))
                .quiet_at(minutes(12)),
            Example::at_threshold("everything is delivered", &[(FAILED, "2x40"), (DROPPED, "1x40")]).quiet_at(minutes(8)),
            Example::flapping("Alertmanager restarts", &[(FAILED, "2x20 0x40"), (DROPPED, "1x20 0x40")]).quiet_at(seconds(375)).quiet_at(minutes(8)),
            Example::missing("neither of the two is scraped", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}

const RELOAD: &str = r#"alertmanager_config_last_reload_successful{job="alertmanager",instance="alertmanager:9093"}"#;

fn config_reload_failed() -> Alert {
    Alert {
        name: "AlertmanagerConfigReloadFailed",
        expr: "alertmanager_config_last_reload_successful == 0".to_owned(),
        lasting: minutes(1),
        summary: "Alertmanager at {{ $labels.instance }} has not taken its new configuration".to_owned(),
        description: "Routes and receivers are still those from before the change, and it will not start with the new file.".to_owned(),
        meaning: "alertmanager.yml or a notification template could not be read at the last reload.",
        causes: &[
            "A template with a syntax error: it reads all of them before it accepts anything.",
            "A secret's file that is not mounted, such as slack_webhook_url after Slack was switched on.",
            "An address without a port as SMTP_HOST.",
        ],
        queries: &[("Reloads, good and bad", "alertmanager_config_last_reload_successful"), ("The file in force", "alertmanager_config_hash")],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml exec alertmanager amtool check-config /etc/alertmanager/alertmanager.yml`.",
            "Render the set again from .env, and send SIGHUP to alertmanager.",
        ],
        page: Page::Alerts,
        examples: vec![
            Example::new("a reload fails, and the next is good", &[(RELOAD, "1x3 0x9 1x20")])
                .quiet_at(seconds(105))
                .fires_at(
                    seconds(120),
                    Firing::new(
                        &[("job", "alertmanager"), ("instance", "alertmanager:9093")],
                        "Alertmanager at alertmanager:9093 has not taken its new configuration",
                    ),
                )
                .quiet_at(seconds(210)),
            Example::flapping("it is mended within the minute, twice", &[(RELOAD, "1x3 0x3 1 0x3 1x20")])
                .quiet_at(seconds(105))
                .quiet_at(seconds(180)),
            Example::missing("Alertmanager is not scraped", &[]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}

const HASH: &str = r#"alertmanager_config_hash{job="alertmanager",instance="alertmanager:9093"}"#;
const OTHER_HASH: &str = r#"alertmanager_config_hash{job="alertmanager",instance="alertmanager-2:9093"}"#;

fn disagree() -> Alert {
    Alert {
        name: "AlertmanagersDisagree",
        expr: r#"count by (job) (count_values by (job) ("hash", alertmanager_config_hash)) > 1"#.to_owned(),
        // Reloading one after the other takes a minute or two.
        lasting: minutes(10),
        summary: r#"Alertmanagers run with {{ printf "%.0f" $value }} different configurations"#.to_owned(),
        description: "Which receivers hear of an alert depends on which Alertmanager happens to send it.".to_owned(),
        meaning: "The hash of the configuration is not the same on all of them. With a single Alertmanager it cannot fire.",
        causes: &["One of them was not reloaded after a rendering.", "They mount different directories or different versions of the set."],
        queries: &[("Hash by instance", "alertmanager_config_hash"), ("Who is in the cluster", "alertmanager_cluster_members")],
        actions: &[
            "`sha256sum alertmanager.yml` where each of them mounts it: different files, or the same and not reloaded?",
            "Copy the same rendered set to both, and send SIGHUP to each.",
        ],
        page: Page::Graph("alertmanager_config_hash"),
        examples: vec![
            Example::new("one is reloaded, the other ten minutes later", &[(HASH, "7x90"), (OTHER_HASH, "7x3 8x43 7x20")])
                .quiet_at(seconds(645))
                .fires_at(seconds(660), Firing::new(&[("job", "alertmanager")], "Alertmanagers run with 2 different configurations"))
                .quiet_at(seconds(720)),
            Example::at_threshold("both have the same", &[(HASH, "7x60"), (OTHER_HASH, "7x60")]).quiet_at(minutes(14)),
            Example::flapping("two changes, each rolled out in five minutes", &[(HASH, "7x90"), (OTHER_HASH, "7x3 8x20 7 8x20 7x30")])
                .quiet_at(seconds(360))
                .quiet_at(seconds(675)),
            Example::missing("one of them is down", &[(HASH, "7x60"), (OTHER_HASH, "8x3 stale")]).quiet_at(minutes(14)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}
