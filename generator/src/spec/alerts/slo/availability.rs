//! How much of the budget for failed requests is used up.

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

const EVENTS: &str = r#"job:slo_api_availability_events:rate5m{job="selextract-api"}"#;
const FIVE_MINUTES: &str = r#"job:slo_api_availability_errors:ratio_rate5m{job="selextract-api"}"#;
const HALF_AN_HOUR: &str = r#"job:slo_api_availability_errors:ratio_rate30m{job="selextract-api"}"#;
const HOUR: &str = r#"job:slo_api_availability_errors:ratio_rate1h{job="selextract-api"}"#;
const TWO_HOURS: &str = r#"job:slo_api_availability_errors:ratio_rate2h{job="selextract-api"}"#;
const SIX_HOURS: &str = r#"job:slo_api_availability_errors:ratio_rate6h{job="selextract-api"}"#;
const DAY: &str = r#"job:slo_api_availability_errors:ratio_rate1d{job="selextract-api"}"#;
const THREE_DAYS: &str = r#"job:slo_api_availability_errors:ratio_rate3d{job="selextract-api"}"#;

fn fast() -> Alert {
    Alert {
        name: "ApiAvailabilityBudgetBurn",
        expr: slo::api_availability().burning(slo::FAST, Duration::hours(1)),
        lasting: minutes(2),
        severity: Severity::Critical,
        summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail, which uses up the month's budget within days"
            .to_owned(),
        description: "At this pace 99.9 % cannot be kept: either the last hour alone took 2 % of the month's failures, or six hours took 5 %."
            .to_owned(),
        meaning: "Requests end in 5xx at more than 14.4 times the rate that the objective allows over an hour (and still now), or at 6 times over six hours.",
        causes: &[
            "A release that fails on one path: compare by endpoint.",
            "PostgreSQL or Redis does not answer, and every handler that needs it returns 500.",
            "Workers of the API are ended while they answer (502 and 504 at nginx).",
        ],
        queries: &[
            ("Failures by endpoint", r#"topk(5, sum by (endpoint) (rate(http_requests_total{status_code=~"5.."}[5m])))"#),
            ("What is left of the month's budget", "job:slo_api_availability_budget_remaining:ratio30d"),
        ],
        actions: &[
            "Roll back if the first bad minute is that of a release.",
            "One endpoint: its log lines with status 500 carry the exception.",
            "All of them: look at PostgresDown and RedisDown first, then at `selextract_database_pool_connections`.",
        ],
        page: Page::Graph("job:slo_api_availability_errors:ratio_rate1h"),
        examples: fast_examples(),
        ..Alert::owned_by(Service::Api)
    }
}

fn fast_examples() -> Vec<Example> {
    vec![
        Example::new("an outage over the hour, which ends", &[(HOUR, "0x3 0.016x60"), (FIVE_MINUTES, "0x3 0.016x11 0x40"), (EVENTS, "10x60")])
            .quiet_at(seconds(165))
            .fires_at(seconds(180), Firing::new(API, "1.6% of the requests to selextract-api fail, which uses up the month's budget within days"))
            .quiet_at(seconds(240)),
        Example::new("a leak over six hours", &[(SIX_HOURS, "0x3 0.007x60"), (HALF_AN_HOUR, "0x3 0.007x60"), (EVENTS, "0.15x60")])
            .quiet_at(seconds(165))
            .fires_at(seconds(180), Firing::new(API, "0.7% of the requests to selextract-api fail, which uses up the month's budget within days")),
        Example::at_threshold(
            "exactly at both factors",
            &[(HOUR, "0.0144x40"), (FIVE_MINUTES, "0.03x40"), (SIX_HOURS, "0.03x40"), (HALF_AN_HOUR, "0.006x40"), (EVENTS, "10x40")],
        )
        .quiet_at(minutes(8)),
        Example::at_threshold(
            "exactly at the other two",
            &[(HOUR, "0.03x40"), (FIVE_MINUTES, "0.0144x40"), (SIX_HOURS, "0.006x40"), (HALF_AN_HOUR, "0.03x40"), (EVENTS, "10x40")],
        )
        .quiet_at(minutes(8)),
        Example::new("nobody is left after ten minutes", &[(HOUR, "0.03x30"), (FIVE_MINUTES, "0.03x30"), (EVENTS, "2x2 0.02x27")])
            .coarse()
            .fires_at(minutes(45), Firing::new(API, "3% of the requests to selextract-api fail, which uses up the month's budget within days"))
            .quiet_at(minutes(100)),
        Example::at_threshold("one request in ten seconds", &[(HOUR, "0.03x40"), (FIVE_MINUTES, "0.03x40"), (EVENTS, "0.1x40")]).quiet_at(minutes(8)),
        Example::flapping(
            "the last five minutes are bad for a minute, twice",
            &[(HOUR, "0.016x40"), (FIVE_MINUTES, "0x3 0.03x6 0 0.03x6 0x20"), (EVENTS, "10x40")],
        )
        .quiet_at(seconds(150))
        .quiet_at(seconds(270)),
        Example::missing("there were no requests at all", &[(HOUR, "0.03x40"), (FIVE_MINUTES, "0.03x40")]).quiet_at(minutes(8)),
    ]
}

fn slow() -> Alert {
    Alert {
        name: "ApiAvailabilityBudgetBurnSlow",
        expr: slo::api_availability().burning(slo::SLOW, Duration::hours(6)),
        lasting: minutes(15),
        summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of requests have failed, more than the month can bear".to_owned(),
        description: "Nobody needs to get up, but if it goes on the objective of 99.9 % is missed by the end of the period.".to_owned(),
        meaning: "Over a day failures came three times faster than the budget allows, or over three days faster than it allows, and the last hours have not changed that.",
        causes: &[
            "A rare path that always fails, such as one customer's export.",
            "Time-outs at the same hour each day, beside a backup or a vacuum.",
        ],
        queries: &[
            ("By endpoint over a day", r#"topk(5, sum by (endpoint) (increase(http_requests_total{status_code=~"5.."}[1d])))"#),
            ("Share of failures over six hours", "job:slo_api_availability_errors:ratio_rate6h"),
        ],
        actions: &[
            "Take the endpoint with most failures of the day, and read one of its exceptions.",
            "If it is the same hour each day, compare with what cron and pg_cron run then.",
            "Open a ticket with the endpoint; ship nothing risky until the ratio is below 0.1 %.",
        ],
        page: Page::Graph("job:slo_api_availability_errors:ratio_rate3d"),
        examples: vec![
            Example::new(
                "a day with three times too many, until the last two hours",
                &[(DAY, "0x3 0.0035x90"), (TWO_HOURS, "0x3 0.0035x63 0x20"), (EVENTS, "10x90")],
            )
            .quiet_at(seconds(945))
            .fires_at(seconds(960), Firing::new(API, "selextract-api: 0.35% of requests have failed, more than the month can bear"))
            .quiet_at(seconds(1020)),
            Example::new("three days a little over the budget", &[(THREE_DAYS, "0x3 0.0012x90"), (SIX_HOURS, "0x3 0.0012x90"), (EVENTS, "0.15x90")])
                .quiet_at(seconds(945))
                .fires_at(seconds(960), Firing::new(API, "selextract-api: 0.12% of requests have failed, more than the month can bear")),
            Example::at_threshold(
                "exactly at each long window's factor",
                &[(DAY, "0.003x80"), (TWO_HOURS, "0.03x80"), (THREE_DAYS, "0.001x80"), (SIX_HOURS, "0.03x80"), (EVENTS, "10x80")],
            )
            .quiet_at(minutes(19)),
            Example::at_threshold(
                "exactly at each short window's factor",
                &[(DAY, "0.03x80"), (TWO_HOURS, "0.003x80"), (THREE_DAYS, "0.03x80"), (SIX_HOURS, "0.001x80"), (EVENTS, "10x80")],
            )
            .quiet_at(minutes(19)),
            Example::new("nobody is left, and it was six hours ago", &[(DAY, "0.03x90"), (TWO_HOURS, "0.03x90"), (EVENTS, "4x2 0.02x87")])
                .coarse()
                .fires_at(minutes(200), Firing::new(API, "selextract-api: 3% of requests have failed, more than the month can bear"))
                .quiet_at(minutes(400)),
            Example::at_threshold("hardly any traffic", &[(DAY, "0.03x80"), (TWO_HOURS, "0.03x80"), (EVENTS, "0.1x80")]).quiet_at(minutes(19)),
            Example::flapping("it is over for ten minutes, twice", &[(DAY, "0x3 0.03x40 0 0.03x40"), (TWO_HOURS, "0.03x90"), (EVENTS, "10x90")])
                .quiet_at(seconds(660))
                .quiet_at(seconds(1275)),
            Example::missing("the traffic is not known", &[(DAY, "0.03x80"), (TWO_HOURS, "0.03x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Api)
    }
}
