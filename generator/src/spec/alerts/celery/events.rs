//! What the exporter does not get to hear.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static MISSED: Threshold = Threshold::number(
    "CELERY_EVENTS_MISSED",
    10.0,
    1e9,
    "A list of events that gets lost holds the starts of a few tasks; ten of them in each five minutes are no accident",
);

const COUNT: &str = r#"celery_events_missed_total{job="celery",instance="celery-exporter:9808",hostname="w1@web-1"}"#;
const SECOND_COUNT: &str = r#"celery_events_missed_total{job="celery",instance="celery-exporter:9808",hostname="w2@web-1"}"#;
const ENABLED: &str = r#"celery_worker_events_enabled{job="celery",instance="celery-exporter:9808",hostname="w1@web-1"}"#;
const SECOND_ENABLED: &str = r#"celery_worker_events_enabled{job="celery",instance="celery-exporter:9808",hostname="w2@web-1"}"#;
const WORKER: &[(&str, &str)] = &[("job", "celery"), ("instance", "celery-exporter:9808"), ("hostname", "w1@web-1")];

pub(super) fn all() -> Vec<Alert> {
    vec![missed()]
}

fn missed() -> Alert {
    let some = Firing::new(WORKER, "About 20 tasks of w1@web-1 were not heard of within five minutes (celery-exporter:9808)");
    let none = Firing::new(WORKER, "w1@web-1 runs tasks and sends no events of them (celery-exporter:9808)");
    Alert {
        name: "CeleryEventsMissed",
        expr: "increase(celery_events_missed_total[5m]) > CELERY_EVENTS_MISSED or celery_worker_events_enabled == 0".to_owned(),
        thresholds: vec![&MISSED],
        lasting: minutes(10),
        summary: r#"{{ if eq $value 0.0 }}{{ $labels.hostname }} runs tasks and sends no events of them{{ else }}About {{ printf "%.0f" $value }} tasks of {{ $labels.hostname }} were not heard of within five minutes{{ end }} ({{ $labels.instance }})"#
            .to_owned(),
        description: "Counts, failure rates and run times of tasks are too low by what is missing; alerts made of them may stay silent.".to_owned(),
        meaning: "A worker's heartbeat says how many tasks it has started, and that is more than the exporter has heard of, again and again for ten \
                  minutes; or it has heard of none at all. A broker that was away once loses events too, and does not fire this.",
        causes: &[
            "The worker runs without -E and without `worker_send_task_events`.",
            "Redis cuts the exporter's subscription: its output buffer (client-output-buffer-limit pubsub) overflows.",
            "The exporter is throttled by its CPU limit, and falls behind.",
            "Several exporters share one queue of events on RabbitMQ (the same --event-queue-name).",
        ],
        queries: &[
            ("Subscriptions that were lost", "increase(celery_broker_reconnects_total[1h])"),
            ("How late events are read", "histogram_quantile(0.99, sum by (instance, le) (rate(celery_event_lag_seconds_bucket[5m])))"),
        ],
        actions: &[
            "No events: `celery -A <app> control enable_events` turns them on at once; -E in the worker's command, or --enable-events of the exporter, for good.",
            "Reconnects rise: `redis-cli CONFIG SET client-output-buffer-limit 'pubsub 64mb 16mb 60'`, and look for `scheduled to be closed ASAP` in its log.",
            "Lag rises: raise the CPU limit of celery-exporter in docker-compose.monitoring.yml.",
        ],
        page: Page::Graph("increase(celery_events_missed_total[5m])"),
        examples: vec![
            Example::new(
                "events get lost on and on, then no more; of another worker none",
                &[(COUNT, "0+1x80 80x60"), (ENABLED, "1x150"), (SECOND_COUNT, "7x150"), (SECOND_ENABLED, "1x150")],
            )
            .quiet_at(seconds(720))
            .fires_at(seconds(795), some)
            .fires_at(minutes(20), some)
            .quiet_at(seconds(1440)),
            Example::new("one of two workers was started without -E", &[(ENABLED, "_x4 0x43 1x20"), (SECOND_ENABLED, "1x90")])
                .quiet_at(seconds(645))
                .fires_at(seconds(660), none)
                .quiet_at(seconds(720)),
            Example::at_threshold("exactly ten in five minutes", &[(COUNT, "0+0.5x100")]).quiet_at(minutes(24)),
            Example::flapping("the broker is away twice", &[(COUNT, "0x10 500x60 900x60"), (ENABLED, "1x150")])
                .quiet_at(minutes(13))
                .quiet_at(minutes(28)),
            Example::missing("the worker has not run a task yet", &[(SECOND_COUNT, "0x100")]).quiet_at(minutes(24)),
        ],
        ..Alert::owned_by(Service::Celery)
    }
}
