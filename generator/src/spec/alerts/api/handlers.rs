//! How the API's handlers fare.

use super::{API, REQUESTS};
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static LATENCY_HIGH: Threshold = Threshold::number(
    "API_LATENCY_HIGH_SECONDS",
    1.0,
    10.0,
    "Twice the objective's half second; from a second on people notice that they wait. It is a bound of the histogram, so nothing is interpolated there",
);

static PANICS: Threshold = Threshold::number("API_PANICS", 0.0, 1e6, "A panic is a case that nobody thought of: one is enough to look");

/// Buckets of the examples: what was answered within half a second, within one, within two and a half, and at all.
const HALF: &str = r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}",le="0.5"}"#;
const ONE: &str = r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}",le="1.0"}"#;
const LONGER: &str = r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}",le="2.5"}"#;
const ALL: &str = r#"http_request_duration_seconds_bucket{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}",le="+Inf"}"#;
const COUNT: &str = r#"http_request_duration_seconds_count{job="selextract-api",instance="api:8000",method="GET",endpoint="/tasks/{id}"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![latency_high(), panics()]
}

fn latency_high() -> Alert {
    Alert {
        name: "ApiLatencyHigh",
        expr: "histogram_quantile(0.95, sum by (job, instance, le) (rate(http_request_duration_seconds_bucket[5m]))) > API_LATENCY_HIGH_SECONDS
and on (job, instance) sum by (job, instance) (rate(http_request_duration_seconds_count[5m])) >= API_REQUESTS"
            .to_owned(),
        thresholds: vec![&LATENCY_HIGH, &REQUESTS],
        lasting: minutes(5),
        summary: "The slowest twentieth of the requests to {{ $labels.instance }} takes {{ $value | humanizeDuration }} or more".to_owned(),
        description: "One page in twenty makes its user wait; pages that need several requests are slow for nearly everybody.".to_owned(),
        meaning: "The 95th percentile of request times, from arrival to the last byte, has been above a second. Event streams and upgraded connections are not \
                  in it; requests that the client left are, with the time until it did.",
        causes: &[
            "A query that has lost its index or its plan, on a table that has grown.",
            "Requests that wait for a connection of the pool, or for a lock in PostgreSQL.",
            "The machine is short of processor time: a crawl runs beside the API.",
            "Slow readers of large answers: the first byte is then fast, and only the last one late.",
        ],
        queries: &[
            (
                "95th percentile by endpoint",
                "topk(10, histogram_quantile(0.95, sum by (endpoint, le) (rate(http_request_duration_seconds_bucket[5m]))))",
            ),
            (
                "The same until the first byte",
                "topk(10, histogram_quantile(0.95, sum by (endpoint, le) (rate(http_response_first_byte_seconds_bucket[5m]))))",
            ),
            ("Requests in flight", "selextract_active_connections"),
        ],
        actions: &[
            "First byte slow as well: the handler; `EXPLAIN (ANALYZE, BUFFERS)` of its longest query. Only the last byte slow: size or the reader.",
            "Every endpoint slow and the pool full: ApiDatabasePoolSaturated tells who holds the connections.",
            "In-flight requests grow without end: shed load (rate limit in nginx) before the memory goes.",
        ],
        page: Page::Graph("job_endpoint:http_request_duration_seconds:p95_rate5m"),
        examples: latency_examples(),
        // Requests per second.
        scales: false,
        ..Alert::owned_by(Service::Api)
    }
}

fn latency_examples() -> Vec<Example> {
    vec![
        Example::new(
            "an index is dropped, and built again",
            &[
                (HALF, "0+30x39 1197+27x59 2820+30x60"),
                (ONE, "0+30x39 1197+27x59 2820+30x60"),
                (LONGER, "0+30x160"),
                (ALL, "0+30x160"),
                (COUNT, "0+30x160"),
            ],
        )
        .quiet_at(seconds(1035))
        .fires_at(seconds(1050), Firing::new(API, "The slowest twentieth of the requests to api:8000 takes 1.75s or more"))
        .quiet_at(seconds(1635)),
        Example::new(
            "a request in ten seconds, and all slow",
            &[(HALF, "0+0x60"), (ONE, "0+0x60"), (LONGER, "0+1.5x60"), (ALL, "0+1.5x60"), (COUNT, "0+1.5x60")],
        )
        .fires_at(minutes(10), Firing::new(API, "The slowest twentieth of the requests to api:8000 takes 2.425s or more")),
        Example::new(
            "there are too few to tell until many come",
            &[(HALF, "0+0x100"), (ONE, "0+0x100"), (LONGER, "0+1x39 42+2x60"), (ALL, "0+1x39 42+2x60"), (COUNT, "0+1x39 42+2x60")],
        )
        .quiet_at(seconds(1005))
        .fires_at(seconds(1020), Firing::new(API, "The slowest twentieth of the requests to api:8000 takes 2.425s or more")),
        Example::new(
            "a request in twelve seconds, and all slow",
            &[(HALF, "0+0x60"), (ONE, "0+0x60"), (LONGER, "0+1.25x60"), (ALL, "0+1.25x60"), (COUNT, "0+1.25x60")],
        )
        .quiet_at(minutes(14)),
        Example::at_threshold(
            "exactly a twentieth takes longer than a second",
            &[(HALF, "0+16x60"), (ONE, "0+304x60"), (LONGER, "0+320x60"), (ALL, "0+320x60"), (COUNT, "0+320x60")],
        )
        .quiet_at(minutes(14)),
        Example::flapping(
            "a report slows all down for a minute, twice",
            &[
                (HALF, "0+30x19 588+18x3 672+30x27 1500+18x3 1584+30x40"),
                (ONE, "0+30x19 588+18x3 672+30x27 1500+18x3 1584+30x40"),
                (LONGER, "0+30x100"),
                (ALL, "0+30x100"),
                (COUNT, "0+30x100"),
            ],
        )
        .quiet_at(minutes(9))
        .quiet_at(minutes(17)),
        Example::missing("no request has ended yet", &[]).quiet_at(minutes(14)),
    ]
}

