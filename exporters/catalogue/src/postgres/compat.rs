//! What the upstream exporter says of itself, for dashboards and alerts that read it.

crate::catalogue! {
    /// Seconds that the last collection took
    LAST_SCRAPE_DURATION: Gauge = "pg_exporter_last_scrape_duration_seconds" [] upstream;
    /// 1 if any collector failed in the last collection, 0 if not
    LAST_SCRAPE_ERROR: Gauge = "pg_exporter_last_scrape_error" [] upstream;
    /// Collections since the exporter started
    SCRAPES: Counter = "pg_exporter_scrapes_total" [] upstream;
    /// Seconds from the start of the collection until the collector's reply was read
    COLLECTOR_DURATION: Gauge = "pg_scrape_collector_duration_seconds" ["collector"] upstream;
    /// 1 if the collector succeeded in the last collection, 0 if not
    COLLECTOR_SUCCESS: Gauge = "pg_scrape_collector_success" ["collector"] upstream;
    /// 1 if the file of custom queries could not be loaded, 0 if it is in use
    USER_QUERIES_ERROR: Gauge = "pg_exporter_user_queries_load_error" ["filename", "hashsum"] upstream;
    /// Metrics of the file of custom queries that are left out because the exporter has families of the same names
    USER_QUERIES_CLASHES: Gauge = "pg_exporter_user_queries_clashes" [];
    /// 1 if the configuration file was last read without an error, 0 if not
    CONFIG_LAST_RELOAD_SUCCESSFUL: Gauge = "postgres_exporter_config_last_reload_successful" [] upstream;
    /// Time at which the configuration file was last read without an error
    CONFIG_LAST_RELOAD_TIMESTAMP: Gauge = "postgres_exporter_config_last_reload_success_timestamp_seconds" [] upstream;
    /// Version and source revision of the exporter; always 1
    BUILD_INFO: Gauge = "postgres_exporter_build_info" ["version", "revision"] upstream;
}
