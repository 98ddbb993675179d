//! Queues of tasks.

crate::catalogue! {
    /// Messages that wait in the queue, of all priorities together
    LENGTH: Gauge = "celery_queue_length" ["queue"];
    /// Messages delivered to a worker and not yet acknowledged, of all queues together on Redis; AMQP does not tell them
    UNACKED: Gauge = "celery_queue_unacked" ["queue"] optional(1);
    /// Consumers of the queue, where the broker tells
    CONSUMERS: Gauge = "celery_queue_consumers" ["queue"];
    /// Seconds since the task that is next to be taken was sent, or at least since it has been next; AMQP does not show it
    OLDEST_AGE: Gauge = "celery_queue_oldest_task_age_seconds" ["queue"];
}
