//! Alertmanager, as far as our rules read it.
//!
//! Seen on Debian's 0.25; version 0.34 has all of it and adds the label `reason` to failures.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "alertmanager", sections: &[("alertmanager", ALL), ("process", crate::process::ALL)] };

crate::catalogue! {
    /// Version of the running program
    BUILD_INFO: Gauge = "alertmanager_build_info" ["branch", "goarch", "goos", "goversion", "revision", "tags", "version"] upstream;
    /// 1 if the last reload of the configuration succeeded, 0 if the one before it is still in use
    CONFIG_RELOAD_SUCCESSFUL: Gauge = "alertmanager_config_last_reload_successful" [] upstream;
    /// Hash of the configuration in use
    CONFIG_HASH: Gauge = "alertmanager_config_hash" [] upstream;
    /// Notifications that were tried
    NOTIFICATIONS: Counter = "alertmanager_notifications_total" ["integration"] upstream;
    /// Notifications that could not be delivered
    NOTIFICATIONS_FAILED: Counter = "alertmanager_notifications_failed_total" ["integration", "reason"] upstream optional(1);
    /// Alertmanagers that know of each other, this one included
    CLUSTER_MEMBERS: Gauge = "alertmanager_cluster_members" [] upstream;
}
