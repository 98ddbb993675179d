//! Prometheus and Alertmanager, where there are several: each is seen by the other.

use crate::spec::alert::{Alert, Page};
use crate::spec::component::{ALERTMANAGER, PROMETHEUS};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the alert of a Prometheus that is gone, for the inhibition of what follows from it.
pub(crate) const PROMETHEUS_DOWN: &str = "PrometheusDown";

/// The same of an Alertmanager.
pub(crate) const ALERTMANAGER_DOWN: &str = "AlertmanagerDown";

/// Both stand before `TargetDown`, which they inhibit.
pub(super) fn all() -> Vec<Alert> {
    vec![prometheus_down(), alertmanager_down()]
}

const PROMETHEUS_UP: &str = r#"up{job="prometheus",instance="prometheus:9090"}"#;
const OTHER_PROMETHEUS_UP: &str = r#"up{job="prometheus",instance="prometheus-2:9090"}"#;

fn prometheus_down() -> Alert {
    let gone = Firing::new(&[("job", "prometheus"), ("instance", "prometheus-2:9090")], "Prometheus at prometheus-2:9090 does not answer");
    Alert {
        name: PROMETHEUS_DOWN,
        expr: r#"up{job="prometheus"} == 0"#.to_owned(),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: "Prometheus at {{ $labels.instance }} does not answer".to_owned(),
        description: "The other one still evaluates every rule and sends every alert. If that ends too, nobody hears of anything.".to_owned(),
        meaning: "One Prometheus of the pair has not answered the other for a minute. What it did not scrape meanwhile is missing on its own disk only.",
        causes: &[
            "It replays its write-ahead log after a restart, which takes minutes with a full head block.",
            "It was ended for want of memory: a query over months, or a target with too many series.",
            "Its data volume is full, or was mounted read-only.",
        ],
        queries: &[
            ("Memory before it went", r#"process_resident_memory_bytes{job="prometheus"}"#),
            ("Series that each of the two holds", "prometheus_tsdb_head_series"),
        ],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml ps prometheus prometheus-2`, then the logs of the one that is gone.",
            "`msg=\"Replaying WAL\"` in its log: wait, it will come back by itself.",
            "`no space left on device`: make room on the data volume, then start it again.",
        ],
        page: Page::Targets(PROMETHEUS.job),
        examples: vec![
            Example::new("the other one stops, and comes back", &[(PROMETHEUS_UP, "1x20"), (OTHER_PROMETHEUS_UP, "1x3 0x9 1x8")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), gone)
                .quiet_at(seconds(210)),
            Example::new("both are well", &[(PROMETHEUS_UP, "1x20"), (OTHER_PROMETHEUS_UP, "1x20")]).quiet_at(minutes(4)),
            Example::flapping("the other one restarts twice", &[(PROMETHEUS_UP, "1x20"), (OTHER_PROMETHEUS_UP, "1x3 0x3 1 0x3 1x8")])
                .quiet_at(seconds(105))
                .quiet_at(seconds(180)),
            Example::missing("the other one is not a target yet", &[(PROMETHEUS_UP, "1x20")]).quiet_at(minutes(4)),
        ],
        among_several: Some(&PROMETHEUS),
        ..Alert::owned_by(Service::Monitoring)
    }
}

const ALERTMANAGER_UP: &str = r#"up{job="alertmanager",instance="alertmanager:9093"}"#;
const OTHER_ALERTMANAGER_UP: &str = r#"up{job="alertmanager",instance="alertmanager-2:9093"}"#;

fn alertmanager_down() -> Alert {
    let gone = Firing::new(&[("job", "alertmanager"), ("instance", "alertmanager:9093")], "Alertmanager at alertmanager:9093 does not answer");
    Alert {
        name: ALERTMANAGER_DOWN,
        expr: r#"up{job="alertmanager"} == 0"#.to_owned(),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: "Alertmanager at {{ $labels.instance }} does not answer".to_owned(),
        description: "Its peer still sends every notification. Silences that are made now reach the missing one when it is back.".to_owned(),
        meaning: "One Alertmanager of the cluster has not answered Prometheus for a minute. This very message came by way of another.",
        causes: &[
            "It does not start with a configuration that it cannot read: a missing secret's file, a broken template.",
            "Its container was ended, or its image is being replaced.",
            "The two see each other on port 9094 only by name: a network of its own cuts it off from Prometheus as well.",
        ],
        queries: &[("Members that each of them sees", "alertmanager_cluster_members"), ("Which configuration each runs", "alertmanager_config_hash")],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml logs --tail 50 alertmanager alertmanager-2`: the last line of the one that is gone.",
            "`amtool check-config alertmanager.yml` in the rendered set, before it is started again.",
            "Once it is back, `alertmanager_cluster_members` is 2 on both: silences and the log of notifications are shared again.",
        ],
        page: Page::Targets(ALERTMANAGER.job),
        examples: vec![
            Example::new("one of them stops, and comes back", &[(ALERTMANAGER_UP, "1x3 0x9 1x8"), (OTHER_ALERTMANAGER_UP, "1x20")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), gone)
                .quiet_at(seconds(210)),
            Example::new("all are well", &[(ALERTMANAGER_UP, "1x20"), (OTHER_ALERTMANAGER_UP, "1x20")]).quiet_at(minutes(4)),
            Example::flapping("one of them restarts twice", &[(ALERTMANAGER_UP, "1x3 0x3 1 0x3 1x8"), (OTHER_ALERTMANAGER_UP, "1x20")])
                .quiet_at(seconds(105))
                .quiet_at(seconds(180)),
            Example::missing("one of them is not a target yet", &[(OTHER_ALERTMANAGER_UP, "1x20")]).quiet_at(minutes(4)),
        ],
        among_several: Some(&ALERTMANAGER),
        ..Alert::owned_by(Service::Monitoring)
    }
}
