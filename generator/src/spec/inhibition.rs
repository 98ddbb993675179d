//! Alerts that make others superfluous.

use std::panic::Location;

use super::alert::Alert;
use super::alerts::{GRAFANA_DOWN, HOST_DOWN, REDIS_DOWN, TARGET_DOWN};
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
        Inhibition::new("RedisMemoryExhausted", "RedisMemoryHigh", &["instance"]),
        Inhibition::new("ApiAvailabilityBudgetBurn", "ApiAvailabilityBudgetBurnSlow", &["job"]),
        Inhibition::new("ApiLatencyBudgetBurn", "ApiLatencyBudgetBurnSlow", &["job"]),
        Inhibition::new(GRAFANA_DOWN, TARGET_DOWN, &["instance"]),
    ];
    for (down, service) in [(HOST_DOWN, Service::Host), (REDIS_DOWN, Service::Redis)] {
        let others = alerts.iter().filter(|alert| alert.service == service && alert.name != down).map(|alert| alert.name);
        inhibitions.extend(others.chain([TARGET_DOWN]).map(|target| Inhibition::new(down, target, &["instance"])));
    }
    inhibitions
}
