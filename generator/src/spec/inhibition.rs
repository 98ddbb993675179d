//! Alerts that make others superfluous.

use std::panic::Location;

use super::alert::Alert;
use super::alerts::{
    ALERTMANAGER_DOWN, API_DOWN, CELERY_BROKER_DOWN, CELERY_NO_WORKERS, GRAFANA_DOWN, HOST_DOWN, POSTGRES_DOWN, PROMETHEUS_DOWN, REDIS_DOWN,
    TARGET_DOWN,
};
use super::service::Service;

/// While `source` fires, `target` is not sent for the same values of `equal`.
#[derive(Clone, Debug)]
pub(crate) struct Inhibition {
    pub(crate) source: &'static str,
    pub(crate) target: &'static str,
    pub(crate) equal: &'static [&'static str],
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
}

impl Inhibition {
    #[track_caller]
    const fn new(source: &'static str, target: &'static str, equal: &'static [&'static str]) -> Self {
        Self { source, target, equal, location: Location::caller() }
    }
}

/// The critical alert of a concern over the warning of the same one, a service's Down alert over the other alerts of its
/// instance and over `TargetDown`, and nothing wider.
pub(crate) fn all(alerts: &[Alert]) -> Vec<Inhibition> {
    let mut inhibitions = vec![
        Inhibition::new("HostMemoryExhausted", "HostMemoryHigh", &["instance"]),
        Inhibition::new("HostDiskFull", "HostDiskHigh", &["instance", "mountpoint"]),
        Inhibition::new("HostDiskFillsIn4Hours", "HostDiskFillsIn24Hours", &["instance", "mountpoint"]),
        Inhibition::new("PostgresConnectionsExhausted", "PostgresConnectionsSaturated", &["instance"]),
        Inhibition::new("PostgresWraparoundNear", "PostgresAutovacuumBehind", &["instance", "datname"]),
        Inhibition::new("PostgresReplicationBroken", "PostgresReplicationLag", &["instance"]),
        Inhibition::new("RedisMemoryExhausted", "RedisMemoryHigh", &["instance"]),
        Inhibition::new("ApiErrorRateCritical", "ApiErrorRateHigh", &["instance"]),
        Inhibition::new("ApiAvailabilityBudgetBurn", "ApiAvailabilityBudgetBurnSlow", &["job"]),
        Inhibition::new("ApiLatencyBudgetBurn", "ApiLatencyBudgetBurnSlow", &["job"]),
        Inhibition::new("BruteForceSuspected", "FailedLoginsHigh", &["job"]),
        Inhibition::new(GRAFANA_DOWN, TARGET_DOWN, &["instance"]),
    ];
    // Nobody takes tasks: that queues grow and tasks wait is the same.
    let waiting = ["CeleryWorkerLost", "CeleryQueueBacklog", "CeleryQueueGrowing", "CeleryQueueWaitHigh"];
    inhibitions.extend(waiting.map(|target| Inhibition::new(CELERY_NO_WORKERS, target, &["instance"])));
    for (down, service) in [
        (HOST_DOWN, Service::Host),
        (API_DOWN, Service::Api),
        (POSTGRES_DOWN, Service::Postgres),
        (REDIS_DOWN, Service::Redis),
        (CELERY_BROKER_DOWN, Service::Celery),
    ] {
        // Objectives are of a job, and not of an instance.
        let is_other = |alert: &&Alert| alert.service == service && alert.name != down && !alert.expr.contains("job:slo_");
        let others = alerts.iter().filter(is_other).map(|alert| alert.name);
        // A host that is gone is no TargetDown.
        let target_down = (service != Service::Host).then_some(TARGET_DOWN);
        inhibitions.extend(others.chain(target_down).map(|target| Inhibition::new(down, target, &["instance"])));
    }
    // Only where there are several of them.
    let pairs = [ALERTMANAGER_DOWN, PROMETHEUS_DOWN].into_iter().filter(|down| alerts.iter().any(|alert| alert.name == *down));
    inhibitions.extend(pairs.map(|down| Inhibition::new(down, TARGET_DOWN, &["instance"])));
    inhibitions
}
