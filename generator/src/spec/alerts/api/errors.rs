//! Requests that the API fails itself.

use super::{API, REQUESTS};
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static CRITICAL: Threshold = Threshold::share(
    "API_ERROR_RATE_CRITICAL",
    0.05,
    "A user who opens ten pages meets an error in two visits out of five: the product is broken for them",
);

static HIGH: Threshold =
    Threshold::share("API_ERROR_RATE_HIGH", 0.01, "Ten times what the objective of 99.9 % allows, and at usual traffic still an error a minute");

const OK: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}",status_code="200"}"#;
const FAILED: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="POST",endpoint="/tasks",status_code="500"}"#;
const GATEWAY: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="POST",endpoint="/tasks",status_code="503"}"#;
const MISSED: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="unmatched",status_code="404"}"#;
const LEFT: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}",status_code="499"}"#;
const SECOND_OK: &str = r#"http_requests_total{job="selextract-api",instance="api-2:8000",method="GET",endpoint="/tasks/{id}",status_code="200"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![critical(), high()]
}

/// The share of server errors above a threshold, where there are requests enough.
fn above(threshold: &Threshold) -> String {
    format!(
        r#"sum by (job, instance) (rate(http_requests_total{{status_code=~"5.."}}[5m]))
  / (sum by (job, instance) (rate(http_requests_total[5m])) >= {})
  > {}"#,
        REQUESTS.name, threshold.name
    )
}

