//! What the exporter says of its scrapes under upstream's names, beside what every exporter of the suite says.

crate::catalogue! {
    /// Collections from the server, under upstream's name
    SCRAPES: Counter = "redis_exporter_scrapes_total" [] upstream;
    /// Seconds that collections took
    SCRAPE_DURATION: Summary = "redis_exporter_scrape_duration_seconds" [] upstream;
    /// Seconds that the last collection took
    LAST_SCRAPE_DURATION: Gauge = "redis_exporter_last_scrape_duration_seconds" [] upstream;
    /// Seconds that it took to open the connection in use, TLS and authentication included
    CONNECT_TIME: Gauge = "redis_exporter_last_scrape_connect_time_seconds" [] upstream;
    /// 1 with the reason if the last collection failed, 0 with an empty one if not
    LAST_SCRAPE_ERROR: Gauge = "redis_exporter_last_scrape_error" ["err"] upstream;
    /// Requests for a target named in the request that failed before it was asked
    TARGET_REQUEST_ERRORS: Counter = "redis_target_scrape_request_errors_total" [] upstream;
}
