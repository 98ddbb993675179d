//! Targets and what they say of their own collectors.

use crate::spec::alert::{Alert, Page};
use crate::spec::component;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

/// Name of the alert that a service's own Down alert inhibits.
pub(crate) const DOWN: &str = "TargetDown";

static SCRAPE_SLOW: Threshold =
    Threshold::number("EXPORTER_SCRAPE_SLOW_SECONDS", 5.0, 10.0, "Half of the scrape timeout: twice as slow, and the page is lost");

const UP: &str = r#"up{job="alertmanager",instance="alertmanager:9093"}"#;
const HOST_UP: &str = r#"up{job="node",instance="host.docker.internal:9100"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![down(), collector_failing(), scrape_slow()]
}

fn down() -> Alert {
    Alert {
        name: DOWN,
        // HostDown waits three minutes for a reboot, and so comes too late to inhibit this one.
        expr: r#"up{job!="node"} == 0"#.to_owned(),
        lasting: minutes(1),
        summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer its scrapes".to_owned(),
        description: "What this target measures is unknown until it answers again, and alerts about it cannot fire.".to_owned(),
        meaning: "For a minute Prometheus has not got a page from this target. A service's own Down alert of the same instance says the same \
                  and more, and inhibits this one; a host that is gone has HostDown only.",
        causes: &[
            "The program was stopped, or restarts again and again.",
            "It answers later than the scrape timeout.",
            "Its page is over one of the job's limits (the target's error says which).",
        ],
        queries: &[("Targets that are down", "up == 0"), ("How long scrapes took before", "scrape_duration_seconds")],
        actions: &[
            "Open the targets page: the column Error says what Prometheus met.",
            "`docker compose -f docker-compose.monitoring.yml ps`, then the logs of what is not healthy.",
        ],
        page: Page::AllTargets,
        examples: vec![
            Example::new("Alertmanager stops, and comes back", &[(UP, "1x3 0x7 1x8")])
                .quiet_at(seconds(105))
                .fires_at(
                    seconds(120),
                    Firing::new(
                        &[("job", "alertmanager"), ("instance", "alertmanager:9093")],
                        "alertmanager at alertmanager:9093 does not answer its scrapes",
                    ),
                )
                .quiet_at(seconds(180)),
            Example::new("every target answers", &[(UP, "1x20")]).quiet_at(minutes(5)),
            Example::new("a host reboots, of which HostDown will tell if it does not end", &[(HOST_UP, "0x20")]).quiet_at(minutes(5)),
            Example::flapping("it misses four scrapes, and four again", &[(UP, "1x3 0x3 1 0x3 1x8")]).quiet_at(seconds(105)).quiet_at(seconds(180)),
            Example::missing("no target is left", &[]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}

/// One comparison per exporter, since each says it under its own namespace.
fn collector_failing() -> Alert {
    let ours = component::ALL.into_iter().filter_map(|component| component.exporter).map(|exporter| exporter.collector_success.name());
    let all: Vec<String> = ["node_scrape_collector_success"].into_iter().chain(ours).map(|name| format!("{name} == 0")).collect();
    Alert {
        name: "ExporterCollectorFailing",
        expr: all.join("\nor\n"),
        lasting: minutes(5),
        summary: "Collector {{ $labels.collector }} of {{ $labels.instance }} fails".to_owned(),
        description: "A part of that page is missing, and the alerts and graphs that read it stand still or are empty.".to_owned(),
        meaning: "The exporter answers, but one of its collectors has failed in each scrape of five minutes. The others are not affected.",
        causes: &[
            "The watched server refuses that one command or view to the exporter's user.",
            "A newer server has renamed what the collector reads.",
            "The collector does not get its turn before the deadline of the scrape.",
        ],
        queries: &[
            ("Collectors that fail", "redis_exporter_collector_success == 0 or node_scrape_collector_success == 0"),
            ("What each of them takes", "redis_exporter_collector_duration_seconds"),
        ],
        actions: &[
            "The exporter's log has one line `Collector failed` from when it began, with the server's own words.",
            "`NOPERM` or `permission denied`: give the monitoring user the missing right.",
            "A collector that this server cannot have (no replication, no modules): switch it off with the exporter's flag.",
        ],
        page: Page::AllTargets,
        examples: collectors_fail(),
        ..Alert::owned_by(Service::Monitoring)
    }
}

fn collectors_fail() -> Vec<Example> {
    vec![
        Example::new("CONFIG is forbidden, and allowed again", &[(COLLECTOR, "1x3 0x23 1x20")])
            .quiet_at(seconds(345))
            .fires_at(
                seconds(360),
                Firing::new(
                    &[("job", "redis"), ("instance", "redis-exporter:9121"), ("collector", "config")],
                    "Collector config of redis-exporter:9121 fails",
                ),
            )
            .quiet_at(seconds(420)),
        Example::new("a collector of node-exporter fails", &[(NODE_COLLECTOR, "0x40")]).quiet_at(seconds(285)).fires_at(
            seconds(300),
            Firing::new(&[("job", "node"), ("instance", "web-1:9100"), ("collector", "nfs")], "Collector nfs of web-1:9100 fails"),
        ),
        Example::new("a collector of each of our exporters fails", &[(COLLECTOR, "0x40"), (POSTGRES_COLLECTOR, "0x40"), (CELERY_COLLECTOR, "0x40")])
            .all_fire_at(
                seconds(300),
                vec![
                    Firing::new(
                        &[("job", "redis"), ("instance", "redis-exporter:9121"), ("collector", "config")],
                        "Collector config of redis-exporter:9121 fails",
                    ),
                    Firing::new(
                        &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("collector", "locks")],
                        "Collector locks of postgres-exporter:9187 fails",
                    ),
                    Firing::new(
                        &[("job", "celery"), ("instance", "celery-exporter:9808"), ("collector", "queues")],
                        "Collector queues of celery-exporter:9808 fails",
                    ),
                ],
            ),
        Example::new("all collectors succeed", &[(COLLECTOR, "1x40"), (POSTGRES_COLLECTOR, "1x40"), (CELERY_COLLECTOR, "1x40")]).quiet_at(minutes(8)),
        Example::flapping("the server is slow for four minutes, twice", &[(COLLECTOR, "1x3 0x16 1 0x16 1x10")])
            .quiet_at(seconds(300))
            .quiet_at(seconds(570)),
        Example::missing("the exporter does not answer", &[(COLLECTOR, "0x3 stale")]).quiet_at(minutes(8)),
    ]
}

const COLLECTOR: &str = r#"redis_exporter_collector_success{job="redis",instance="redis-exporter:9121",collector="config"}"#;
const NODE_COLLECTOR: &str = r#"node_scrape_collector_success{job="node",instance="web-1:9100",collector="nfs"}"#;
const POSTGRES_COLLECTOR: &str = r#"pg_exporter_collector_success{job="postgres",instance="postgres-exporter:9187",collector="locks"}"#;
const CELERY_COLLECTOR: &str = r#"celery_exporter_collector_success{job="celery",instance="celery-exporter:9808",collector="queues"}"#;
const DURATION: &str = r#"scrape_duration_seconds{job="redis",instance="redis-exporter:9121"}"#;

fn scrape_slow() -> Alert {
    Alert {
        name: "ExporterScrapeSlow",
        expr: "scrape_duration_seconds > EXPORTER_SCRAPE_SLOW_SECONDS".to_owned(),
        thresholds: vec![&SCRAPE_SLOW],
        lasting: minutes(5),
        summary: "Scrapes of {{ $labels.job }} at {{ $labels.instance }} take {{ $value | humanizeDuration }}".to_owned(),
        description: "When they reach the timeout the whole page is lost, and with it every alert on this service.".to_owned(),
        meaning: "From Prometheus' side, fetching the page took more than half of the time that it may take, in each scrape of five minutes.",
        causes: &[
            "The watched server is slow to answer its statistics commands.",
            "The page has grown to tens of thousands of series.",
            "The exporter is held back by its CPU limit.",
        ],
        queries: &[("Duration by target", "scrape_duration_seconds"), ("Samples by target", "scrape_samples_scraped")],
        actions: &[
            "Compare with `<namespace>_exporter_collector_duration_seconds`: one slow collector, or all?",
            "One: switch it off, or lengthen its refresh interval. All: look at the watched server's load.",
            "Neither: `docker stats` of the exporter against its limits in docker-compose.monitoring.yml.",
        ],
        page: Page::Graph("scrape_duration_seconds"),
        examples: vec![
            Example::new("it takes six seconds, then little", &[(DURATION, "0.1x3 5.5x23 0.1x20")])
                .quiet_at(seconds(345))
                .fires_at(
                    seconds(360),
                    Firing::new(&[("job", "redis"), ("instance", "redis-exporter:9121")], "Scrapes of redis at redis-exporter:9121 take 5.5s"),
                )
                .quiet_at(seconds(420)),
            Example::at_threshold("exactly five seconds", &[(DURATION, "5x40")]).quiet_at(minutes(9)),
            Example::flapping("slow for four minutes, twice", &[(DURATION, "0.1x3 9x16 0.1 9x16 0.1x10")])
                .quiet_at(seconds(300))
                .quiet_at(seconds(570)),
            Example::missing("nothing is scraped", &[]).quiet_at(minutes(9)),
        ],
        scales: false,
        ..Alert::owned_by(Service::Monitoring)
    }
}
