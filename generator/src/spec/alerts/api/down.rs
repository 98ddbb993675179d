//! The API is gone.

use crate::spec::alert::{Alert, Page};
use crate::spec::component;
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the Down alert, for the inhibition of what follows from it.
pub(crate) const DOWN: &str = "ApiDown";

/// The API measures itself, so there is no exporter that could tell of it: it is silent, or its series are absent.
const EXPRESSION: &str = r#"# The API is silent: 1.
(up{job="selextract-api"} == 0) + 1
# A page without the tower layer's series: 2.
or on (job, instance)
(up{job="selextract-api"} == 1 unless on (job, instance) selextract_active_connections) + 1
# No target at all: 3.
or
absent(up{job="selextract-api"}) * 3"#;

const SUMMARY: &str = "{{ if eq $value 1.0 }}The API at {{ $labels.instance }} does not answer Prometheus\
                       {{ else if eq $value 2.0 }}The API at {{ $labels.instance }} answers, and its series are absent from the page\
                       {{ else }}The API is not measured: the job {{ $labels.job }} has no target{{ end }}";

pub(super) fn alert() -> Alert {
    Alert {
        name: DOWN,
        expr: EXPRESSION.to_owned(),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: SUMMARY.to_owned(),
        description: "Users cannot log in, create tasks or see results, unless another instance of the API still does it for them.".to_owned(),
        meaning: "For a minute /metrics of the API, which is served by the same process and port as its users, has not been had. The summary says \
                  whether it was silent, answered with something else, or is no target any more.",
        causes: &[
            "The process has ended or ends over and over: a failed migration, a missing variable, no memory left.",
            "It hangs: every thread of its runtime is blocked, or waits for a database connection.",
            "METRICS_TOKEN differs between the API and Prometheus, so that the page is refused with 401 while users are served.",
            "Absent series: another program listens there, or the layer was built with OpenTelemetry's names.",
        ],
        queries: &[("Instances and whether they answer", r#"up{job="selextract-api"}"#), ("Requests before it went", "job:http_requests:rate5m")],
        actions: &[
            "`curl -i <instance>/health` from the host: a 200 means that users are served and only the measuring is broken.",
            "Refused: `docker compose ps api` and its last log lines; the reason of the last exit stands there.",
            "A connection without an answer: `docker restart` it after `docker top` and a dump of its threads, and look at PostgresDown.",
            "401 in the Error column of Prometheus' targets: compare /run/secrets/metrics_token of both containers.",
        ],
        page: Page::Targets(component::API.job),
        examples: examples(),
        ..Alert::owned_by(Service::Api)
    }
}

const UP: &str = r#"up{job="selextract-api",instance="api:8000"}"#;
const IN_FLIGHT: &str = r#"selextract_active_connections{job="selextract-api",instance="api:8000"}"#;
const HOST_UP: &str = r#"up{job="node",instance="host:9100"}"#;
const SECOND_UP: &str = r#"up{job="selextract-api",instance="api-2:8000"}"#;
const SECOND_IN_FLIGHT: &str = r#"selextract_active_connections{job="selextract-api",instance="api-2:8000"}"#;

fn examples() -> Vec<Example> {
    let silent = Firing::new(super::API, "The API at api:8000 does not answer Prometheus");
    let other_page = Firing::new(super::API, "The API at api:8000 answers, and its series are absent from the page");
    let no_target = Firing::new(&[("job", "selextract-api")], "The API is not measured: the job selextract-api has no target");
    vec![
        Example::new(
            "one of two instances goes, and comes back",
            &[(UP, "1x3 0x7 1x8"), (IN_FLIGHT, "2x3 _x8 0x8"), (SECOND_UP, "1x20"), (SECOND_IN_FLIGHT, "3x20"), (HOST_UP, "0x20")],
        )
        .quiet_at(seconds(105))
        .fires_at(seconds(120), silent)
        .quiet_at(seconds(180)),
        Example::new("another program takes its port, which is one alert throughout", &[(UP, "1x3 0x1 1x20"), (IN_FLIGHT, "0x3 stale")])
            .quiet_at(seconds(105))
            .fires_at(seconds(120), other_page),
        Example::missing("no target is left", &[(HOST_UP, "1x20")]).quiet_at(seconds(45)).fires_at(seconds(60), no_target),
        Example::new("it is idle and well", &[(UP, "1x20"), (IN_FLIGHT, "0x20")]).quiet_at(minutes(5)),
        Example::flapping("it restarts in just under a minute, twice", &[(UP, "1x3 0x3 1 0x3 1x12"), (IN_FLIGHT, "1x20")])
            .quiet_at(seconds(105))
            .quiet_at(seconds(180))
            .quiet_at(minutes(5)),
    ]
}
