//! Events as they arrive.

/// Types that are known, and what is counted in place of a type where there is none.
pub const TYPES: &[&str] = &[
    "task-sent",
    "task-received",
    "task-started",
    "task-succeeded",
    "task-failed",
    "task-retried",
    "task-revoked",
    "task-rejected",
    "task-cancelled",
    "worker-online",
    "worker-heartbeat",
    "worker-offline",
    "unknown",
    "malformed",
    "unsupported_content",
    "too_large",
];

crate::catalogue! {
    /// Events by type; also those of an unknown type, and messages that are not events, by what is wrong with them
    EVENTS: Counter = "celery_events_total" ["type"] closed(&[("type", TYPES)]);
    /// Time from an event until it arrived, by its sender's clock unless that is ahead, or a minute behind
    LAG: Histogram = "celery_event_lag_seconds" [] bounds(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]);
}
