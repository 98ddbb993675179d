//! Celery's tasks.

use super::CELERY;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static FAILURES: Threshold = Threshold::share(
    "CELERY_TASK_FAILURE_RATE",
    0.1,
    "Sites that cannot be reached make up to one extraction in twenty fail on a good day; twice that is our own doing",
);

/// With fewer, one failure by itself is a fifth of all.
static ATTEMPTS: Threshold = Threshold::number("CELERY_TASK_ATTEMPTS", 5.0, 1e6, "A task that runs once a minute is looked at, an hourly one is not");

/// An increase is extrapolated to its window, so two can show as a little more than two.
static TIMEOUTS: Threshold =
    Threshold::number("CELERY_TASK_TIMEOUTS", 2.5, 1e6, "One input that is too large is tried twice; a third task at its limit is not that input");

const SUCCEEDED: &str = r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="app.extract",status="succeeded"}"#;
const FAILED: &str = r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="app.extract",status="failed"}"#;
const RETRIED: &str = r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="app.extract",status="retried"}"#;
const MAIL_SUCCEEDED: &str = r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="app.mail",status="succeeded"}"#;
const MAIL_FAILED: &str = r#"celery_task_total{job="celery",instance="celery-exporter:9808",task_name="app.mail",status="failed"}"#;
const EXTRACT: &[(&str, &str)] = &[("job", "celery"), ("instance", "celery-exporter:9808"), ("task_name", "app.extract")];

pub(super) fn all() -> Vec<Alert> {
    vec![failure_rate_high(), timeouts(), none()]
}

fn failure_rate_high() -> Alert {
    Alert {
        name: "CeleryTaskFailureRateHigh",
        expr: r#"sum by (job, instance, task_name) (increase(celery_task_total{status="failed"}[5m]))
  / (sum by (job, instance, task_name) (increase(celery_task_total{status=~"succeeded|failed"}[5m])) > CELERY_TASK_ATTEMPTS)
  > CELERY_TASK_FAILURE_RATE"#
            .to_owned(),
        thresholds: vec![&FAILURES, &ATTEMPTS],
        lasting: minutes(5),
        summary: r#"{{ $value | humanizePercentage }} of {{ $labels.task_name }} fail{{ range printf "topk(1, sum by (error_type) (increase(celery_task_failed_total{instance=%q,task_name=%q}[5m])) > 0)" $labels.instance $labels.task_name | query }}, mostly with {{ .Labels.error_type }}{{ end }} ({{ $labels.instance }})"#
            .to_owned(),
        description: "Users get errors in place of the results of this task, and their compute units are used up.".to_owned(),
        meaning: "Of the attempts of this one task that ended in five minutes, in success or failure, over a tenth failed, for five minutes. Attempts \
                  that are retried count when they have ended for good. TaskSuccessBudgetBurn looks at all tasks together.",
        causes: &[
            "A release of the task's code: the class of the exception is one of our own.",
            "The site that it reads has changed (parsing errors), or turns us away (see ProxyFailureRateHigh).",
            "The database or the cache that it writes to is down; several tasks fire at once then.",
            "Workers of an old release do not know it: NotRegistered.",
        ],
        queries: &[
            ("Classes of exceptions", "sum by (task_name, error_type) (increase(celery_task_failed_total[5m])) > 0"),
            ("Attempts by how they end", "sum by (task_name, status) (rate(celery_task_total[5m]))"),
        ],
        actions: &[
            "The class stands in the summary; the workers' log has its traceback: search for the task's name and `raised unexpected`.",
            "It began with a release: go back to the one before, then look.",
            "Only some inputs fail: the log line has the task's id, and its arguments are in the result backend if `result_extended` is set.",
        ],
        page: Page::Graph("sum by (task_name, error_type) (increase(celery_task_failed_total[5m]))"),
        examples: failure_rate_examples(),
        ..Alert::owned_by(Service::Celery)
    }
}

