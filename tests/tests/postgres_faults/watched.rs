//! An exporter that reads a server through a proxy, and what each of its pages must be like.

use std::time::{Duration, Instant};

use it::exporter::Exporter;
use it::faults::{Fault, FaultProxy};
use it::page::Page;
use it::postgres_server::PostgresServer;
use metric_catalogue::exporter::REASONS;

/// What Prometheus would wait for: the page must be there before, half a second of it being the exporter's margin.
pub(crate) const SCRAPE_TIMEOUT: Duration = Duration::from_secs(3);

/// The kept connection, two beside it, and one that carries a request to cancel.
pub(crate) const CONNECTIONS: usize = 4;

/// How the exporter's sessions are called on the server.
pub(crate) const APPLICATION: &str = "postgres-exporter";

/// An exporter that reads a server through a proxy.
pub(crate) struct Watched {
    pub(crate) server: PostgresServer,
    pub(crate) proxy: FaultProxy,
    pub(crate) exporter: Exporter,
}

impl Watched {
    pub(crate) fn start() -> Self {
        Self::of(PostgresServer::start(&[]), "postgres", &[])
    }

    pub(crate) fn of(server: PostgresServer, user: &str, flags: &[&str]) -> Self {
        let proxy = FaultProxy::start(server.port());
        let exporter = exporter(&PostgresServer::dsn(proxy.port(), user, "postgres"), flags);
        Self { server, proxy, exporter }
    }

    /// One scrape: in time, and never over more connections than there may be.
    pub(crate) fn scrape(&self) -> Page {
        let start = Instant::now();
        let page = self.exporter.scrape_within(SCRAPE_TIMEOUT);
        assert!(start.elapsed() < SCRAPE_TIMEOUT, "the page took {:?}", start.elapsed());
        assert!(self.proxy.open() <= CONNECTIONS, "{} connections", self.proxy.open());
        assert_says_one_thing(&page);
        page
    }

    /// Sets a fault on the exporter's warm connection, scrapes, takes the fault away and scrapes again.
    pub(crate) fn scrape_during(&self, fault: Fault) -> Page {
        assert_up(&self.scrape());
        self.proxy.set(fault);
        let page = self.scrape();
        self.proxy.set(Fault::Pass);
        assert_up(&self.scrape());
        page
    }
}

pub(crate) fn exporter(dsn: &str, flags: &[&str]) -> Exporter {
    Exporter::start("postgres-exporter", flags, &[("DATA_SOURCE_NAME", dsn)])
}

/// Up and no reason, or down and one from the closed set; and what needs no target is there either way.
pub(crate) fn assert_says_one_thing(page: &Page) {
    let up = page.value("pg_up", &[]).expect("pg_up is on every page");
    let reasons = page.values_of("pg_up_reason", "reason");
    assert_eq!(reasons.len(), usize::from(up < 0.5), "pg_up is {up} for {reasons:?}");
    assert!(reasons.iter().all(|reason| REASONS.contains(reason)), "{reasons:?}");
    for name in ["pg_exporter_build_info", "pg_exporter_collections_total", "process_resident_memory_bytes"] {
        assert!(page.family(name).is_some(), "{name} is missing");
    }
}

pub(crate) fn assert_up(page: &Page) {
    assert_eq!((page.value("pg_up", &[]), page.values_of("pg_up_reason", "reason").first()), (Some(1.0), None));
    assert!(page.family("pg_stat_database_numbackends").is_some());
}

pub(crate) fn assert_down(page: &Page, reason: &str) {
    assert_eq!(page.value("pg_up_reason", &[("reason", reason)]), Some(1.0), "{:?}", page.values_of("pg_up_reason", "reason"));
    assert_eq!(page.value("pg_up", &[]), Some(0.0));
    // Unknown is absent, never 0.
    assert!(page.family("pg_stat_database_numbackends").is_none());
}
