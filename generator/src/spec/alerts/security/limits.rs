//! Clients that are slowed down, and families of series that an attacker fills.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static VIOLATIONS: Threshold = Threshold::number(
    "RATE_LIMIT_VIOLATIONS_HIGH",
    100.0,
    1e9,
    "A client that heeds 429 and waits meets the limit a few times; hundreds come from one that does not, or from an attack",
);

static OVERFLOW: Threshold =
    Threshold::share("METRIC_SERIES_OVERFLOW", 0.5, "When most of a family has no name, its top ten are no longer the top ten of anything");

static FULL: Threshold = Threshold::number(
    "METRIC_SERIES_FULL",
    180.0,
    1e6,
    "Of the 200 values that a family may name, 20 places are kept free for newcomers: with 180 it names no more, with fewer names still come with time",
);

const ON_LOGIN: &str = r#"selextract_rate_limit_violations_total{job="selextract-api",instance="api:8000",endpoint="/login",ip_address="other"}"#;
const ON_LOGIN_BY_NAME: &str =
    r#"selextract_rate_limit_violations_total{job="selextract-api",instance="api-2:8000",endpoint="/login",ip_address="203.0.113.7"}"#;
const ON_TASKS: &str = r#"selextract_rate_limit_violations_total{job="selextract-api",instance="api:8000",endpoint="/tasks",ip_address="other"}"#;
const LOGIN: &[(&str, &str)] = &[("job", "selextract-api"), ("endpoint", "/login")];

pub(super) fn all() -> Vec<Alert> {
    vec![rate_limit_violations_high(), series_overflow()]
}

