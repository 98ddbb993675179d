//! `INFO server`.

crate::catalogue! {
    /// Seconds since the server started
    UPTIME: Gauge = "redis_uptime_in_seconds" [] upstream source("INFO uptime_in_seconds");
}