fn failure_rate_examples() -> Vec<Example> {
    const CLASS: &str = r#"celery_task_failed_total{job="celery",instance="celery-exporter:9808",task_name="app.extract",error_type="ParseError"}"#;
    const RARE: &str = r#"celery_task_failed_total{job="celery",instance="celery-exporter:9808",task_name="app.extract",error_type="OSError"}"#;
    let firing = Firing::new(EXTRACT, "12% of app.extract fail, mostly with ParseError (celery-exporter:9808)");
    vec![
        Example::new(
            "extractions fail, then no longer; mail does not",
            &[
                (SUCCEEDED, "0+88x60 5380+100x60"),
                (FAILED, "0+12x60 720+0x60"),
                (RETRIED, "0+50x120"),
                (CLASS, "0+10x60 600+0x60"),
                (RARE, "0+2x60 120+0x60"),
                (MAIL_SUCCEEDED, "0+80x120"),
                (MAIL_FAILED, "0+8x120"),
            ],
        )
        .quiet_at(seconds(300))
        .fires_at(seconds(315), firing)
        .fires_at(minutes(15), firing)
        .quiet_at(minutes(19)),
        Example::new("six in five minutes, all of which fail", &[(SUCCEEDED, "0x80"), (FAILED, "0+0.3x80")])
            .quiet_at(minutes(5))
            .fires_at(minutes(19), Firing::new(EXTRACT, "100% of app.extract fail (celery-exporter:9808)")),
        Example::at_threshold("exactly a tenth", &[(SUCCEEDED, "0+72x80"), (FAILED, "0+8x80"), (RETRIED, "0x80")]).quiet_at(minutes(19)),
        Example::at_threshold("five in five minutes", &[(SUCCEEDED, "0x80"), (FAILED, "0+0.25x80")]).quiet_at(minutes(19)),
        Example::flapping("bad input for four minutes, and one task that fails", &[(SUCCEEDED, "0+10x100"), (FAILED, "0x20 1x60 1x20")])
            .quiet_at(minutes(9))
            .quiet_at(minutes(20)),
        Example::flapping("the exporter starts anew while all is well", &[(SUCCEEDED, "0+100x40 0+100x40"), (FAILED, "400x40 0x40")])
            .quiet_at(minutes(10))
            .quiet_at(minutes(19)),
        Example::missing("workers send no events of their tasks", &[(CLASS, "0+10x80")]).quiet_at(minutes(19)),
    ]
}

const LIMITS: &str = r#"celery_task_timeout_total{job="celery",instance="celery-exporter:9808",task_name="app.extract"}"#;
const MAIL_LIMITS: &str = r#"celery_task_timeout_total{job="celery",instance="celery-exporter:9808",task_name="app.mail"}"#;

fn timeouts() -> Alert {
    Alert {
        name: "CeleryTaskTimeouts",
        expr: "sum by (job, instance, task_name) (increase(celery_task_timeout_total[30m])) > CELERY_TASK_TIMEOUTS".to_owned(),
        thresholds: vec![&TIMEOUTS],
        lasting: minutes(1),
        summary:
            r#"About {{ printf "%.0f" $value }} of {{ $labels.task_name }} ran into their time limit within half an hour ({{ $labels.instance }})"#
                .to_owned(),
        description: "Each of them held a process for the whole of its limit and has nothing to show for it.".to_owned(),
        meaning: "SoftTimeLimitExceeded was raised in these tasks and not caught, or the worker ended their process (TimeLimitExceeded). They count as \
                  failures too, but long tasks are so few that CeleryTaskFailureRateHigh does not see them.",
        causes: &[
            "A call without a timeout of its own: a proxy or a site that accepts a connection and says nothing.",
            "Inputs have grown, and the limit was set for smaller ones.",
            "The host is short of CPU (HostCpuHigh), so that everything takes longer.",
        ],
        queries: &[
            ("How long those take that succeed", "histogram_quantile(0.95, sum by (task_name, le) (rate(celery_task_runtime_seconds_bucket[30m])))"),
            ("Limits hit by task", "sum by (task_name) (increase(celery_task_timeout_total[30m]))"),
        ],
        actions: &[
            "The traceback of a soft limit in the workers' log ends in the very call that was waiting: give that call a timeout.",
            "Hard limits leave none: set `soft_time_limit` a little below `time_limit`, to get one next time.",
            "The p95 of those that succeed is close to the limit: raise it, or cut the work into smaller tasks.",
        ],
        page: Page::Graph("sum by (task_name) (increase(celery_task_timeout_total[30m]))"),
        examples: vec![
            Example::new("eight hang in turn; one mail does", &[(LIMITS, "0x20 1+1x7 8x200"), (MAIL_LIMITS, "0x20 1x220")])
                .quiet_at(seconds(390))
                .fires_at(
                    seconds(405),
                    Firing::new(EXTRACT, "About 7 of app.extract ran into their time limit within half an hour (celery-exporter:9808)"),
                )
                .fires_at(
                    seconds(480),
                    Firing::new(EXTRACT, "About 8 of app.extract ran into their time limit within half an hour (celery-exporter:9808)"),
                )
                .quiet_at(minutes(40)),
            Example::new("three, each 25 minutes apart", &[(LIMITS, "0x100 1x100 2x100 3x100")]).quiet_at(minutes(60)).quiet_at(minutes(99)),
            Example::new("four within twenty minutes", &[(LIMITS, "0x120 1x20 2x20 3x20 4x40")]).fires_at(
                minutes(48),
                Firing::new(EXTRACT, "About 4 of app.extract ran into their time limit within half an hour (celery-exporter:9808)"),
            ),
            Example::at_threshold("as many as two look like at most", &[(LIMITS, "0x140 2.5x160")]).quiet_at(minutes(36)),
            Example::flapping("the exporter starts anew, and counts from nothing", &[(LIMITS, "40x20 0x120")])
                .quiet_at(minutes(6))
                .quiet_at(minutes(30)),
            Example::missing("the task has not run since the exporter started", &[]).quiet_at(minutes(30)),
        ],
        ..Alert::owned_by(Service::Celery)
    }
}

