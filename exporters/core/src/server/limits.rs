//! The limits that protect the server, and how often each was hit.

use std::{
    fmt::Display,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use metric_catalogue::exporter::Exporter;

use super::refusals::{Refusal, Refusals};
use crate::{samples::Samples, web_config::Web};

/// A limit of the server: the value of `<ns>_exporter_http_limited_total{limit}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Open connections.
    Connections,
    /// Time for a request's head, from its first byte.
    HeadTimeout,
    /// Time for which a write may stall.
    WriteTimeout,
    /// Time between requests.
    IdleTimeout,
    /// Scrapes that wait for a collection.
    WaitingScrapes,
    /// Time for a TLS handshake.
    TlsHandshakeTimeout,
    /// Requests per time, where the web configuration limits them.
    Rate,
}

impl Limit {
    const ALL: [Self; 7] =
        [Self::Connections, Self::HeadTimeout, Self::WriteTimeout, Self::IdleTimeout, Self::WaitingScrapes, Self::TlsHandshakeTimeout, Self::Rate];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::HeadTimeout => "head_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::WaitingScrapes => "waiting_scrapes",
            Self::TlsHandshakeTimeout => "tls_handshake_timeout",
            Self::Rate => "rate",
        }
    }
}

/// Counters of the server, and the web configuration that it follows.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    connections: AtomicU64,
    hits: [AtomicU64; Limit::ALL.len()],
    refusals: Refusals,
    web: Web,
}

impl Limits {
    pub(crate) fn new(web: Web) -> Self {
        Self { web, ..Self::default() }
    }

    pub(crate) fn web(&self) -> &Web {
        &self.web
    }

    /// Counts what was not served, and logs it when it begins and ends.
    pub(super) fn refused(&self, refusal: Refusal, peer: IpAddr, error: &dyn Display) {
        self.refusals.count(refusal, Some(peer), error);
    }

    /// The same where nobody is known to have asked.
    pub(super) fn not_accepted(&self, error: &dyn Display) {
        self.refusals.count(Refusal::Accept, None, error);
    }

    pub(crate) fn hit(&self, limit: Limit) {
        if let Some((_, count)) = Limit::ALL.iter().zip(&self.hits).find(|(one, _)| **one == limit) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn collect(&self, own: &'static Exporter, samples: &mut Samples) {
        samples.gauge(own.http_connections, [], self.connections.load(Ordering::Relaxed));
        for (limit, count) in Limit::ALL.iter().zip(&self.hits) {
            samples.counter(own.http_limited, [limit.as_str()], count.load(Ordering::Relaxed));
        }
        self.refusals.collect(own, samples);
        if let Some(status) = self.web.status() {
            status.collect(own, samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_the_catalogue_s() {
        assert_eq!(Limit::ALL.map(Limit::as_str), metric_catalogue::exporter::HTTP_LIMITS);
    }
}