fn critical() -> Alert {
    Alert {
        name: "ApiErrorRateCritical",
        expr: above(&CRITICAL),
        thresholds: vec![&CRITICAL, &REQUESTS],
        lasting: minutes(5),
        severity: Severity::Critical,
        summary: "{{ $labels.instance }} answers {{ $value | humanizePercentage }} of its requests with a server error".to_owned(),
        description: "Users see failures at every few steps, clients retry, and tasks are lost before they reach the queue.".to_owned(),
        meaning: "More than one request in twenty ended with a status of 5xx, for five minutes and over five minutes. Panics count as 500; what the client did \
                  wrong (4xx) or left (499) does not count.",
        causes: &[
            "The last deployment: a migration that did not run, a variable that is missing, a handler that cannot parse what it now gets.",
            "PostgreSQL, Redis or the broker refuses the API's connections, and every route that needs them ends in 500 or 503.",
            "One busy endpoint fails always while the others are well, as after a changed schema.",
        ],
        queries: &[
            (
                "Which endpoint, method and status",
                r#"topk(10, sum by (endpoint, method, status_code) (rate(http_requests_total{status_code=~"5.."}[5m])))"#,
            ),
            ("Share of errors over the hours before", "job:http_errors:ratio_rate5m"),
        ],
        actions: &[
            "Did the share step up with a release? Roll back first and read logs afterwards.",
            "`docker compose logs --since 10m api | grep -E 'status=5|panicked'`: the first error of each kind, not the most frequent one.",
            "500 everywhere: PostgresDown, RedisDown and CeleryBrokerDown. 503 everywhere: the API sheds load, look at ApiDatabasePoolSaturated.",
            "One endpoint only: switch its feature off, if it has a switch, while the cause is looked for.",
        ],
        page: Page::Graph(r#"sum by (endpoint, status_code) (rate(http_requests_total{status_code=~"5.."}[5m]))"#),
        examples: vec![
            Example::new(
                "a release fails on one path, and is rolled back; the other instance is well",
                &[(OK, "0+23x160"), (FAILED, "0+0x39 2+2x59 120+0x60"), (SECOND_OK, "0+25x160")],
            )
            .quiet_at(seconds(1065))
            .fires_at(seconds(1080), Firing::new(API, "api:8000 answers 8% of its requests with a server error"))
            .quiet_at(seconds(1620)),
            Example::new("half of the traffic goes elsewhere, and the errors stay", &[(OK, "0+48x39 1895+23x80"), (GATEWAY, "0+2x120")])
                .quiet_at(seconds(1005))
                .fires_at(seconds(1020), Firing::new(API, "api:8000 answers 8% of its requests with a server error")),
            Example::new("exactly one request in ten seconds, and all fail", &[(FAILED, "0+1.5x60")])
                .fires_at(minutes(10), Firing::new(API, "api:8000 answers 100% of its requests with a server error")),
            Example::new("one request in twelve seconds, and all fail", &[(FAILED, "0+1.25x60")]).quiet_at(minutes(14)),
            Example::at_threshold("exactly one request in twenty", &[(OK, "0+190x60"), (FAILED, "0+10x60")]).quiet_at(minutes(14)),
            Example::new("errors of clients only", &[(OK, "0+10x60"), (MISSED, "0+10x60"), (LEFT, "0+10x60")]).quiet_at(minutes(14)),
            Example::flapping("the database restarts in a minute, twice", &[(OK, "0+23x100"), (FAILED, "0+0x19 12+12x3 48+0x28 60+12x3 96+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(14)),
            Example::missing("nobody asks for anything", &[(OK, "700x60"), (FAILED, "50x60")]).quiet_at(minutes(14)),
        ],
        // Requests per second.
        scales: false,
        ..Alert::owned_by(Service::Api)
    }
}

fn high() -> Alert {
    Alert {
        name: "ApiErrorRateHigh",
        expr: above(&HIGH),
        thresholds: vec![&HIGH, &REQUESTS],
        lasting: minutes(5),
        summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.instance }} end in 5xx".to_owned(),
        description: "Most users notice nothing yet; those who do repeat what they did, and some of it is then done twice.".to_owned(),
        meaning: "Server errors are above one in a hundred requests and below one in twenty, where ApiErrorRateCritical takes over and silences this. Usually it is \
                  one route or one kind of input, not the whole service.",
        causes: &[
            "An input that a handler does not expect: an import, a new client version, a user with unusual data.",
            "Time-outs towards a slow neighbour: ApiLatencyHigh fires beside this.",
            "Deadlocks or serialisation failures in PostgreSQL that the API does not try again.",
        ],
        queries: &[
            (
                "Share of errors by endpoint",
                r#"sum by (endpoint) (rate(http_requests_total{status_code=~"5.."}[5m])) / (sum by (endpoint) (rate(http_requests_total[5m])) > 0)"#,
            ),
            ("Panics among them", "increase(http_handler_panics_total[5m])"),
        ],
        actions: &[
            "Take the endpoint with the highest share and find one failed request in the log; its trace id leads to the rest.",
            "All of them from one user or one client version? Then answer that input with 4xx, as the client's fault that it is.",
            "Spread evenly: compare with PostgresDeadlocks, PostgresLockWaits and the errors in PostgreSQL's own log.",
        ],
        page: Page::Graph("job:http_errors:ratio_rate5m"),
        examples: vec![
            Example::new(
                "an import fails now and then, until it is stopped",
                &[(OK, "0+59x160"), (FAILED, "0+0x39 1+1x59 60+0x60"), (SECOND_OK, "0+60x160")],
            )
            .quiet_at(seconds(1050))
            .fires_at(seconds(1065), Firing::new(API, "1.667% of the requests to api:8000 end in 5xx"))
            .quiet_at(seconds(1620)),
            Example::new("at night the same errors are among fewer requests", &[(OK, "0+124x39 4895+59x80"), (GATEWAY, "0+1x120")])
                .quiet_at(seconds(990))
                .fires_at(seconds(1005), Firing::new(API, "1.667% of the requests to api:8000 end in 5xx")),
            Example::new("a request in ten seconds, none of which succeeds", &[(GATEWAY, "0+1.5x60")])
                .fires_at(minutes(10), Firing::new(API, "100% of the requests to api:8000 end in 5xx")),
            Example::new("a request in twelve seconds, none of which succeeds", &[(GATEWAY, "0+1.25x60")]).quiet_at(minutes(14)),
            Example::at_threshold("exactly one in a hundred", &[(OK, "0+1584x60"), (FAILED, "0+16x60")]).quiet_at(minutes(14)),
            Example::new("scanners and impatient clients", &[(OK, "0+10x60"), (MISSED, "0+30x60"), (LEFT, "0+5x60")]).quiet_at(minutes(14)),
            Example::flapping("two short bursts", &[(OK, "0+59x100"), (FAILED, "0+0x19 5+5x3 20+0x28 25+5x3 40+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(14)),
            Example::missing("no request has ended yet", &[]).quiet_at(minutes(14)),
        ],
        // Requests per second.
        scales: false,
        ..Alert::owned_by(Service::Api)
    }
}
