//! Requests that fail on the client's side.

use super::{API, REQUESTS};
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static CLIENT_ERRORS: Threshold = Threshold::share(
    "API_CLIENT_ERRORS_HIGH",
    0.25,
    "Expired sessions, typing errors and scanners come to a tenth of the requests; a quarter means that a client is wrong by itself",
);

static ABORTED: Threshold = Threshold::share(
    "API_ABORTED_REQUESTS_HIGH",
    0.05,
    "Closed tabs and lost mobile connections are one or two in a hundred; above that people leave since they wait",
);

const OK: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/users/{id}",status_code="200"}"#;
const REFUSED: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/users/{id}",status_code="401"}"#;
const FAILED: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/users/{id}",status_code="500"}"#;
const LEFT: &str = r#"http_requests_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/users/{id}",status_code="499"}"#;
const ABORTS: &str = r#"http_requests_aborted_total{job="selextract-api",instance="api:8000",method="GET",endpoint="/users/{id}"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![client_errors(), aborted()]
}

fn client_errors() -> Alert {
    Alert {
        name: "ApiClientErrorsHigh",
        expr: r#"sum by (job, instance) (rate(http_requests_total{status_code=~"4..",status_code!="499"}[5m]))
  / (sum by (job, instance) (rate(http_requests_total[5m])) >= API_REQUESTS)
  > API_CLIENT_ERRORS_HIGH"#
            .to_owned(),
        thresholds: vec![&CLIENT_ERRORS, &REQUESTS],
        lasting: minutes(5),
        summary: "{{ $labels.instance }} refuses {{ $value | humanizePercentage }} of its requests as the client's fault".to_owned(),
        description: "Nothing is broken in the API by its own account, but every fourth request of somebody's comes to nothing.".to_owned(),
        meaning: "Statuses of 4xx, without the 499 of clients that left, make up more than a quarter of all requests. They are no errors of the API and \
                  do not use up its objective; a client that was made to send them is broken all the same.",
        causes: &[
            "A web front end or SDK that was released against another version of the API: 404 and 422.",
            "A signing key or session store that was replaced, so that every session is invalid: 401.",
            "A scanner or a brute-force attack: 404 on `unmatched`, or 401 and 429 on /login.",
        ],
        queries: &[
            (
                "By endpoint and status",
                r#"topk(10, sum by (endpoint, status_code) (rate(http_requests_total{status_code=~"4..",status_code!="499"}[5m])))"#,
            ),
            ("Failed logins meanwhile", "sum(rate(selextract_failed_login_attempts_total[5m]))"),
        ],
        actions: &[
            "One status on one endpoint: compare the front end's last release with the API's routes and required fields.",
            "401 on everything: were sessions or keys lost? `selextract_user_sessions_active` falls to nothing then.",
            "404 on `unmatched`: it is a scanner; block it in nginx or leave it alone.",
        ],
        page: Page::Graph(r#"sum by (status_code) (rate(http_requests_total{status_code=~"4.."}[5m]))"#),
        examples: vec![
            Example::new("all sessions are lost, and made anew", &[(OK, "0+12x160"), (REFUSED, "0+0x39 8+8x59 480+0x60")])
                .quiet_at(seconds(1035))
                .fires_at(seconds(1050), Firing::new(API, "api:8000 refuses 40% of its requests as the client's fault"))
                .quiet_at(seconds(1635)),
            Example::new("users leave, a broken client goes on", &[(OK, "0+40x39 1572+12x80"), (REFUSED, "0+8x120")])
                .quiet_at(seconds(1050))
                .fires_at(seconds(1065), Firing::new(API, "api:8000 refuses 40% of its requests as the client's fault")),
            Example::new("a request in ten seconds, without a session", &[(REFUSED, "0+1.5x60")])
                .fires_at(minutes(10), Firing::new(API, "api:8000 refuses 100% of its requests as the client's fault")),
            Example::new("a request in twelve seconds, without a session", &[(REFUSED, "0+1.25x60")]).quiet_at(minutes(14)),
            Example::at_threshold("exactly a quarter", &[(OK, "0+48x60"), (REFUSED, "0+16x60")]).quiet_at(minutes(14)),
            Example::new("clients leave, and the server fails", &[(OK, "0+10x60"), (LEFT, "0+20x60"), (FAILED, "0+20x60")]).quiet_at(minutes(14)),
            Example::flapping("a scanner comes by twice", &[(OK, "0+12x100"), (REFUSED, "0+0x19 30+30x3 120+0x28 150+30x3 240+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(14)),
            Example::missing("the API has just started", &[]).quiet_at(minutes(14)),
        ],
        // Requests per second.
        scales: false,
        ..Alert::owned_by(Service::Api)
    }
}

fn aborted() -> Alert {
    Alert {
        name: "ApiAbortedRequestsHigh",
        expr: "sum by (job, instance) (rate(http_requests_aborted_total[5m]))
  / (sum by (job, instance) (rate(http_requests_total[5m])) >= API_REQUESTS)
  > API_ABORTED_REQUESTS_HIGH"
            .to_owned(),
        thresholds: vec![&ABORTED, &REQUESTS],
        lasting: minutes(5),
        summary: "Clients leave {{ $value | humanizePercentage }} of their requests to {{ $labels.instance }} before the answer is complete"
            .to_owned(),
        description: "Somebody gives up waiting: a person who reloads, or a proxy whose time-out is shorter than the work.".to_owned(),
        meaning: "The connection was closed from the other side before the last byte of the answer, in more than one of twenty requests. What the handler had done by \
                  then may be half done; such requests count with status 499.",
        causes: &[
            "The API has become slow: people reload, and each reload adds to the load.",
            "`proxy_read_timeout` of nginx, or the client library's own time-out, is shorter than an export takes.",
            "A load balancer that ends connections while it moves traffic away.",
        ],
        queries: &[
            ("Where they leave", "topk(10, sum by (endpoint) (rate(http_requests_aborted_total[5m])))"),
            ("How long answers take there", "topk(10, job_endpoint:http_request_duration_seconds:p95_rate5m)"),
        ],
        actions: &[
            "One slow endpoint: return 202 and let the client poll, or stream the answer from its first row on.",
            "Durations pile up just below 30 or 60 seconds: that is a proxy's time-out; look for it in nginx' configuration.",
            "All endpoints at once: compare with the deployments of nginx and the network in front of it.",
        ],
        page: Page::Graph("sum by (endpoint) (rate(http_requests_aborted_total[5m]))"),
        examples: vec![
            Example::new("exports become slow, and are mended", &[(OK, "0+25x160"), (ABORTS, "0+0x39 2+2x59 120+0x60")])
                .quiet_at(seconds(1065))
                .fires_at(seconds(1080), Firing::new(API, "Clients leave 8% of their requests to api:8000 before the answer is complete"))
                .quiet_at(seconds(1605)),
            Example::new("those who can wait go, the impatient stay", &[(OK, "0+50x39 1975+25x80"), (ABORTS, "0+2x120")])
                .quiet_at(seconds(1005))
                .fires_at(seconds(1020), Firing::new(API, "Clients leave 8% of their requests to api:8000 before the answer is complete")),
            Example::new("a request in ten seconds, and nobody waits", &[(LEFT, "0+1.5x60"), (ABORTS, "0+1.5x60")])
                .fires_at(minutes(10), Firing::new(API, "Clients leave 100% of their requests to api:8000 before the answer is complete")),
            Example::new("a request in twelve seconds, and nobody waits", &[(LEFT, "0+1.25x60"), (ABORTS, "0+1.25x60")]).quiet_at(minutes(14)),
            Example::at_threshold("exactly one in twenty", &[(OK, "0+100x60"), (ABORTS, "0+5x60")]).quiet_at(minutes(14)),
            Example::flapping("the network breaks for a minute, twice", &[(OK, "0+25x100"), (ABORTS, "0+0x19 10+10x3 40+0x28 50+10x3 80+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(14)),
            Example::missing("everybody waits for the answer", &[(OK, "0+25x60")]).quiet_at(minutes(14)),
        ],
        // Requests per second.
        scales: false,
        ..Alert::owned_by(Service::Api)
    }
}
