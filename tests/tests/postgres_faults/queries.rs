//! A statement that outlives its scrape.

use std::fs;
use std::time::{Duration, Instant};

use it::exporter::SCRAPE_TIMEOUT_HEADER;
use it::postgres_server::PostgresServer;
use it::{PATIENCE, http, wait};

use crate::watched::{APPLICATION, Watched, assert_up};

/// A file with one custom query that takes an hour.
fn slow_query(directory: &tempfile::TempDir) -> String {
    let file = directory.path().join("queries.yaml");
    fs::write(&file, "slow:\n  query: SELECT count(pg_sleep(3600)) AS n\n  timeout: 1h\n  metrics:\n    - n: {usage: GAUGE}\n").unwrap();
    format!("--extend.query-path={}", file.display())
}

fn running(server: &PostgresServer) -> bool {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND state = 'active' AND pid <> pg_backend_pid()";
    server.sql("postgres", sql) != "0"
}

/// A statement of an hour must end with its scrape. The aim is 200 ms; here the machine may be busy, and
/// psql takes a part of what is waited.
const CANCELLED: Duration = Duration::from_secs(5);

#[test]
fn query_ends_on_the_server_with_its_scrape() {
    let directory = tempfile::tempdir().unwrap();
    let watched = Watched::of(PostgresServer::start(&[]), "postgres", &[&slow_query(&directory)]);
    for _ in 0..3 {
        let page = watched.scrape();
        let answered = Instant::now();

        assert_up(&page);
        assert_eq!(page.value("pg_exporter_collector_success", &[("collector", "slow")]), Some(0.0));
        wait::until("the query to end on the server", PATIENCE, || (!running(&watched.server)).then_some(()));
        assert!(answered.elapsed() < CANCELLED, "the query ran on for {:?}", answered.elapsed());
    }
    // The server ends the query itself just before the deadline, so that the session can stay.
    wait::until("one session", PATIENCE, || (watched.server.sessions(APPLICATION) <= 1).then_some(()));
}

#[test]
fn query_ends_when_the_last_scraper_leaves() {
    let directory = tempfile::tempdir().unwrap();
    let watched = Watched::of(PostgresServer::start(&[]), "postgres", &[&slow_query(&directory)]);
    let ask = || {
        let mut connection = http::Connection::open(watched.exporter.port()).unwrap();
        connection.ask("GET", "/metrics", &[(SCRAPE_TIMEOUT_HEADER, "600")], b"").unwrap();
        connection
    };
    let (first, second) = (ask(), ask());
    wait::until("the query to run", PATIENCE, || running(&watched.server).then_some(()));

    drop(first);
    wait::never("the query ended though somebody waits", Duration::from_millis(300), || (!running(&watched.server)).then_some("ended"));
    drop(second);
    let left = Instant::now();

    wait::until("the query to end on the server", PATIENCE, || (!running(&watched.server)).then_some(()));
    assert!(left.elapsed() < CANCELLED, "the query ran on for {:?}", left.elapsed());
}
