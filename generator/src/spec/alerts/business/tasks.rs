//! Tasks that users create, and the proxies that they are run through.

use super::SERVICE;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static COMPLETION_LOW: Threshold = Threshold::share(
    "TASK_COMPLETION_LOW",
    0.8,
    "Sites that block us and cancelled tasks cost a tenth; below four fifths users see that their work is not done",
);

static TASKS: Threshold =
    Threshold::number("TASK_COMPLETION_TASKS", 30.0, 1e9, "With fewer in an hour, six long crawls that end in the next one are enough to be below");

static PROXY_FAILURES: Threshold =
    Threshold::share("PROXY_FAILURE_RATE_HIGH", 0.2, "A second try over another proxy hides one failure in five; beyond that tasks fail");

static PROXY_REQUESTS: Threshold =
    Threshold::number("PROXY_REQUESTS", 0.1, 1e6, "Thirty in five minutes: with fewer, a single ban is several percent");

const CREATED: &str = r#"selextract_tasks_created_total{job="selextract-api",instance="api:8000",task_type="web_scrape",user_id="other"}"#;
const CREATED_BY_NAME: &str = r#"selextract_tasks_created_total{job="selextract-api",instance="api-2:8000",task_type="export",user_id="7d1e"}"#;
const SUCCEEDED: &str = r#"selextract_tasks_completed_total{job="selextract-api",instance="api:8000",task_type="web_scrape",status="succeeded"}"#;
const FAILED: &str = r#"selextract_tasks_completed_total{job="selextract-api",instance="api:8000",task_type="web_scrape",status="failed"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![completion_low(), proxy_failure_rate_high()]
}

fn completion_low() -> Alert {
    Alert {
        name: "TaskCompletionLow",
        expr: r#"(
  sum by (job) (increase(selextract_tasks_completed_total{status="succeeded"}[1h]))
  # Nothing has ever succeeded: none, and not unknown.
  or 0 * count by (job) (selextract_tasks_created_total)
)
  / (sum by (job) (increase(selextract_tasks_created_total[1h])) > TASK_COMPLETION_TASKS)
  < TASK_COMPLETION_LOW"#
            .to_owned(),
        thresholds: vec![&COMPLETION_LOW, &TASKS],
        lasting: minutes(15),
        summary: "Only {{ $value | humanizePercentage }} of as many tasks as users created within the hour have succeeded".to_owned(),
        description: "Users have paid for results that they do not get, or get late: expect questions to support within the day.".to_owned(),
        meaning: "Within an hour far fewer tasks succeeded than were created. Both ways to get there count: tasks that end badly, and tasks that do not end \
                  because nobody works on them. It is counted by the API, so it also sees what never reached Celery.",
        causes: &[
            "Workers are away or far behind: CeleryNoWorkers or CeleryQueueBacklog fires beside this.",
            "One kind of task fails: a popular site has changed, or a proxy provider is banned.",
            "Workers do the work, but cannot report it to the API (token, address), so that it never counts as completed.",
            "A wave of long crawls has just been created: they end within the next hour.",
        ],
        queries: &[
            ("How tasks ended, by type", "sum by (task_type, status) (increase(selextract_tasks_completed_total[1h]))"),
            ("What was created, by type", "sum by (task_type) (increase(selextract_tasks_created_total[1h]))"),
            ("What waits in the queues", "celery_queue_length"),
        ],
        actions: &[
            "Created and not ended: look at the queue and the workers. Ended as failed or timed_out: look at that task type's exceptions.",
            "Celery counts successes (`celery_task_succeeded_total`) and the API does not: the workers' reports to /internal/tasks do not arrive.",
            "One type only: stop its schedules, so that users do not pay for attempts that cannot succeed.",
        ],
        page: Page::Graph("sum by (task_type, status) (increase(selextract_tasks_completed_total[1h]))"),
        examples: vec![
            Example::new(
                "workers fall behind, and catch up",
                &[(CREATED, "0+3x720"), (CREATED_BY_NAME, "0+1x720"), (SUCCEEDED, "0+4x239 958+2x239 1442+6x240"), (FAILED, "0+0x720")],
            )
            .quiet_at(seconds(5925))
            .fires_at(seconds(5940), Firing::new(SERVICE, "Only 67.29% of as many tasks as users created within the hour have succeeded"))
            .quiet_at(seconds(8265)),
            Example::new("users create twice as many, and the workers do not follow", &[(CREATED, "0+2x239 482+4x240"), (SUCCEEDED, "0+2x480")])
                .quiet_at(seconds(5385))
                .fires_at(seconds(5400), Firing::new(SERVICE, "Only 66.48% of as many tasks as users created within the hour have succeeded")),
            Example::new("nothing has ever succeeded", &[(CREATED, "0+1x300")])
                .fires_at(minutes(60), Firing::new(SERVICE, "Only 0% of as many tasks as users created within the hour have succeeded")),
            Example::new("all fail", &[(CREATED, "0+0.1875x300"), (SUCCEEDED, "0+0x300"), (FAILED, "0+0.1875x300")])
                .fires_at(minutes(74), Firing::new(SERVICE, "Only 0% of as many tasks as users created within the hour have succeeded")),
            Example::at_threshold("exactly four fifths", &[(CREATED, "0+20x300"), (SUCCEEDED, "0+16x300")]).quiet_at(minutes(74)),
            Example::at_threshold("thirty tasks an hour", &[(CREATED, "0+0.125x300"), (SUCCEEDED, "0+0x300")]).quiet_at(minutes(74)),
            Example::flapping(
                "a wave of long crawls, which end ten minutes later",
                &[(CREATED, "0+4x239 1036+80x3 1280+4x200"), (SUCCEEDED, "0+4x279 1196+80x3 1440+4x160")],
            )
            .quiet_at(minutes(68))
            .quiet_at(minutes(75)),
            Example::missing("nobody creates a task", &[(CREATED, "500x300"), (SUCCEEDED, "480x300")]).quiet_at(minutes(74)),
        ],
        ..Alert::owned_by(Service::Business)
    }
}

