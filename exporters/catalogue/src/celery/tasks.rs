//! Tasks, by name. A name that is not known, since the event that carries it was not seen, is `__unknown__`.

/// Ways in which an attempt at a task can end.
pub const STATUSES: &[&str] = &["succeeded", "failed", "retried", "revoked", "rejected"];

/// From 50 ms to an hour.
pub const BOUNDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0];

crate::catalogue! {
    /// Tasks sent by clients that send events, attempts after the first included
    SENT: Counter = "celery_task_sent_total" ["task_name"] upstream;
    /// Tasks received by workers
    RECEIVED: Counter = "celery_task_received_total" ["task_name"] upstream;
    /// Tasks started by workers
    STARTED: Counter = "celery_task_started_total" ["task_name"] upstream;
    /// Attempts that succeeded
    SUCCEEDED: Counter = "celery_task_succeeded_total" ["task_name"] upstream;
    /// Attempts that asked to be tried again
    RETRIED: Counter = "celery_task_retried_total" ["task_name"] upstream;
    /// Tasks revoked: before they started, while they ran, or since they had expired
    REVOKED: Counter = "celery_task_revoked_total" ["task_name"] upstream;
    /// Attempts that gave their message back to the broker or dropped it
    REJECTED: Counter = "celery_task_rejected_total" ["task_name"] upstream;
    /// Attempts by how they ended, each once
    OUTCOMES: Counter = "celery_task_total" ["task_name", "status"] closed(&[("status", STATUSES)]);
    /// Attempts that failed, by class of the exception
    FAILED: Counter = "celery_task_failed_total" ["task_name", "error_type"] upstream;
    /// Attempts that failed by a time limit, soft or hard
    TIMEOUTS: Counter = "celery_task_timeout_total" ["task_name"];
    /// Run time of attempts that succeeded or failed
    RUNTIME: Histogram = "celery_task_runtime_seconds" ["task_name"] bounds(BOUNDS);
    /// Time from when a task could first run (when it was sent, or its eta) until it started
    QUEUE_WAIT: Histogram = "celery_task_queue_wait_seconds" ["task_name"] bounds(BOUNDS);
    /// Time that a worker held a task that could run (from its arrival there, or its eta) until it started
    PREFETCH_WAIT: Histogram = "celery_task_prefetch_wait_seconds" ["task_name"] bounds(BOUNDS);
    /// Tasks whose name and times the exporter remembers
    TRACKED: Gauge = "celery_tasks_tracked" [];
    /// Tasks forgotten before their end to keep within the memory limit
    FORGOTTEN: Counter = "celery_tasks_forgotten_total" [];
    /// Events of an end that had already been counted
    DUPLICATE_OUTCOMES: Counter = "celery_task_duplicate_outcomes_total" [];
}
