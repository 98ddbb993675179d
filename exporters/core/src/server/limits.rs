//! The limits that protect the server, and how often each was hit.

use std::sync::atomic::{AtomicU64, Ordering};

use metric_catalogue::exporter::Exporter;

use crate::samples::Samples;

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
}

impl Limit {
    const ALL: [Self; 5] = [Self::Connections, Self::HeadTimeout, Self::WriteTimeout, Self::IdleTimeout, Self::WaitingScrapes];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::HeadTimeout => "head_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::WaitingScrapes => "waiting_scrapes",
        }
    }
}

/// Counters of the server.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    connections: AtomicU64,
    hits: [AtomicU64; Limit::ALL.len()],
}

impl Limits {
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
