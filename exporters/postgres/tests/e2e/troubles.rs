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

#[test]
fn index_that_is_being_built_is_on_the_page() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE TABLE t (n int)");
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    let phases = |page: &crate::page::Page| {
        let rows = page.text.lines().filter(|line| line.starts_with("pg_progress_") && line.contains("command=\"create_index\""));
        rows.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert!(phases(&exporter.scrape()).is_empty());
    // The build waits for every transaction that has written to the table.
    let writer = postgres.client("postgres", "BEGIN; INSERT INTO t VALUES (1); SELECT pg_sleep(600)");
    until("the writer", || (postgres.sql("postgres", "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass") != "0").then_some(()));
    let _build = postgres.client("postgres", "CREATE INDEX CONCURRENTLY slowly ON t (n)");

    let rows = until("the build to show", || Some(phases(&exporter.scrape())).filter(|rows| !rows.is_empty()));

    assert!(rows.iter().any(|row| row.contains("datname=\"postgres\"") && row.contains("relname=\"t\"")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("waiting for writers")), "{rows:?}");
    drop(writer);
    postgres.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()");
    until("the build to end", || phases(&exporter.scrape()).is_empty().then_some(()));
}

#[test]
fn included_databases_are_visited_alone() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE DATABASE one;;CREATE DATABASE two;;CREATE DATABASE three");
    let flags = ["--collect-databases", "--include-databases=one,two", "--extra-connections=1", "--background-interval=1s"];
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &flags);
    let visited = |page: &crate::page::Page, name: &str| page.value(&format!("pg_background_success{{task=\"database\",datname=\"{name}\"}}"));

    let page = until("both", || {
        let page = exporter.scrape();
        assert!(page.value("pg_background_connections").is_none_or(|open| open <= 1.0), "{}", page.text);
        (visited(&page, "one") == Some(1.0) && visited(&page, "two") == Some(1.0)).then_some(page)
    });

    assert_eq!(visited(&page, "three"), None);
}

#[test]
fn collection_timeout_ends_before_the_scraper_does() {
    let postgres = Postgres::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queries.yaml");
    std::fs::write(&file, "slow:\n  query: SELECT count(pg_sleep(600)) AS n\n  timeout: 1h\n  metrics: [{n: {usage: GAUGE}}]\n").unwrap();
    let flags = ["--collection-timeout=1s", &format!("--extend.query-path={}", file.display())];
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &flags);
    let patience = std::time::Duration::from_secs(50);

    let (page, took) = exporter.scrape_within(patience);

    assert!(took < patience / 2, "{took:?}");
    assert_eq!(page.value("pg_up"), Some(1.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"slow\"}"), Some(0.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"stat_database\"}"), Some(1.0));
}
