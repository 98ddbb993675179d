//! Prometheus: its configuration, its rules, its series.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static RULE_FAILURES: Threshold = Threshold::number("PROMETHEUS_RULE_FAILURES", 0.0, 1e6, "A rule that fails is an alert that cannot fire");

static DROPPED_SAMPLES: Threshold =
    Threshold::number("PROMETHEUS_DROPPED_SAMPLES", 0.0, 1e6, "Nothing in this stack sends samples that may be refused");

static SERIES: Threshold =
    Threshold::number("PROMETHEUS_SERIES", 500_000.0, 1e8, "At 3 kB for each, half a million fill the memory that the container has beside queries");

const PROMETHEUS: &[(&str, &str)] = &[("job", "prometheus"), ("instance", "prometheus:9090")];
const INSTANCE: &[(&str, &str)] = &[("instance", "prometheus:9090")];

const RELOAD: &str = r#"prometheus_config_last_reload_successful{job="prometheus",instance="prometheus:9090"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![config_reload_failed(), rule_failures(), drops_samples(), cardinality_high()]
}

fn config_reload_failed() -> Alert {
    Alert {
        name: "PrometheusConfigReloadFailed",
        expr: "prometheus_config_last_reload_successful == 0".to_owned(),
        lasting: minutes(1),
        summary: "Prometheus at {{ $labels.instance }} runs with an old configuration".to_owned(),
        description: "New rules and targets are not in force; after a restart it would not come up at all.".to_owned(),
        meaning: "It was told to reload and could not read prometheus.yml or a rule file, so it went on with what it had.",
        causes: &[
            "A rendered file was edited by hand.",
            "The mounted directory is not the one that was rendered (CONFIG_DIR).",
            "`credentials_file` of the API's job is missing: METRICS_TOKEN was set in one place only.",
        ],
        queries: &[("Since when", "prometheus_config_last_reload_successful")],
        actions: &[
            "`docker compose -f docker-compose.monitoring.yml exec prometheus promtool check config /etc/prometheus/prometheus.yml`.",
            "`cargo run -p generator -- --check` names files that differ from their rendering; render them again.",
            "`docker compose -f docker-compose.monitoring.yml kill -s HUP prometheus`.",
        ],
        page: Page::Rules,
        examples: vec![
            Example::new("a reload fails, the next succeeds", &[(RELOAD, "1x3 0x9 1x20")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), Firing::new(PROMETHEUS, "Prometheus at prometheus:9090 runs with an old configuration"))
                .quiet_at(seconds(210)),
            Example::flapping("it is mended within a minute, twice", &[(RELOAD, "1x3 0x3 1 0x3 1x20")]).quiet_at(seconds(105)).quiet_at(seconds(180)),
            Example::missing("Prometheus does not scrape itself", &[]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}

const FAILURES: &str = r#"prometheus_rule_evaluation_failures_total{job="prometheus",instance="prometheus:9090",rule_group="r;alerts"}"#;

fn rule_failures() -> Alert {
    Alert {
        name: "PrometheusRuleFailures",
        expr: "sum by (instance, rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > PROMETHEUS_RULE_FAILURES".to_owned(),
        thresholds: vec![&RULE_FAILURES],
        lasting: minutes(1),
        summary: r#"Rules of {{ $labels.rule_group }} on {{ $labels.instance }} failed about {{ printf "%.0f" $value }} times"#.to_owned(),
        description: "The alerts of that group do not fire, whatever happens, while their rule fails.".to_owned(),
        meaning: "An expression could not be evaluated. Every rule here was checked when it was rendered, so what is left are series that were not \
                  foreseen: two on the one side of a match, most often.",
        causes: &[
            "Two exporters that report the same server under the same instance.",
            "A target that was added by hand and carries labels of its own.",
            "A query that exceeds `query.max-samples`.",
        ],
        queries: &[
            ("Failures by group", "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m]))"),
            ("Evaluations that were left out", "increase(prometheus_rule_group_iterations_missed_total[5m])"),
        ],
        actions: &[
            "Prometheus' page Rules shows the error beside the rule, in red.",
            "`many-to-many matching not allowed` names both series: give their targets different instances.",
        ],
        page: Page::Rules,
        examples: vec![
            Example::new("a rule fails sixteen times", &[(FAILURES, "0x20 16x60")])
                .quiet_at(seconds(360))
                .fires_at(
                    seconds(375),
                    Firing::new(
                        &[("instance", "prometheus:9090"), ("rule_group", "r;alerts")],
                        "Rules of r;alerts on prometheus:9090 failed about 16 times",
                    ),
                )
                .still_at(minutes(9))
                .quiet_at(minutes(12)),
            Example::at_threshold("none fails", &[(FAILURES, "4x40")]).quiet_at(minutes(8)),
            Example::flapping("Prometheus restarts", &[(FAILURES, "4x20 0x40")]).quiet_at(seconds(375)).quiet_at(minutes(8)),
            Example::missing("there are no rules yet", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}

const OUT_OF_ORDER: &str = r#"prometheus_target_scrapes_sample_out_of_order_total{job="prometheus",instance="prometheus:9090"}"#;
const OUT_OF_BOUNDS: &str = r#"prometheus_target_scrapes_sample_out_of_bounds_total{job="prometheus",instance="prometheus:9090"}"#;
const DUPLICATE: &str = r#"prometheus_target_scrapes_sample_duplicate_timestamp_total{job="prometheus",instance="prometheus:9090"}"#;
const OVER_LIMIT: &str = r#"prometheus_target_scrapes_exceeded_sample_limit_total{job="prometheus",instance="prometheus:9090"}"#;
const OVER_SIZE: &str = r#"prometheus_target_scrapes_exceeded_body_size_limit_total{job="prometheus",instance="prometheus:9090"}"#;

fn drops_samples() -> Alert {
    Alert {
        name: "PrometheusDropsSamples",
        expr: "increase(prometheus_target_scrapes_sample_out_of_order_total[5m])
  + increase(prometheus_target_scrapes_sample_out_of_bounds_total[5m])
  + increase(prometheus_target_scrapes_sample_duplicate_timestamp_total[5m])
  + increase(prometheus_target_scrapes_exceeded_sample_limit_total[5m])
  + increase(prometheus_target_scrapes_exceeded_body_size_limit_total[5m])
  > PROMETHEUS_DROPPED_SAMPLES"
            .to_owned(),
        thresholds: vec![&DROPPED_SAMPLES],
        lasting: minutes(1),
        summary: r#"Prometheus at {{ $labels.instance }} has refused about {{ printf "%.0f" $value }} samples or pages in five minutes"#.to_owned(),
        description: "Some series have holes, or a whole target is missing since its page is over the limit.".to_owned(),
        meaning: "Either samples came with a time that cannot be stored, or a page held more than the job may have. The counters named in the queries \
                  below tell which of the two.",
        causes: &[
            "Two targets that expose the same series with the same labels (duplicate timestamp).",
            "A host whose clock was set back (out of order).",
            "An application that puts user input into a label, until its page is over the limit.",
        ],
        queries: &[
            ("Refused for their time", "increase(prometheus_target_scrapes_sample_duplicate_timestamp_total[5m])"),
            ("Refused for the page's size", "increase(prometheus_target_scrapes_exceeded_sample_limit_total[5m])"),
            ("The largest pages", "topk(5, scrape_samples_scraped)"),
        ],
        actions: &[
            "Prometheus' log has one warning per scrape with the target and `num_dropped`.",
            "Over the limit: find the metric with `curl -s <target>/metrics | cut -d'{' -f1 | sort | uniq -c | sort -rn | head`.",
            "Raise the job's limit only when the growth is wanted.",
        ],
        page: Page::AllTargets,
        examples: vec![
            sixteen_of_each(),
            Example::at_threshold(
                "nothing is refused",
                &[(OUT_OF_ORDER, "1x40"), (OUT_OF_BOUNDS, "2x40"), (DUPLICATE, "3x40"), (OVER_LIMIT, "4x40"), (OVER_SIZE, "5x40")],
            )
            .quiet_at(minutes(8)),
            Example::flapping(
                "Prometheus starts anew",
                &[(OUT_OF_ORDER, "9x20 0x40"), (OUT_OF_BOUNDS, "0x80"), (DUPLICATE, "9x20 0x40"), (OVER_LIMIT, "0x80"), (OVER_SIZE, "0x80")],
            )
            .quiet_at(seconds(375))
            .quiet_at(minutes(8)),
            Example::missing("it counts only some of it", &[(OUT_OF_ORDER, "0x20 16x60")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}

/// Sixteen refusals for each of the reasons, one reason every ten minutes.
fn sixteen_of_each() -> Example {
    let refused = Firing::new(PROMETHEUS, "Prometheus at prometheus:9090 has refused about 16 samples or pages in five minutes");
    let given = &[
        (OUT_OF_ORDER, "0x19 16x200"),
        (OUT_OF_BOUNDS, "0x59 16x160"),
        (DUPLICATE, "0x99 16x120"),
        (OVER_LIMIT, "0x139 16x80"),
        (OVER_SIZE, "0x179 16x40"),
    ];
    [300, 900, 1500, 2100, 2700].into_iter().fold(Example::new("sixteen for each reason in turn", given), |example, start| {
        let begins = example.quiet_at(seconds(start + 45)).fires_at(seconds(start + 60), refused);
        begins.still_at(seconds(start + 240)).quiet_at(seconds(start + 420))
    })
}

const HEAD: &str = r#"prometheus_tsdb_head_series{job="prometheus",instance="prometheus:9090"}"#;

fn cardinality_high() -> Alert {
    Alert {
        name: "PrometheusCardinalityHigh",
        expr: "sum by (instance) (prometheus_tsdb_head_series) > PROMETHEUS_SERIES".to_owned(),
        thresholds: vec![&SERIES],
        lasting: minutes(10),
        summary: "{{ $labels.instance }} holds {{ $value | humanize }} series".to_owned(),
        description: "Its memory is nearly used up; when the kernel ends it, nobody is told of anything until it has replayed its log.".to_owned(),
        meaning: "More series have had a sample within the last hours than the container's memory was measured for. What one restart of a target with \
                  new labels leaves behind counts until it is compacted away.",
        causes: &[
            "A label with unbounded values: paths with identifiers, addresses, error texts.",
            "Many short-lived targets, each with its own instance.",
        ],
        queries: &[("Series in memory", "prometheus_tsdb_head_series"), ("Targets that bring new ones", "topk(5, scrape_series_added)")],
        actions: &[
            "Prometheus' page Status, TSDB Status: the ten names and labels with most series.",
            "Drop the label at its source; our API's bounded families do that by themselves (`selextract_metrics_other_ratio`).",
            "If all of it is wanted: more memory for the container, then a higher threshold in site.yaml.",
        ],
        page: Page::Graph("prometheus_tsdb_head_series"),
        examples: vec![
            Example::new("a label explodes, and is dropped", &[(HEAD, "1000x3 510000x43 1000x20")])
                .quiet_at(seconds(645))
                .fires_at(seconds(660), Firing::new(INSTANCE, "prometheus:9090 holds 510k series"))
                .quiet_at(seconds(720)),
            Example::at_threshold("exactly half a million", &[(HEAD, "500000x60")]).quiet_at(minutes(14)),
            Example::flapping("a restart doubles them for nine minutes", &[(HEAD, "300000x3 600000x36 300000 600000x36 300000x5")])
                .quiet_at(seconds(600))
                .quiet_at(seconds(1170)),
            Example::missing("it does not scrape itself", &[]).quiet_at(minutes(14)),
        ],
        ..Alert::owned_by(Service::Monitoring)
    }
}
