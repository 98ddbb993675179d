//! Celery's queues.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static BACKLOG: Threshold = Threshold::number(
    "CELERY_QUEUE_BACKLOG",
    100.0,
    1e6,
    "The product's own figure: more than its workers take up in the minute in which a user still waits for an extraction to begin",
);

static GROWTH: Threshold = Threshold::number(
    "CELERY_QUEUE_GROWTH_PER_HOUR",
    60.0,
    1e6,
    "One task a minute more than is worked off makes an empty queue a backlog of a hundred in less than two hours",
);

static WAIT: Threshold = Threshold::number(
    "CELERY_QUEUE_WAIT_SECONDS",
    60.0,
    86_400.0,
    "Whoever starts an extraction stays on its page for about a minute before it is started once more, or given up",
);

const LENGTH: &str = r#"celery_queue_length{job="celery",instance="celery-exporter:9808",queue="celery"}"#;
const SECOND_LENGTH: &str = r#"celery_queue_length{job="celery",instance="celery-exporter:9808",queue="mail"}"#;
const QUEUE: &[(&str, &str)] = &[("job", "celery"), ("instance", "celery-exporter:9808"), ("queue", "celery")];

pub(super) fn all() -> Vec<Alert> {
    vec![backlog(), growing(), wait_high()]
}

fn backlog() -> Alert {
    Alert {
        name: "CeleryQueueBacklog",
        expr: "celery_queue_length > CELERY_QUEUE_BACKLOG".to_owned(),
        thresholds: vec![&BACKLOG],
        lasting: minutes(10),
        summary: r#"{{ printf "%.0f" $value }} tasks wait in queue {{ $labels.queue }} of {{ $labels.instance }}"#.to_owned(),
        description: "A task that is sent now waits behind all of these; extractions begin late, and those with an expiry not at all.".to_owned(),
        meaning: "For ten minutes more than a hundred messages lay ready in the queue, all priorities together. What workers have fetched ahead \
                  (worker_prefetch_multiplier) is not among them, so more than these wait.",
        causes: &[
            "One user or one schedule sent a batch: the queue then shrinks by itself.",
            "Every process of the workers is busy with slow tasks, a site that answers late for instance.",
            "The workers that serve this queue (-Q) are gone, while others go on.",
            "A task that always fails and retries at once.",
        ],
        queries: &[
            ("Does it shrink", "deriv(celery_queue_length[10m]) * 60"),
            ("Busy processes of those there are", "sum by (instance) (celery_worker_tasks_active) / sum by (instance) (celery_worker_processes)"),
        ],
        actions: &[
            "`celery -A <app> inspect active_queues`: is this queue served at all?",
            "`celery -A <app> inspect active | grep -o \"'name': '[^']*'\" | sort | uniq -c`: what keeps the processes busy?",
            "Add processes for an hour: `celery -A <app> control pool_grow 4`, if the host has memory for them.",
            "A batch that nobody wants any more: `celery -A <app> purge -Q <queue>` drops all of it, other users' tasks as well.",
        ],
        page: Page::Graph("celery_queue_length"),
        examples: vec![
            Example::new("a batch arrives, and is worked off; another queue is short", &[(LENGTH, "20x3 101x43 20x20"), (SECOND_LENGTH, "60x90")])
                .quiet_at(seconds(645))
                .fires_at(seconds(660), Firing::new(QUEUE, "101 tasks wait in queue celery of celery-exporter:9808"))
                .quiet_at(seconds(720)),
            Example::at_threshold("exactly a hundred", &[(LENGTH, "100x80")]).quiet_at(minutes(18)),
            Example::flapping("a batch each ten minutes", &[(LENGTH, "20x3 400x38 20 400x38 20x10")]).quiet_at(seconds(630)).quiet_at(seconds(1230)),
            Example::missing("the broker no longer tells", &[(LENGTH, "400x3 stale")]).quiet_at(minutes(12)),
        ],
        ..Alert::owned_by(Service::Celery)
    }
}

