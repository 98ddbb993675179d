//! Prometheus, as far as our rules read it.
//!
//! Seen on Debian's 2.42; version 3 has all of it. It adds the label `alertmanager` to what it drops and `reason` to rule
//! failures, so both are optional here and rules sum them away.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "prometheus", sections: &[("prometheus", ALL), ("process", crate::process::ALL)] };

crate::catalogue! {
    /// Version of the running program
    BUILD_INFO: Gauge = "prometheus_build_info" ["branch", "goarch", "goos", "goversion", "revision", "tags", "version"] upstream;
    /// 1 if the last reload of the configuration succeeded, 0 if the one before it is still in use
    CONFIG_RELOAD_SUCCESSFUL: Gauge = "prometheus_config_last_reload_successful" [] upstream;
    /// Evaluations of rules
    RULE_EVALUATIONS: Counter = "prometheus_rule_evaluations_total" ["rule_group"] upstream;
    /// Evaluations of rules that failed
    RULE_EVALUATION_FAILURES: Counter = "prometheus_rule_evaluation_failures_total" ["rule_group", "reason"] upstream optional(1);
    /// Evaluations of rule groups that were left out since the one before took too long
    RULE_ITERATIONS_MISSED: Counter = "prometheus_rule_group_iterations_missed_total" ["rule_group"] upstream;
    /// Alerts that were dropped on their way to Alertmanager
    NOTIFICATIONS_DROPPED: Counter = "prometheus_notifications_dropped_total" ["alertmanager"] upstream optional(1);
    /// Alertmanagers that alerts are sent to
    ALERTMANAGERS_DISCOVERED: Gauge = "prometheus_notifications_alertmanagers_discovered" [] upstream;
    /// Series in memory
    HEAD_SERIES: Gauge = "prometheus_tsdb_head_series" [] upstream;
    /// Scrapes refused since the page held more samples than the job may have
    EXCEEDED_SAMPLE_LIMIT: Counter = "prometheus_target_scrapes_exceeded_sample_limit_total" [] upstream;
    /// Scrapes refused since the page was larger than the job's may be
    EXCEEDED_BODY_SIZE_LIMIT: Counter = "prometheus_target_scrapes_exceeded_body_size_limit_total" [] upstream;
    /// Samples refused since an older one came later
    SAMPLE_OUT_OF_ORDER: Counter = "prometheus_target_scrapes_sample_out_of_order_total" [] upstream;
    /// Samples refused since their time was too far from now
    SAMPLE_OUT_OF_BOUNDS: Counter = "prometheus_target_scrapes_sample_out_of_bounds_total" [] upstream;
    /// Samples refused since another of the same series and time had another value
    SAMPLE_DUPLICATE_TIMESTAMP: Counter = "prometheus_target_scrapes_sample_duplicate_timestamp_total" [] upstream;
}
