//! `SLOWLOG`.

crate::catalogue! {
    /// Entries in the slow log
    LENGTH: Gauge = "redis_slowlog_length" [] upstream source("SLOWLOG LEN");
    /// Identifier of the newest entry in the slow log; 0 while there is none
    LAST_ID: Gauge = "redis_slowlog_last_id" [] upstream;
    /// Duration of the newest entry in the slow log; 0 while there is none
    LAST_DURATION: Gauge = "redis_last_slow_execution_duration_seconds" [] upstream;
}