const SENT: &str = r#"selextract_proxy_requests_total{job="selextract-api",instance="api:8000",proxy_provider="residential"}"#;
const BANNED: &str =
    r#"selextract_proxy_failures_total{job="selextract-api",instance="api:8000",proxy_provider="residential",failure_type="banned"}"#;
const TIMED_OUT: &str =
    r#"selextract_proxy_failures_total{job="selextract-api",instance="api-2:8000",proxy_provider="residential",failure_type="timeout"}"#;
const OTHER_SENT: &str = r#"selextract_proxy_requests_total{job="selextract-api",instance="api:8000",proxy_provider="datacenter"}"#;
const RESIDENTIAL: &[(&str, &str)] = &[("job", "selextract-api"), ("proxy_provider", "residential")];

fn proxy_failure_rate_high() -> Alert {
    Alert {
        name: "ProxyFailureRateHigh",
        expr: "sum by (job, proxy_provider) (rate(selextract_proxy_failures_total[5m]))
  / (sum by (job, proxy_provider) (rate(selextract_proxy_requests_total[5m])) >= PROXY_REQUESTS)
  > PROXY_FAILURE_RATE_HIGH"
            .to_owned(),
        thresholds: vec![&PROXY_FAILURES, &PROXY_REQUESTS],
        lasting: minutes(5),
        summary: "{{ $value | humanizePercentage }} of the requests through proxies of {{ $labels.proxy_provider }} fail".to_owned(),
        description: "Crawls take longer, cost more per page, and fail once every proxy of the provider was tried.".to_owned(),
        meaning: "Of the requests that tasks sent through this provider, more than one in five got no answer of the site. Answers that the site itself refuses are \
                  counted as banned.",
        causes: &[
            "A site has recognised the provider's addresses (`banned`).",
            "The contract's traffic is used up, or the password was changed (`auth`).",
            "The provider has an outage (`timeout`, `refused`).",
        ],
        queries: &[
            ("Why, by provider", "sum by (proxy_provider, failure_type) (rate(selextract_proxy_failures_total[5m]))"),
            ("How much goes through each", "sum by (proxy_provider) (rate(selextract_proxy_requests_total[5m]))"),
        ],
        actions: &[
            "`auth`: log in to the provider's console, and look at the balance and the password's age.",
            "`banned`: lower the requests per site, or send that site's tasks through another provider.",
            "`timeout` and `refused`: the provider's status page, then `curl -x <proxy> -I <site>` from a worker.",
        ],
        page: Page::Graph("sum by (proxy_provider, failure_type) (rate(selextract_proxy_failures_total[5m]))"),
        examples: vec![
            Example::new(
                "a site bans it, until its tasks go elsewhere",
                &[(SENT, "0+20x160"), (BANNED, "0+0x39 5+5x59 300+0x60"), (TIMED_OUT, "0+1x160"), (OTHER_SENT, "0+20x160")],
            )
            .quiet_at(seconds(1065))
            .fires_at(seconds(1080), Firing::new(RESIDENTIAL, "30% of the requests through proxies of residential fail"))
            .quiet_at(seconds(1605)),
            Example::new("fewer requests, and as many failures", &[(SENT, "0+40x39 1580+20x80"), (BANNED, "0+6x120")])
                .quiet_at(seconds(1035))
                .fires_at(seconds(1050), Firing::new(RESIDENTIAL, "30% of the requests through proxies of residential fail")),
            Example::new("one in ten seconds, and none gets through", &[(SENT, "0+1.5x60"), (BANNED, "0+1.5x60")])
                .fires_at(minutes(10), Firing::new(RESIDENTIAL, "100% of the requests through proxies of residential fail")),
            Example::new("one in twelve seconds, and none gets through", &[(SENT, "0+1.25x60"), (BANNED, "0+1.25x60")]).quiet_at(minutes(14)),
            Example::at_threshold("exactly one in five", &[(SENT, "0+80x60"), (BANNED, "0+16x60")]).quiet_at(minutes(14)),
            Example::flapping("the provider restarts, twice", &[(SENT, "0+20x100"), (BANNED, "0+0x19 30+30x3 120+0x28 150+30x3 240+0x40")])
                .quiet_at(seconds(480))
                .quiet_at(minutes(14)),
            Example::missing("nothing goes through it", &[(SENT, "90x60"), (BANNED, "30x60")]).quiet_at(minutes(14)),
        ],
        // Requests per second.
        scales: false,
        ..Alert::owned_by(Service::Business)
    }
}
