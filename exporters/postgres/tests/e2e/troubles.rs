//! Troubles of a server that its owner has to hear of: who waits for whom, what is about to end, what is of no use.

use crate::{exporter::Exporter, postgres::Postgres, program::until};

#[test]
fn chain_of_waiting_sessions_has_one_root() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE TABLE t (n int)");
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    let waits = |page: &crate::page::Page| ["pg_lock_waits_blocked_sessions", "pg_lock_waits_root_blockers"].map(|name| page.value(name));
    assert_eq!(waits(&exporter.scrape()), [Some(0.0), Some(0.0)]);
    let _root = postgres.client("postgres", "BEGIN; LOCK t; SELECT pg_sleep(600)");
    let locked = "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass";
    until("the lock", || (postgres.sql("postgres", locked) == "1").then_some(()));
    // The second waits for the first, the third for both.
    let _second = postgres.client("postgres", "BEGIN; LOCK t");
    until("the second to wait", || (postgres.sql("postgres", locked) == "2").then_some(()));
    let _third = postgres.client("postgres", "SELECT * FROM t");

    until("the chain to show", || (waits(&exporter.scrape()) == [Some(2.0), Some(1.0)]).then_some(()));
}

#[test]
fn sequence_near_its_end_and_invalid_index_are_named() {
    let postgres = Postgres::start(&[]);
    postgres
        .sql("postgres", "CREATE SEQUENCE nearly MAXVALUE 100;;SELECT setval('nearly', 95);;CREATE TABLE t (n int);;INSERT INTO t VALUES (1), (1)");
    assert!(postgres.try_sql("postgres", "CREATE UNIQUE INDEX CONCURRENTLY broken ON t (n)").is_err());
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);

    let page = until("sequences", || Some(exporter.scrape()).filter(|page| page.has("pg_sequence_used_ratio")));

    let used = page.value("pg_sequence_used_ratio{datname=\"postgres\",schemaname=\"public\",sequencename=\"nearly\"}").unwrap();
    assert!((0.94..0.96).contains(&used), "{used}");
    assert_eq!(page.value("pg_indexes{datname=\"postgres\",state=\"invalid\"}"), Some(1.0));
    let wasted = "pg_index_wasted_bytes{datname=\"postgres\",schemaname=\"public\",relname=\"t\",indexrelname=\"broken\",state=\"invalid\"}";
    assert!(page.value(wasted).is_some(), "{}", page.text);
}

#[test]
fn database_without_connect_leaves_the_others() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE DATABASE open;;CREATE DATABASE closed;;REVOKE CONNECT ON DATABASE closed FROM public;;CREATE ROLE me LOGIN");
    let exporter = Exporter::start(&postgres.dsn("me", "postgres"), &["--collect-databases", "--background-interval=1s"]);

    let page = until("the open one", || {
        Some(exporter.scrape()).filter(|page| page.value("pg_background_success{task=\"database\",datname=\"open\"}") == Some(1.0))
    });

    assert_eq!(page.value("pg_background_success{task=\"database\",datname=\"closed\"}"), None);
    assert!(page.value("pg_database_size_bytes{datname=\"open\"}").is_some());
    assert_eq!(page.value("pg_database_size_bytes{datname=\"closed\"}"), None);
    assert!(page.text.contains("pg_stat_database_numbackends{") && page.text.contains("datname=\"closed\""));
}
