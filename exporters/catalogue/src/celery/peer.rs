//! The names and labels of danihodovic/celery-exporter, served in place of ours where the operator asks for them.

/// Default buckets of Python's client library.
pub const RUNTIME_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// From 50 ms to half an hour.
pub const QUEUE_WAIT_BOUNDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0];

crate::catalogue! {
    /// Tasks sent by clients that send events
    SENT: Counter = "celery_task_sent_total" ["name", "hostname", "queue_name"] upstream;
    /// Tasks received by workers
    RECEIVED: Counter = "celery_task_received_total" ["name", "hostname", "queue_name"] upstream;
    /// Tasks started by workers
    STARTED: Counter = "celery_task_started_total" ["name", "hostname", "queue_name"] upstream;
    /// Attempts that succeeded
    SUCCEEDED: Counter = "celery_task_succeeded_total" ["name", "hostname", "queue_name"] upstream;
    /// Attempts that failed, by class of the exception
    FAILED: Counter = "celery_task_failed_total" ["name", "hostname", "exception", "queue_name"] upstream;
    /// Attempts that gave their message back to the broker or dropped it
    REJECTED: Counter = "celery_task_rejected_total" ["name", "hostname", "queue_name"] upstream;
    /// Tasks revoked: before they started, while they ran, or since they had expired
    REVOKED: Counter = "celery_task_revoked_total" ["name", "hostname", "queue_name"] upstream;
    /// Attempts that asked to be tried again
    RETRIED: Counter = "celery_task_retried_total" ["name", "hostname", "queue_name"] upstream;
    /// Run time of attempts that succeeded
    RUNTIME: Histogram = "celery_task_runtime" ["name", "hostname", "queue_name"] upstream unit(crate::Unit::Seconds) bounds(RUNTIME_BOUNDS);
    /// Time from when a task could first run until it started
    QUEUE_WAIT: Histogram = "celery_task_queue_wait_time" ["name", "hostname", "queue_name"] upstream unit(crate::Unit::Seconds) bounds(QUEUE_WAIT_BOUNDS);
    /// 1 while the worker is heard of, 0 once it is not
    WORKER_UP: Gauge = "celery_worker_up" ["hostname"] upstream;
    /// Tasks that the worker runs, by its last heartbeat
    WORKER_TASKS_ACTIVE: Gauge = "celery_worker_tasks_active" ["hostname"] upstream;
    /// Messages that wait in the queue, of all priorities together
    QUEUE_LENGTH: Gauge = "celery_queue_length" ["queue_name"] upstream;
    /// Consumers of the queue, where the broker tells
    CONSUMERS: Gauge = "celery_active_consumer_count" ["queue_name"] upstream;
    /// Workers that take tasks from the queue
    WORKERS: Gauge = "celery_active_worker_count" ["queue_name"] upstream;
    /// Processes or threads of the workers that take tasks from the queue
    PROCESSES: Gauge = "celery_active_process_count" ["queue_name"] upstream;
}