const ACTIVE: &str = r#"celery_workers_active{job="celery",instance="celery-exporter:9808"}"#;
const STARTED: &str = r#"celery_task_started_total{job="celery",instance="celery-exporter:9808",task_name="app.extract"}"#;
const OTHER_ACTIVE: &str = r#"celery_workers_active{job="celery",instance="other:9808"}"#;
const OTHER_STARTED: &str = r#"celery_task_started_total{job="celery",instance="other:9808",task_name="app.extract"}"#;
const EVENTS_OFF: &str = r#"celery_worker_events_enabled{job="celery",instance="celery-exporter:9808",hostname="w1@web-1"}"#;

fn none() -> Alert {
    Alert {
        name: "CeleryNoTasks",
        expr: "celery_workers_active > 0
unless on (job, instance)
sum by (job, instance) (increase(celery_task_started_total[30m])) > 0
# A worker that tells nothing of its tasks has its own alert.
unless on (job, instance)
celery_worker_events_enabled == 0"
            .to_owned(),
        lasting: minutes(30),
        severity: Severity::Info,
        summary: r#"No task has been started for an hour, with {{ printf "%.0f" $value }} workers there ({{ $labels.instance }})"#.to_owned(),
        description: "At a quiet time that is as it should be; by day it means that nobody gets to send tasks.".to_owned(),
        meaning: "Workers send heartbeats and have told of no start of a task for an hour. Schedules alone (celery beat) usually start some.",
        causes: &[
            "It is night, and the application has no schedules.",
            "celery beat has stopped: it is a process of its own, and nothing else watches it.",
            "The API sends to a queue that no worker serves: CeleryQueueBacklog follows.",
            "Every process is held by tasks that have run for more than an hour.",
        ],
        queries: &[
            (
                "Starts in half an hour, and a week ago",
                "sum(increase(celery_task_started_total[30m])) or sum(increase(celery_task_started_total[30m] offset 1w))",
            ),
            ("Running now", "sum by (instance) (celery_worker_tasks_active)"),
        ],
        actions: &[
            "`docker compose logs --since 2h beat | grep 'Sending due task'`: no lines mean that beat hangs; restart it.",
            "`celery -A <app> call <a harmless task>`: if it starts, workers are well and senders are not.",
            "In the API's log, look for `OperationalError` of kombu: it could not reach the broker to send.",
        ],
        page: Page::Graph("sum(increase(celery_task_started_total[30m]))"),
        examples: none_examples(),
        ..Alert::owned_by(Service::Celery)
    }
}

fn none_examples() -> Vec<Example> {
    let firing = Firing::new(CELERY, "No task has been started for an hour, with 2 workers there (celery-exporter:9808)");
    vec![
        Example::new(
            "beat stops, and is started again; another application works on",
            &[(ACTIVE, "2x400"), (STARTED, "0+1x40 40x300 41+1x60"), (OTHER_ACTIVE, "1x400"), (OTHER_STARTED, "0+1x400")],
        )
        .quiet_at(minutes(69))
        .fires_at(minutes(72), firing)
        .quiet_at(minutes(87)),
        Example::missing("no task has ever run, and the exporter is new", &[(ACTIVE, "2x200")])
            .quiet_at(seconds(1785))
            .fires_at(seconds(1800), firing),
        Example::missing("its only worker does not tell of tasks", &[(ACTIVE, "1x200"), (EVENTS_OFF, "0x200")]).quiet_at(minutes(40)),
        Example::new("the worker that is idle does tell", &[(ACTIVE, "2x200"), (EVENTS_OFF, "1x200")]).fires_at(minutes(40), firing),
        Example::at_threshold("no workers are there to start any", &[(ACTIVE, "0x200")]).quiet_at(minutes(40)),
        Example::flapping("one task each fifty minutes", &[(ACTIVE, "2x500"), (STARTED, "0x100 1x199 2x199")])
            .quiet_at(minutes(24))
            .quiet_at(minutes(74))
            .quiet_at(minutes(120)),
    ]
}