fn growing() -> Alert {
    Alert {
        name: "CeleryQueueGrowing",
        expr: "deriv(celery_queue_length[30m]) * 3600 > CELERY_QUEUE_GROWTH_PER_HOUR and deriv(celery_queue_length[5m]) > 0".to_owned(),
        thresholds: vec![&GROWTH],
        lasting: minutes(15),
        summary: r#"Queue {{ $labels.queue }} of {{ $labels.instance }} grows by {{ printf "%.0f" $value }} tasks an hour"#.to_owned(),
        description: "More comes in than the workers take out. Left alone, each task waits longer than the one before it.".to_owned(),
        meaning: "The trend of half an hour points upwards, and that of the last five minutes still does, so it is neither a batch nor a backlog that \
                  is being worked off. CeleryQueueBacklog looks at the length, this at where it is going.",
        causes: &[
            "Usage has outgrown the number of worker processes.",
            "Tasks take longer than last week: a slower site, a slower database.",
            "A worker less than usual: one that was not started again after a release.",
        ],
        queries: &[
            (
                "Sent and ended per second",
                "sum by (instance) (rate(celery_task_sent_total[10m])) or sum by (instance) (rate(celery_task_total[10m]) * -1)",
            ),
            ("Mean run time by task", "rate(celery_task_runtime_seconds_sum[10m]) / (rate(celery_task_runtime_seconds_count[10m]) > 0)"),
        ],
        actions: &[
            "Compare `celery_workers_active` and `celery_worker_processes` with yesterday: is capacity missing?",
            "Mean run time of one task has risen: look into that task (its database queries, its proxies) before you add workers.",
            "Neither: start another worker container, or raise --concurrency where CPU and memory allow.",
        ],
        page: Page::Graph("deriv(celery_queue_length[30m]) * 3600"),
        examples: vec![
            Example::new(
                "it grows by 72 an hour, then by nothing; another queue does not",
                &[(LENGTH, "0+0.3x200 60x60"), (SECOND_LENGTH, "80x260")],
            )
            .quiet_at(minutes(15))
            .fires_at(seconds(915), Firing::new(QUEUE, "Queue celery of celery-exporter:9808 grows by 72 tasks an hour"))
            .fires_at(minutes(50), Firing::new(QUEUE, "Queue celery of celery-exporter:9808 grows by 72 tasks an hour"))
            .quiet_at(minutes(57)),
            Example::new("it is purged, and grows anew", &[(LENGTH, "600x20 0+0.5x240")])
                .quiet_at(minutes(33))
                .fires_at(minutes(55), Firing::new(QUEUE, "Queue celery of celery-exporter:9808 grows by 120 tasks an hour")),
            Example::new("it grows, though ten are taken at once in between", &[(LENGTH, "0+1x40 30+1x200")])
                .fires_at(minutes(16), Firing::new(QUEUE, "Queue celery of celery-exporter:9808 grows by 183 tasks an hour")),
            Example::at_threshold("exactly one a minute", &[(LENGTH, "0+0.25x300")]).quiet_at(minutes(70)),
            Example::new("a backlog of an outage is worked off", &[(LENGTH, "0x40 0+10x40 400-1x200")]).quiet_at(minutes(23)).quiet_at(minutes(36)),
            Example::flapping("a batch of ten minutes, twice an hour", &[(LENGTH, "0x10 0+20x40 0x80 0+20x40 0x80")])
                .quiet_at(minutes(17))
                .quiet_at(minutes(43))
                .quiet_at(minutes(60)),
            Example::missing("the queue is not looked at", &[(LENGTH, "0+0.3x20 stale")]).quiet_at(minutes(30)),
        ],
        // Tasks an hour are counted.
        scales: false,
        ..Alert::owned_by(Service::Celery)
    }
}

const FAST: &str = r#"celery_task_queue_wait_seconds_bucket{job="celery",instance="celery-exporter:9808",task_name="app.extract",le="30.0"}"#;
const MINUTE: &str = r#"celery_task_queue_wait_seconds_bucket{job="celery",instance="celery-exporter:9808",task_name="app.extract",le="60.0"}"#;
const SLOW: &str = r#"celery_task_queue_wait_seconds_bucket{job="celery",instance="celery-exporter:9808",task_name="app.extract",le="300.0"}"#;
const ALL: &str = r#"celery_task_queue_wait_seconds_bucket{job="celery",instance="celery-exporter:9808",task_name="app.extract",le="+Inf"}"#;
const MAIL_FAST: &str = r#"celery_task_queue_wait_seconds_bucket{job="celery",instance="celery-exporter:9808",task_name="app.mail",le="30.0"}"#;
const MAIL_ALL: &str = r#"celery_task_queue_wait_seconds_bucket{job="celery",instance="celery-exporter:9808",task_name="app.mail",le="+Inf"}"#;
const EACH_TWO_MINUTES: &str = "0x7 1x7 2x7 3x7 4x7 5x7 6x7 7x7";
const OLDEST: &str = r#"celery_queue_oldest_task_age_seconds{job="celery",instance="celery-exporter:9808",queue="celery"}"#;
const EXTRACT: &[(&str, &str)] = &[("job", "celery"), ("instance", "celery-exporter:9808"), ("task_name", "app.extract")];

