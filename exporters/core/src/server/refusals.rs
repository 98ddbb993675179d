//! Connections and requests that were not served: counted, and logged when they begin and when they end.

use std::{
    fmt::Display,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use metric_catalogue::exporter::Exporter;
use tracing::{info, warn};

use crate::{log::Episode, samples::Samples};

/// Why: the value of `<ns>_exporter_http_refused_total{reason}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The system gave no connection: out of descriptors, mostly.
    Accept,
    /// No version, suite or protocol in common, not TLS at all, or the client does not trust the server.
    TlsHandshake,
    /// The client showed no certificate, or none that is taken.
    ClientCertificate,
    /// Unknown user or wrong password. A request without any is not counted: browsers and health checks begin so.
    Login,
}

impl Refusal {
    const ALL: [Self; 4] = [Self::Accept, Self::TlsHandshake, Self::ClientCertificate, Self::Login];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::TlsHandshake => "tls_handshake",
            Self::ClientCertificate => "client_certificate",
            Self::Login => "login",
        }
    }

    /// What the log says when it begins, and when it has ended.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Accept => ("Connections cannot be accepted", "Connections are accepted again"),
            Self::TlsHandshake => ("TLS handshakes fail", "TLS handshakes no longer fail"),
            Self::ClientCertificate => ("Client certificates are refused", "Client certificates are no longer refused"),
            Self::Login => ("Logins are wrong", "Logins are no longer wrong"),
        }
    }
}

/// Counters of the refusals, and whether each is going on.
#[derive(Debug, Default)]
pub(super) struct Refusals([(AtomicU64, Arc<Episode>); Refusal::ALL.len()]);

impl Refusals {
    pub(super) fn count(&self, refusal: Refusal, peer: Option<IpAddr>, error: &dyn Display) {
        let Some((_, (count, episode))) = Refusal::ALL.iter().zip(&self.0).find(|(one, _)| **one == refusal) else { return };
        count.fetch_add(1, Ordering::Relaxed);
        if !episode.failed() {
            return;
        }
        let (begins, ends) = refusal.words();
        warn!(peer = peer.map(tracing::field::display), %error, "{begins}");
        let episode = Arc::clone(episode);
        tokio::spawn(async move {
            let times = episode.over().await;
            info!(times, "{ends}");
        });
    }

    pub(super) fn collect(&self, own: &'static Exporter, samples: &mut Samples) {
        for (refusal, (count, _)) in Refusal::ALL.iter().zip(&self.0) {
            samples.counter(own.http_refused, [refusal.as_str()], count.load(Ordering::Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::log::captured::Captured;

    #[tokio::test(start_paused = true)]
    async fn refusals_are_logged_when_they_begin_and_when_they_end() {
        let log = Captured::default();
        let _guard = tracing::subscriber::set_default(log.subscriber());
        let refusals = Refusals::default();
        for _ in 0..1_000 {
            refusals.count(Refusal::Login, Some([192, 0, 2, 1].into()), &"wrong");
            refusals.count(Refusal::Accept, None, &"too many open files");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!((log.text().lines().count(), log.text().matches("peer=192.0.2.1").count()), (2, 1), "{}", log.text());
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert_eq!((log.text().lines().count(), log.text().matches("times=1000").count()), (4, 2), "{}", log.text());
    }

    #[test]
    fn refusals_are_the_catalogue_s() {
        assert_eq!(Refusal::ALL.map(Refusal::as_str), metric_catalogue::exporter::HTTP_REFUSALS);
    }
}
