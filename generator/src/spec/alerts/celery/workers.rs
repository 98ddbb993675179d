//! Celery's workers.

use super::CELERY;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the alert that no worker is left, for the inhibition of what follows from it.
pub(crate) const NO_WORKERS: &str = "CeleryNoWorkers";

const ACTIVE: &str = r#"celery_workers_active{job="celery",instance="celery-exporter:9808"}"#;
const OTHER_ACTIVE: &str = r#"celery_workers_active{job="celery",instance="other:9808"}"#;
const LENGTH: &str = r#"celery_queue_length{job="celery",instance="celery-exporter:9808",queue="celery"}"#;
const SECOND_LENGTH: &str = r#"celery_queue_length{job="celery",instance="celery-exporter:9808",queue="mail"}"#;
const OTHER_LENGTH: &str = r#"celery_queue_length{job="celery",instance="other:9808",queue="celery"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![no_workers(), worker_lost()]
}

fn no_workers() -> Alert {
    Alert {
        name: NO_WORKERS,
        expr: "celery_workers_active == 0".to_owned(),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: r#"No Celery worker is left{{ range printf "sum(celery_queue_length{instance=%q})" $labels.instance | query }}, and {{ .Value | humanize }} tasks wait{{ end }} ({{ $labels.instance }})"#
            .to_owned(),
        description: "Tasks are accepted and none is started: extractions stay pending until a worker is back.".to_owned(),
        meaning: "The broker answers, and no worker has sent an event within --worker-timeout, or the last one has said that it ends. It takes \
                  that timeout (five minutes) and a minute until a worker that was killed is noticed, and a minute for one that was stopped.",
        causes: &[
            "A release whose workers do not start: an import fails, or a setting is missing.",
            "Workers are listening on another broker, database or virtual host than the API sends to.",
            "Workers run with --without-heartbeat and had nothing to do for the timeout.",
            "The kernel ended every worker of the host: HostOomKill fires beside this.",
        ],
        queries: &[
            ("Workers, and when they went", "celery_worker_up"),
            ("When each was last heard of", "time() - celery_worker_last_heartbeat_timestamp_seconds"),
        ],
        actions: &[
            "`docker compose ps` for the application's workers, then the end of their logs: an import error stands on the last lines.",
            "`celery -A <app> status` with the application's own configuration: workers that answer there and are missing here use another broker.",
            "Start them again; `celery_queue_length` shows how fast they work off what has come in.",
        ],
        page: Page::Graph("celery_workers_active"),
        examples: vec![
            Example::new(
                "the last worker stops, and one comes back; another application has workers",
                &[(ACTIVE, "3x3 0x9 1x20"), (LENGTH, "40x40"), (SECOND_LENGTH, "2x40"), (OTHER_ACTIVE, "2x40"), (OTHER_LENGTH, "500x40")],
            )
            .quiet_at(seconds(105))
            .fires_at(seconds(120), Firing::new(CELERY, "No Celery worker is left, and 42 tasks wait (celery-exporter:9808)"))
            .quiet_at(seconds(210)),
            Example::new("nothing is known of queues", &[(ACTIVE, "0x20")])
                .quiet_at(seconds(45))
                .fires_at(seconds(60), Firing::new(CELERY, "No Celery worker is left (celery-exporter:9808)")),
            Example::new("one worker is left", &[(ACTIVE, "2x3 1x40")]).quiet_at(minutes(9)),
            Example::flapping("each release takes three quarters of a minute", &[(ACTIVE, "2x3 0x3 2 0x3 2x20")])
                .quiet_at(seconds(105))
                .quiet_at(seconds(180)),
            Example::missing("the exporter is not heard of", &[(ACTIVE, "0x3 stale")]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Celery)
    }
}

const UP: &str = r#"celery_worker_up{job="celery",instance="celery-exporter:9808",hostname="w1@web-1"}"#;
const SIGNED_OFF: &str = r#"celery_worker_signed_off{job="celery",instance="celery-exporter:9808",hostname="w1@web-1"}"#;
const SECOND_UP: &str = r#"celery_worker_up{job="celery",instance="celery-exporter:9808",hostname="w2@web-1"}"#;
const SECOND_SIGNED_OFF: &str = r#"celery_worker_signed_off{job="celery",instance="celery-exporter:9808",hostname="w2@web-1"}"#;
const FIRST: &[(&str, &str)] = &[("job", "celery"), ("instance", "celery-exporter:9808"), ("hostname", "w1@web-1")];

fn worker_lost() -> Alert {
    Alert {
        name: "CeleryWorkerLost",
        expr: "celery_worker_up == 0 unless celery_worker_signed_off == 1".to_owned(),
        lasting: minutes(1),
        summary: "Worker {{ $labels.hostname }} has vanished without a word ({{ $labels.instance }})".to_owned(),
        description: "What it was running is lost, or runs a second time where acks_late is set; the other workers carry its load.".to_owned(),
        meaning: "A worker has not been heard of for --worker-timeout and had not said that it ends, as one does that is stopped by SIGTERM. The \
                  alert ends when it is back, or when --purge-offline-worker-metrics (ten minutes) has passed and it is forgotten.",
        causes: &[
            "It was killed: by the kernel for want of memory, or by `docker stop` whose grace period is shorter than its tasks.",
            "Its host has gone, or lost its network.",
            "Its main process hangs: in a task of the solo pool, or in a call that gevent cannot interrupt.",
        ],
        queries: &[
            ("Workers that are gone, and not by themselves", "celery_worker_up == 0 unless celery_worker_signed_off == 1"),
            ("How many it ran at its last heartbeat", "celery_worker_tasks_active"),
        ],
        actions: &[
            "The part of its name after the @ is the host: `docker ps -a --filter status=exited` there, exit code 137 is a kill.",
            "`dmesg -T | grep -i 'killed process'`: lower --concurrency or set worker_max_memory_per_child if it was memory.",
            "It still runs: `py-spy dump --pid <its main process>` shows where it hangs; then kill it and start it again.",
            "Tasks that it held with Redis as broker come back after visibility_timeout (an hour by default).",
        ],
        page: Page::Graph("celery_worker_up"),
        examples: vec![
            Example::new(
                "it is killed, and comes back; a second one goes on",
                &[(UP, "1x3 0x9 1x20"), (SIGNED_OFF, "0x40"), (SECOND_UP, "1x40"), (SECOND_SIGNED_OFF, "0x40")],
            )
            .quiet_at(seconds(105))
            .fires_at(seconds(120), Firing::new(FIRST, "Worker w1@web-1 has vanished without a word (celery-exporter:9808)"))
            .quiet_at(seconds(210)),
            Example::new(
                "it is killed while a second one is stopped in order, and is forgotten",
                &[(UP, "1x3 0x9 stale"), (SIGNED_OFF, "0x13 stale"), (SECOND_UP, "1x3 0x9 stale"), (SECOND_SIGNED_OFF, "0x3 1x9 stale")],
            )
            .fires_at(seconds(120), Firing::new(FIRST, "Worker w1@web-1 has vanished without a word (celery-exporter:9808)"))
            .quiet_at(seconds(210)),
            Example::new("all are stopped in order", &[(UP, "1x3 0x40"), (SIGNED_OFF, "0x3 1x40")]).quiet_at(minutes(9)),
            Example::flapping("its network is bad", &[(UP, "1x3 0x3 1 0x3 1x20"), (SIGNED_OFF, "0x40")])
                .quiet_at(seconds(105))
                .quiet_at(seconds(180)),
            Example::missing("no worker has ever been heard of", &[(ACTIVE, "0x40")]).quiet_at(minutes(9)),
        ],
        ..Alert::owned_by(Service::Celery)
    }
}