fn wait_high() -> Alert {
    Alert {
        name: "CeleryQueueWaitHigh",
        expr: "# Of tasks that have started, where clients send events.
histogram_quantile(0.95, sum by (job, instance, task_name, le) (rate(celery_task_queue_wait_seconds_bucket[5m]))) > CELERY_QUEUE_WAIT_SECONDS
or
# Of the one that has not, where the broker shows it.
celery_queue_oldest_task_age_seconds > CELERY_QUEUE_WAIT_SECONDS"
            .to_owned(),
        thresholds: vec![&WAIT],
        lasting: minutes(5),
        summary: "{{ with $labels.task_name }}One in twenty of {{ . }} has waited{{ end }}{{ with $labels.queue }}The first task of queue {{ . }} has waited{{ end }} {{ $value | humanizeDuration }} at {{ $labels.instance }}"
            .to_owned(),
        description: "Users look at an extraction that does not begin.".to_owned(),
        meaning: "From when it was sent, or from its eta, until a process took it up, a task waits for more than a minute. The queue need not be long \
                  for that: a few tasks behind one that runs for an hour are enough.",
        causes: &[
            "Long tasks hold every process of the queue that short ones use too.",
            "A worker has fetched tasks ahead and sits on them (worker_prefetch_multiplier above 1 with long tasks).",
            "Tasks of a high priority keep overtaking the others.",
            "No worker serves this queue: CeleryQueueBacklog comes later, at a hundred tasks.",
        ],
        queries: &[
            (
                "Of that wait, what was spent inside a worker",
                "histogram_quantile(0.95, sum by (task_name, le) (rate(celery_task_prefetch_wait_seconds_bucket[5m])))",
            ),
            ("Age of what is next, by queue", "celery_queue_oldest_task_age_seconds"),
        ],
        actions: &[
            "High inside the worker: set worker_prefetch_multiplier to 1 and start workers with `-O fair`.",
            "High in the queue: give long tasks a queue and a worker of their own (task_routes), so that short ones pass.",
            "`celery -A <app> inspect active` shows since when (time_start) the long ones run; revoke one that hangs.",
        ],
        page: Page::Graph("celery_queue_oldest_task_age_seconds"),
        examples: wait_high_examples(),
        ..Alert::owned_by(Service::Celery)
    }
}

fn wait_high_examples() -> Vec<Example> {
    let extract = Firing::new(EXTRACT, "One in twenty of app.extract has waited 1m 17s at celery-exporter:9808");
    let celery = Firing::new(QUEUE, "The first task of queue celery has waited 1m 1s at celery-exporter:9808");
    vec![
        Example::new(
            "some extractions wait for minutes, then none; mail does not",
            &[
                (FAST, "0+123x60 7510+130x60"),
                (MINUTE, "0+123x60 7510+130x60"),
                (SLOW, "0+130x120"),
                (ALL, "0+130x120"),
                (MAIL_FAST, "0+80x120"),
                (MAIL_ALL, "0+80x120"),
            ],
        )
        .quiet_at(seconds(300))
        .fires_at(seconds(315), extract)
        .fires_at(minutes(15), extract)
        .quiet_at(minutes(16)),
        Example::new(
            "one extraction in two minutes, and each has waited",
            &[(FAST, "0x64"), (MINUTE, "0x64"), (SLOW, EACH_TWO_MINUTES), (ALL, EACH_TWO_MINUTES)],
        )
        .fires_at(minutes(12), Firing::new(EXTRACT, "One in twenty of app.extract has waited 4m 48s at celery-exporter:9808")),
        Example::new("nothing is started, then everything", &[(OLDEST, "2x3 61x23 2x20")])
            .quiet_at(seconds(345))
            .fires_at(seconds(360), celery)
            .quiet_at(seconds(420)),
        Example::at_threshold(
            "a twentieth waits longer than a minute",
            &[(FAST, "0+64x80"), (MINUTE, "0+76x80"), (SLOW, "0+80x80"), (ALL, "0+80x80")],
        )
        .quiet_at(minutes(19)),
        Example::at_threshold("the first has waited exactly a minute", &[(OLDEST, "60x80")]).quiet_at(minutes(19)),
        Example::flapping("a long task each five minutes", &[(OLDEST, "2x3 200x18 2 200x18 2x40")]).quiet_at(seconds(330)).quiet_at(seconds(630)),
        Example::missing("clients send no events, and the broker hides its messages", &[(LENGTH, "50x80")]).quiet_at(minutes(19)),
    ]
}
