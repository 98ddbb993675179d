//! How much of the budget for slow requests is used up.

use super::API;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{Duration, minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::slo;

pub(super) fn all() -> Vec<Alert> {
    vec![fast(), slow()]
}

const EVENTS: &str = r#"job:slo_api_latency_events:rate5m{job="selextract-api"}"#;
const FIVE_MINUTES: &str = r#"job:slo_api_latency_errors:ratio_rate5m{job="selextract-api"}"#;
const HALF_AN_HOUR: &str = r#"job:slo_api_latency_errors:ratio_rate30m{job="selextract-api"}"#;
const HOUR: &str = r#"job:slo_api_latency_errors:ratio_rate1h{job="selextract-api"}"#;
const TWO_HOURS: &str = r#"job:slo_api_latency_errors:ratio_rate2h{job="selextract-api"}"#;
const SIX_HOURS: &str = r#"job:slo_api_latency_errors:ratio_rate6h{job="selextract-api"}"#;
const DAY: &str = r#"job:slo_api_latency_errors:ratio_rate1d{job="selextract-api"}"#;
const THREE_DAYS: &str = r#"job:slo_api_latency_errors:ratio_rate3d{job="selextract-api"}"#;

fn fast() -> Alert {
    Alert {
        name: "ApiLatencyBudgetBurn",
        expr: slo::api_latency().burning(slo::FAST, Duration::hours(1)),
        lasting: minutes(2),
        severity: Severity::Critical,
        summary: "{{ $value | humanizePercentage }} of the answers of {{ $labels.job }} take longer than half a second".to_owned(),
        description: "Users wait, and the objective (99 % within 0.5 s) is lost within days at this pace.".to_owned(),
        meaning: "Answers of over half a second, measured until their last byte, come so fast that an hour takes 2 % of the month's allowance, or six hours 5 %.",
        causes: &[
            "A query without an index since the last migration.",
            "The pool of database connections is exhausted, and requests wait for one.",
            "HostCpuHigh or HostIoSaturated on the machine of the API.",
        ],
        queries: &[
            ("95th percentile by endpoint", "topk(5, job_endpoint:http_request_duration_seconds:p95_rate5m)"),
            ("Allowance left of the month", "job:slo_api_latency_budget_remaining:ratio30d"),
        ],
        actions: &[
            "All endpoints slow: it is below them (database, host). One endpoint: it is the endpoint.",
            "`SELECT pid, now() - query_start, query FROM pg_stat_activity WHERE state = 'active' ORDER BY 2 DESC LIMIT 5`.",
            "Streams and large downloads count until their end: give them an endpoint of their own that the objective leaves out.",
        ],
        page: Page::Graph("job:slo_api_latency_errors:ratio_rate1h"),
        examples: vec![
            Example::new("an outage over the hour, which ends", &[(HOUR, "0x3 0.16x60"), (FIVE_MINUTES, "0x3 0.16x11 0x40"), (EVENTS, "10x60")])
                .quiet_at(seconds(165))
                .fires_at(seconds(180), Firing::new(API, "16% of the answers of selextract-api take longer than half a second"))
                .quiet_at(seconds(240)),
            Example::new("a leak over six hours", &[(SIX_HOURS, "0x3 0.07x60"), (HALF_AN_HOUR, "0x3 0.07x60"), (EVENTS, "0.15x60")])
                .quiet_at(seconds(165))
                .fires_at(seconds(180), Firing::new(API, "7% of the answers of selextract-api take longer than half a second")),
            Example::at_threshold(
                "exactly at both factors",
                &[(HOUR, "0.144x40"), (FIVE_MINUTES, "0.3x40"), (SIX_HOURS, "0.3x40"), (HALF_AN_HOUR, "0.06x40"), (EVENTS, "10x40")],
            )
            .quiet_at(minutes(8)),
            Example::at_threshold(
                "exactly at the other two",
                &[(HOUR, "0.3x40"), (FIVE_MINUTES, "0.144x40"), (SIX_HOURS, "0.06x40"), (HALF_AN_HOUR, "0.3x40"), (EVENTS, "10x40")],
            )
            .quiet_at(minutes(8)),
            Example::new("nobody is left after ten minutes", &[(HOUR, "0.3x30"), (FIVE_MINUTES, "0.3x30"), (EVENTS, "2x2 0.02x27")])
                .coarse()
                .fires_at(minutes(45), Firing::new(API, "30% of the answers of selextract-api take longer than half a second"))
                .quiet_at(minutes(100)),
            Example::at_threshold("one request in ten seconds", &[(HOUR, "0.3x40"), (FIVE_MINUTES, "0.3x40"), (EVENTS, "0.1x40")])
                .quiet_at(minutes(8)),
            Example::flapping(
                "the last five minutes are bad for a minute, twice",
                &[(HOUR, "0.16x40"), (FIVE_MINUTES, "0x3 0.3x6 0 0.3x6 0x20"), (EVENTS, "10x40")],
            )
            .quiet_at(seconds(150))
            .quiet_at(seconds(270)),
            Example::missing("there were no requests at all", &[(HOUR, "0.3x40"), (FIVE_MINUTES, "0.3x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Api)
    }
}

fn slow() -> Alert {
    Alert {
        name: "ApiLatencyBudgetBurnSlow",
        expr: slo::api_latency().burning(slo::SLOW, Duration::hours(6)),
        lasting: minutes(15),
        summary: "Over days, {{ $value | humanizePercentage }} of the answers of {{ $labels.job }} were slower than half a second".to_owned(),
        description: "The API gets slower bit by bit; within the month more than one answer in a hundred will have been slow.".to_owned(),
        meaning: "The share of slow answers over a day is three times what the objective allows, or over three days more than it allows at all.",
        causes: &["Tables have grown and plans have changed.", "More users at the same hours: the peak is slow, the rest is not."],
        queries: &[
            ("95th percentile now", "job:http_request_duration_seconds:p95_rate5m"),
            ("Slow share over two hours, day by day", "job:slo_api_latency_errors:ratio_rate2h"),
        ],
        actions: &[
            "Compare the p95 by endpoint with last week's (`offset 1w`): which one moved?",
            "Sort pg_stat_statements by total_exec_time, and EXPLAIN the first.",
            "If it is the peak: more API processes, or a cache for the first endpoint of the list.",
        ],
        page: Page::Graph("job:slo_api_latency_errors:ratio_rate3d"),
        examples: vec![
            Example::new(
                "a day with three times too many, until the last two hours",
                &[(DAY, "0x3 0.035x90"), (TWO_HOURS, "0x3 0.035x63 0x20"), (EVENTS, "10x90")],
            )
            .quiet_at(seconds(945))
            .fires_at(seconds(960), Firing::new(API, "Over days, 3.5% of the answers of selextract-api were slower than half a second"))
            .quiet_at(seconds(1020)),
            Example::new("three days a little over the budget", &[(THREE_DAYS, "0x3 0.012x90"), (SIX_HOURS, "0x3 0.012x90"), (EVENTS, "0.15x90")])
                .quiet_at(seconds(945))
                .fires_at(seconds(960), Firing::new(API, "Over days, 1.2% of the answers of selextract-api were slower than half a second")),
            Example::at_threshold(
                "exactly at each long window's factor",
                &[(DAY, "0.03x80"), (TWO_HOURS, "0.3x80"), (THREE_DAYS, "0.01x80"), (SIX_HOURS, "0.3x80"), (EVENTS, "10x80")],
            )
            .quiet_at(minutes(19)),
            Example::at_threshold(
                "exactly at each short window's factor",
                &[(DAY, "0.3x80"), (TWO_HOURS, "0.03x80"), (THREE_DAYS, "0.3x80"), (SIX_HOURS, "0.01x80"), (EVENTS, "10x80")],
            )
            .quiet_at(minutes(19)),
            Example::new("nobody is left, and it was six hours ago", &[(DAY, "0.3x90"), (TWO_HOURS, "0.3x90"), (EVENTS, "4x2 0.02x87")])
                .coarse()
                .fires_at(minutes(200), Firing::new(API, "Over days, 30% of the answers of selextract-api were slower than half a second"))
                .quiet_at(minutes(400)),
            Example::at_threshold("hardly any traffic", &[(DAY, "0.3x80"), (TWO_HOURS, "0.3x80"), (EVENTS, "0.1x80")]).quiet_at(minutes(19)),
            Example::flapping("it is over for ten minutes, twice", &[(DAY, "0x3 0.3x40 0 0.3x40"), (TWO_HOURS, "0.3x90"), (EVENTS, "10x90")])
                .quiet_at(seconds(660))
                .quiet_at(seconds(1275)),
            Example::missing("the traffic is not known", &[(DAY, "0.3x80"), (TWO_HOURS, "0.3x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Api)
    }
}
