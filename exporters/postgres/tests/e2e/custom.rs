//! Custom queries: what they may do, what they cost, and what a mistake in one costs the rest.

use std::{fs, time::Duration};

use crate::{exporter::Exporter, postgres::Postgres, program::until};

/// A directory with a file of queries, and the flag that names it.
fn queries(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queries.yaml");
    fs::write(&file, text).unwrap();
    let flag = format!("--extend.query-path={}", file.display());
    (directory, flag)
}

fn succeeded(collector: &str) -> String {
    format!("pg_exporter_collector_success{{collector=\"{collector}\"}}")
}

#[test]
fn refused_query_is_asked_again() {
    let postgres = Postgres::start(&[]);
    let file =
        "late:\n  query: SELECT n FROM late\n  metrics: [{n: {usage: GAUGE}}]\ngood:\n  query: SELECT 1 AS n\n  metrics: [{n: {usage: GAUGE}}]\n";
    let (_directory, flag) = queries(file);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&flag]);
    let page = exporter.scrape();
    assert_eq!((page.value(&succeeded("late")), page.value(&succeeded("good"))), (Some(0.0), Some(1.0)), "{}", exporter.log());
    assert!(exporter.log().contains("relation \\\"late\\\" does not exist"), "{}", exporter.log());

    postgres.sql("postgres", "CREATE TABLE late AS SELECT 5 AS n");
    // A new connection may find another server.
    postgres.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres-exporter'");

    let page = exporter.scrape();
    assert_eq!(page.value(&succeeded("late")), Some(1.0), "{}", exporter.log());
    assert!(page.text.contains("\nlate_n{server="), "{}", page.text);
}

#[test]
fn slow_query_costs_itself_only() {
    let postgres = Postgres::start(&[]);
    let (_directory, flag) = queries("slow:\n  query: SELECT count(pg_sleep(60)) AS n\n  timeout: 60s\n  metrics: [{n: {usage: GAUGE}}]\n");
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&flag]);
    // Longer than the first page waits for its sizes.
    let patience = Duration::from_millis(2500);
    let page = until("sizes", || Some(exporter.scrape_within(patience).0).filter(|page| page.has("pg_database_size_bytes")));

    assert_eq!((page.value("pg_up"), page.value(&succeeded("slow"))), (Some(1.0), Some(0.0)));
    assert_eq!(page.value("pg_scrape_collector_success{collector=\"database_size\"}"), Some(1.0));
    assert!(page.has("pg_wal_segments") && page.has("pg_stat_database_numbackends"));
    // The server ends the query in time, and the connection is kept.
    let opened = page.value("pg_exporter_target_connections_total");
    assert_eq!(exporter.scrape_within(patience).0.value("pg_exporter_target_connections_total"), opened);
}

#[test]
fn reply_without_end_is_cut_off() {
    let postgres = Postgres::start(&[]);
    let file = "endless:\n  query: SELECT generate_series(1, 1000000000000) AS n\n  metrics: [{n: {usage: GAUGE}}]\n\
                large:\n  query: SELECT generate_series(1, 10001) AS n\n  metrics: [{n: {usage: LABEL}}, {one: {usage: DISCARD}}]\n\
                wide:\n  query: SELECT repeat('x', 1000000) AS n, g FROM generate_series(1, 1000) g\n  metrics: [{n: {usage: LABEL}}, {g: {usage: GAUGE}}]\n";
    let (_directory, flag) = queries(file);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&flag]);

    let (page, _) = exporter.scrape_within(Duration::from_secs(3));

    assert_eq!(page.value("pg_up"), Some(1.0));
    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(1.0));
    assert_eq!(page.value(&succeeded("endless")), Some(0.0));
    assert_eq!(page.value(&succeeded("stat_database")), Some(1.0));
    assert!(exporter.log().contains("the reply has more than 10000 rows"), "{}", exporter.log());
    let status = fs::read_to_string(format!("/proc/{}/status", exporter.program.0.id())).unwrap();
    let peak: u64 = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap();
    assert!(peak < 200 << 10, "{peak} kB");
}

#[test]
fn query_can_only_read() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE SEQUENCE numbers");
    let (_directory, flag) = queries("writes:\n  query: SELECT nextval('numbers') AS n\n  metrics: [{n: {usage: GAUGE}}]\n");
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&flag]);
    assert_eq!(exporter.scrape().value(&succeeded("writes")), Some(0.0));
    assert!(exporter.log().contains("read-only transaction"), "{}", exporter.log());
    assert_eq!(postgres.sql("postgres", "SELECT is_called FROM numbers"), "f");
}

#[test]
fn own_families_are_not_sent_twice() {
    let postgres = Postgres::start(&[]);
    let file = "pg_database:\n  query: SELECT datname, 1 AS size_bytes, 2 AS mine FROM pg_database\n\
                \x20 metrics: [{datname: {usage: LABEL}}, {size_bytes: {usage: GAUGE}}, {mine: {usage: GAUGE}}]\n\
                pg_postmaster:\n  query: SELECT 5 AS start_time_seconds\n  metrics: [{start_time_seconds: {usage: GAUGE}}]\n";
    let (_directory, flag) = queries(file);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&flag]);
    let page = exporter.scrape();
    assert_eq!(page.value("pg_exporter_user_queries_clashes"), Some(1.0), "{}", exporter.log());
    assert!(page.text.contains("\npg_database_mine{") && !page.text.contains("\npg_database_size_bytes{server="), "{}", page.text);
    // The collector that would send this one does not run.
    assert!(page.text.contains("\npg_postmaster_start_time_seconds{server="), "{}", page.text);
}
