//! Security events: failed logins and rate limits, by the address of the client.

use std::{sync::Arc, time::Instant};

use exporter_core::{Registry, Samples};
use metric_catalogue::api::security as metrics;

use crate::{
    bounded::{BoundedFamily, Groups, Settings},
    client_address::ClientAddress,
};

/// Counts security events; clones count in the same place.
#[derive(Clone, Debug)]
pub struct Security(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    failed_logins: BoundedFamily,
    rate_limited: BoundedFamily,
}

impl Security {
    /// Families in `registry`; `endpoints` are those that have a rate limit, others count as `_OTHER`.
    #[must_use]
    pub fn new(registry: &Registry, endpoints: &[&str]) -> Self {
        Self::with_settings(registry, endpoints, Settings::default())
    }

    /// The same, with other settings for the families by address.
    #[must_use]
    pub fn with_settings(registry: &Registry, endpoints: &[&str], settings: Settings) -> Self {
        Self(Arc::new(Inner {
            failed_logins: BoundedFamily::new(registry, &metrics::FAILED_LOGINS, settings),
            rate_limited: BoundedFamily::grouped(registry, &metrics::RATE_LIMIT_VIOLATIONS, 1, Groups::new(endpoints), settings),
        }))
    }

    /// Somebody failed to log in.
    pub fn login_failed(&self, client: ClientAddress) {
        self.0.failed_logins.add(&client.label(), "", 1.0);
    }

    /// A request was refused because the client sends too many.
    pub fn rate_limited(&self, endpoint: &str, client: ClientAddress) {
        self.0.rate_limited.add(&client.label(), endpoint, 1.0);
    }

    /// Adds the families.
    pub fn collect(&self, samples: &mut Samples) {
        let now = Instant::now();
        self.0.failed_logins.collect(now, samples);
        self.0.rate_limited.collect(now, samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_named_after_an_epoch_and_endpoints_at_once() {
        let settings = Settings { epoch: std::time::Duration::ZERO, ..Settings::default() };
        let security = Security::with_settings(&Registry::default(), &["/login"], settings);
        let client = ClientAddress::from("::ffff:192.0.2.7".parse::<std::net::IpAddr>().unwrap());
        let page = || {
            let mut samples = Samples::default();
            security.collect(&mut samples);
            samples.text()
        };
        security.login_failed(client);
        security.rate_limited("/login", client);
        security.rate_limited("/elsewhere", client);
        let first = page();
        assert!(first.contains("selextract_failed_login_attempts_total{ip_address=\"other\"} 1\n"));
        assert!(first.contains("selextract_rate_limit_violations_total{endpoint=\"/login\",ip_address=\"other\"} 1\n"));
        assert!(first.contains("selextract_rate_limit_violations_total{endpoint=\"_OTHER\",ip_address=\"other\"} 1\n"));
        page();
        security.login_failed(client);
        let named = page();
        assert!(named.contains("selextract_failed_login_attempts_total{ip_address=\"192.0.2.7\"} 1\n"), "{named}");
        assert!(named.contains("selextract_metrics_tracked_series{family=\"selextract_failed_login_attempts_total\"} 1\n"));
    }
}
