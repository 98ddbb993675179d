//! The connection to the broker.

crate::catalogue! {
    /// Times that the subscription to the broker's events was opened again after it had been lost
    RECONNECTS: Counter = "celery_broker_reconnects_total" [];
    /// Seconds since the broker last answered the exporter
    ANSWER_AGE: Gauge = "celery_broker_answer_age_seconds" [];
}