fn rate_limit_violations_high() -> Alert {
    Alert {
        name: "RateLimitViolationsHigh",
        expr: "sum by (job, endpoint) (increase(selextract_rate_limit_violations_total[5m])) > RATE_LIMIT_VIOLATIONS_HIGH".to_owned(),
        thresholds: vec![&VIOLATIONS],
        lasting: minutes(5),
        summary: r#"The rate limit of {{ $labels.endpoint }} has refused about {{ printf "%.0f" $value }} requests in five minutes"#.to_owned(),
        description: "The limit does its work. Either it keeps an attacker out, or it keeps out a customer who then waits for nothing.".to_owned(),
        meaning: "Requests beyond what one address may send to this endpoint were answered with 429, from all addresses together.",
        causes: &[
            "A script that sends as fast as it can and does not heed Retry-After.",
            "Many users behind one address: a company's proxy, or our own nginx where the API trusts too few proxies.",
            "An attack on logins or registrations: BruteForceSuspected is near.",
            "A limit that was lowered with the last release.",
        ],
        queries: &[
            ("Who is refused, at least", "topk(10, sum by (endpoint, ip_address) (increase(selextract_rate_limit_violations_total[5m])))"),
            (
                "Share of the endpoint's requests",
                r#"sum by (endpoint) (rate(http_requests_total{status_code="429"}[5m])) / (sum by (endpoint) (rate(http_requests_total[5m])) > 0)"#,
            ),
        ],
        actions: &[
            "Whose address is it? A customer's: write to them, with the limit and the endpoint that takes many tasks at once.",
            "The address of nginx or a load balancer: raise `--trusted-proxies` to the number of proxies in front.",
            "Nobody's: leave the limit alone, and deny the address before the API where it costs less.",
        ],
        page: Page::Graph("sum by (endpoint) (increase(selextract_rate_limit_violations_total[5m]))"),
        examples: vec![
            Example::new(
                "a script runs wild against both instances, and is stopped",
                &[(ON_LOGIN, "0+0x39 5+5x59 300+0x60"), (ON_LOGIN_BY_NAME, "0+0x39 3+3x59 180+0x60"), (ON_TASKS, "0+1x160")],
            )
            .quiet_at(seconds(1065))
            .fires_at(seconds(1080), Firing::new(LOGIN, "The rate limit of /login has refused about 160 requests in five minutes"))
            .quiet_at(seconds(1605)),
            Example::at_threshold("a hundred in five minutes", &[(ON_LOGIN, "0+5x60")]).quiet_at(minutes(14)),
            Example::new("each of two endpoints below it", &[(ON_LOGIN, "0+4x60"), (ON_TASKS, "0+4x60")]).quiet_at(minutes(14)),
            Example::flapping("an import of a minute, twice", &[(ON_TASKS, "0+0x19 30+30x3 120+0x27 150+30x3 240+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(13)),
            Example::missing("no endpoint has a limit", &[]).quiet_at(minutes(14)),
        ],
        ..Alert::owned_by(Service::Security)
    }
}

const UNNAMED: &str = r#"selextract_metrics_other_ratio{job="selextract-api",instance="api:8000",family="selextract_failed_login_attempts_total"}"#;
const TRACKED: &str =
    r#"selextract_metrics_tracked_series{job="selextract-api",instance="api:8000",family="selextract_failed_login_attempts_total"}"#;
const FAMILY: &[(&str, &str)] = &[("job", "selextract-api"), ("instance", "api:8000"), ("family", "selextract_failed_login_attempts_total")];

fn series_overflow() -> Alert {
    Alert {
        name: "MetricSeriesOverflow",
        expr: "selextract_metrics_other_ratio > METRIC_SERIES_OVERFLOW and selextract_metrics_tracked_series >= METRIC_SERIES_FULL".to_owned(),
        thresholds: vec![&OVERFLOW, &FULL],
        lasting: minutes(10),
        summary: "{{ $labels.family }} of {{ $labels.instance }} counts {{ $value | humanizePercentage }} of its amount without a name".to_owned(),
        description: "Sums and alerts stay exact. Who is behind them can no longer be seen from this family: the busiest may be among the unnamed."
            .to_owned(),
        meaning: "Every name that the family may have is taken, and more than half of what is counted belongs to values without one. That is how the product \
                  defends its memory and Prometheus against label values that users or attackers choose.",
        causes: &[
            "An attack from more addresses than are named: botnets, or one host with a whole IPv6 network.",
            "More active users than the family was sized for.",
            "A client that sends an invented identifier with each request.",
        ],
        queries: &[
            ("Values by name, in each family", "selextract_metrics_tracked_series"),
            ("How fast names are given up", "increase(selextract_metrics_evictions_total[10m])"),
            ("Share without a name", "selextract_metrics_other_ratio"),
        ],
        actions: &[
            "A family of addresses: FailedLoginsHigh and RateLimitViolationsHigh say how much it is; the API's log has every address.",
            "A family of users, and steady: raise `Settings::values` of the family, at one series per value and task type.",
            "Evictions near forty a minute, the most that there can be: names change too fast to be of use, and only sums are left.",
        ],
        page: Page::Graph("selextract_metrics_other_ratio"),
        examples: vec![
            Example::new("a botnet comes, and goes", &[(UNNAMED, "0.1x3 0.9x43 0.1x20"), (TRACKED, "180x80")])
                .quiet_at(seconds(645))
                .fires_at(
                    seconds(660),
                    Firing::new(FAMILY, "selextract_failed_login_attempts_total of api:8000 counts 90% of its amount without a name"),
                )
                .quiet_at(seconds(720)),
            Example::at_threshold("exactly half", &[(UNNAMED, "0.5x60"), (TRACKED, "180x60")]).quiet_at(minutes(14)),
            Example::at_threshold("one name is left", &[(UNNAMED, "0.9x60"), (TRACKED, "179x60")]).quiet_at(minutes(14)),
            Example::flapping("two waves of nine minutes", &[(UNNAMED, "0.1x3 0.9x36 0.1 0.9x36 0.1x5"), (TRACKED, "180x90")])
                .quiet_at(seconds(600))
                .quiet_at(seconds(1170)),
            Example::missing("the family is not on the page", &[(UNNAMED, "0.9x60")]).quiet_at(minutes(14)),
        ],
        ..Alert::owned_by(Service::Security)
    }
}
