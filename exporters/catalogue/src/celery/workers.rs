//! Workers, by their full node name.

crate::catalogue! {
    /// Workers heard of within the timeout
    ACTIVE: Gauge = "celery_workers_active" [];
    /// 1 while the worker is heard of, 0 once it is not
    UP: Gauge = "celery_worker_up" ["hostname"];
    /// 1 once the worker has said that it ends, 0 while it runs and where it has vanished without a word
    SIGNED_OFF: Gauge = "celery_worker_signed_off" ["hostname"];
    /// Tasks that the worker runs, by its last heartbeat
    TASKS_ACTIVE: Gauge = "celery_worker_tasks_active" ["hostname"];
    /// Processes or threads in which the worker runs tasks
    PROCESSES: Gauge = "celery_worker_processes" ["hostname"];
    /// Time at which the worker's last heartbeat arrived, by the exporter's clock
    LAST_HEARTBEAT: Gauge = "celery_worker_last_heartbeat_timestamp_seconds" ["hostname"];
    /// 1 if the worker sends events of its tasks, 0 if it works without sending any; absent until it is known
    EVENTS_ENABLED: Gauge = "celery_worker_events_enabled" ["hostname"];
    /// Tasks that the worker says it has started and of which no event arrived
    EVENTS_MISSED: Counter = "celery_events_missed_total" ["hostname"];
}