const UP: &str = r#"up{job="selextract-api",instance="api:8000"}"#;
const PANICKED: &str = r#"http_handler_panics_total{job="selextract-api",instance="api:8000",method="POST",endpoint="/tasks"}"#;
const PANICKED_BY_PUT: &str = r#"http_handler_panics_total{job="selextract-api",instance="api:8000",method="PUT",endpoint="/tasks"}"#;
const ON_TASKS: &[(&str, &str)] = &[("job", "selextract-api"), ("instance", "api:8000"), ("endpoint", "/tasks")];

fn panics() -> Alert {
    Alert {
        name: "ApiPanics",
        // An endpoint's series can begin with its first panic, which increase does not see: it is new if its instance is not.
        expr: "sum by (job, instance, endpoint) (
  ((http_handler_panics_total unless http_handler_panics_total offset 5m) and on (job, instance) up offset 5m == 1)
  or increase(http_handler_panics_total[5m])
) > API_PANICS"
            .to_owned(),
        thresholds: vec![&PANICS],
        lasting: seconds(30),
        summary: r#"Panics of {{ $labels.endpoint }} on {{ $labels.instance }} in five minutes: {{ printf "%.0f" $value }}"#.to_owned(),
        description: "The request got a 500, and what it held (a lock, a half-written state) may be left as it was.".to_owned(),
        meaning: "Code of the API hit an error that it does not handle, such as an index out of bounds. The process lives on, since each request is caught by itself.",
        causes: &[
            "An `unwrap` or index on what a user or another service sent.",
            "A poisoned mutex after an earlier panic: then every further request of that kind fails too.",
            "Arithmetic that overflows in a debug build that was deployed by mistake.",
        ],
        queries: &[
            ("By endpoint and method", "sum by (endpoint, method) (increase(http_handler_panics_total[1h]))"),
            ("Other errors of the same endpoints", r#"sum by (endpoint) (rate(http_requests_total{status_code="500"}[5m]))"#),
        ],
        actions: &[
            "`docker compose logs --since 15m api | grep -A 20 panicked` gives the file, the line and the backtrace.",
            "Write the test that sends this input, then return an error there.",
            "It goes on with every request: restart the instance, which clears what was poisoned.",
        ],
        page: Page::Graph("sum by (endpoint) (increase(http_handler_panics_total[5m]))"),
        examples: vec![
            Example::new("one input of many panics, and is refused later", &[(UP, "1x80"), (PANICKED, "3x19 4x60"), (PANICKED_BY_PUT, "0x80")])
                .quiet_at(seconds(315))
                .fires_at(seconds(330), Firing::new(ON_TASKS, "Panics of /tasks on api:8000 in five minutes: 1"))
                .fires_at(seconds(585), Firing::new(ON_TASKS, "Panics of /tasks on api:8000 in five minutes: 1"))
                .quiet_at(seconds(600)),
            Example::new("the first request of an endpoint panics", &[(UP, "1x80"), (PANICKED, "_x20 1x60")])
                .quiet_at(seconds(315))
                .fires_at(seconds(330), Firing::new(ON_TASKS, "Panics of /tasks on api:8000 in five minutes: 1"))
                .quiet_at(minutes(12)),
            Example::at_threshold("nothing has panicked since yesterday", &[(UP, "1x60"), (PANICKED, "7x60")]).quiet_at(minutes(14)),
            Example::flapping("a new instance counts from nothing", &[(UP, "1x80"), (PANICKED, "7x19 0x60")])
                .quiet_at(seconds(345))
                .quiet_at(minutes(9)),
            Example::new("it could not be reached for six minutes", &[(UP, "1x3 0x23 1x60"), (PANICKED, "7x3 _x24 7x60")])
                .quiet_at(seconds(465))
                .quiet_at(minutes(9)),
            Example::missing("no endpoint was called", &[(UP, "1x60")]).quiet_at(minutes(9)),
        ],
        ..Alert::owned_by(Service::Api)
    }
}
