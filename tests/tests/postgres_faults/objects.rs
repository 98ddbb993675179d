//! Databases, sequences and names that are not as others.

use std::fs;
use std::thread;

use it::page::Page;
use it::postgres_server::PostgresServer;
use it::{PATIENCE, port, wait};

use crate::watched::{SCRAPE_TIMEOUT, assert_down, assert_up, exporter};

#[test]
fn dropped_database_is_down_until_it_is_back() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE DATABASE shop");
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "shop"), &["--background-interval=1s"]);
    assert_up(&exporter.scrape());

    server.sql("postgres", "DROP DATABASE shop WITH (FORCE)");

    assert_down(&exporter.scrape_within(SCRAPE_TIMEOUT), "unreachable");
    server.sql("postgres", "CREATE DATABASE shop");
    assert_up(&exporter.scrape_within(SCRAPE_TIMEOUT));
}

#[test]
fn databases_may_come_and_go_in_mid_scrape() {
    let server = PostgresServer::start(&[]);
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &["--collect-databases", "--background-interval=1s"]);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..6 {
                server.sql("postgres", "CREATE DATABASE gone;;DROP DATABASE gone WITH (FORCE)");
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            let page = exporter.scrape();
            assert_up(&page);
            assert_eq!(page.value("pg_scrape_collector_success", &[("collector", "stat_database")]), Some(1.0));
        }
    });
    wait::until("the dropped database to vanish", PATIENCE, || {
        let page = exporter.scrape();
        let sizes = page.values_of("pg_database_size_bytes", "datname");
        (sizes.contains(&"postgres") && !sizes.contains(&"gone")).then_some(())
    });
}

#[test]
fn unreadable_database_costs_its_size_only() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE DATABASE broken");
    let folder = server.sql("postgres", "SELECT 'base/' || oid FROM pg_database WHERE datname = 'broken'");
    let folder = server.program.directory().join("data").join(folder);
    // A link that leads to itself cannot be read, whoever tries.
    fs::remove_file(folder.join("PG_VERSION")).unwrap();
    std::os::unix::fs::symlink("PG_VERSION", folder.join("PG_VERSION")).unwrap();
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &[]);

    let page = wait::until("sizes", PATIENCE, || Some(exporter.scrape()).filter(|page| page.family("pg_database_size_bytes").is_some()));

    assert_eq!(page.value("pg_background_databases_skipped", &[]), Some(1.0));
    assert!(page.value("pg_database_size_bytes", &[("datname", "postgres")]).is_some());
    assert_eq!(page.value("pg_database_size_bytes", &[("datname", "broken")]), None);
}

#[test]
fn locked_sequence_costs_itself_only() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE SEQUENCE locked MAXVALUE 10;;CREATE SEQUENCE free MAXVALUE 10;;SELECT nextval('locked'), nextval('free')");
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &["--background-interval=1s"]);
    let used = |page: &Page, name| page.value("pg_sequence_used_ratio", &[("datname", "postgres"), ("schemaname", "public"), ("sequencename", name)]);
    wait::until("both sequences", PATIENCE, || used(&exporter.scrape(), "locked"));

    let _locker = server.client("postgres", "BEGIN; ALTER SEQUENCE locked RESTART 1; SELECT pg_sleep(3600)");
    let page = wait::until("the lock to be noticed", PATIENCE, || Some(exporter.scrape()).filter(|page| used(page, "locked").is_none()));

    assert!(used(&page, "free").is_some());
    assert_eq!(page.value("pg_exporter_collector_success", &[("collector", "sequences")]), Some(1.0));
}

#[test]
fn names_that_are_no_text_stay_on_a_valid_page() {
    let server = PostgresServer::start_encoded("SQL_ASCII", port::free(), &[]);
    let execute = |database: &str, statement: &str| server.sql(database, &format!("DO $$ BEGIN EXECUTE E'{statement}'; END $$"));
    server.sql("postgres", "CREATE DATABASE named");
    execute("named", r#"CREATE TABLE "t\xff\xfe" (n int)"#);
    execute("postgres", r#"CREATE TABLE "t\xff\xfe\"\"\n{}" (n int)"#.replace(r#"\"\""#, r#""""#).as_str());
    execute("postgres", r#"CREATE ROLE "r\xff\xfe""#);
    execute("postgres", r#"ALTER DATABASE named RENAME TO "d\xff\xfe""#);
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &["--collect-databases"]);

    let page = wait::until("the first visits", PATIENCE, || Some(exporter.scrape()).filter(|page| page.family("pg_background_success").is_some()));

    assert_up(&page);
    assert!(page.values_of("pg_stat_user_tables_seq_scan", "relname").contains("t\u{fffd}\u{fffd}\"\n{}"));
    assert!(page.values_of("pg_stat_database_numbackends", "datname").contains("d\u{fffd}\u{fffd}"));
    assert!(page.values_of("pg_roles_connection_limit", "rolname").contains("r\u{fffd}\u{fffd}"));
    assert_eq!(page.value("pg_exporter_last_scrape_error", &[]), Some(0.0));
}

#[test]
fn hostile_application_names_stay_on_a_valid_page() {
    let server = PostgresServer::start_encoded("SQL_ASCII", port::free(), &[]);
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &[]);
    let _clients: Vec<_> = [r#"E'a"b\'\'c\\\\d{e="f"}'"#, r"E'g\nh\r i'", r"E'j\xff\xfek'", "repeat('l', 80)", "''"]
        .map(|name| server.client("postgres", &format!("SELECT set_config('application_name', {name}, false);;SELECT pg_sleep(3600)")))
        .into_iter()
        .collect();
    let wanted = "SELECT application_name FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()";
    // The server itself turns what is no printable ASCII into something that is, each version in its own way.
    wait::until("the clients", PATIENCE, || (server.sql("postgres", &format!("SELECT count(*) FROM ({wanted}) n")) == "5").then_some(()));
    let names = server.sql("postgres", &format!("SELECT string_agg(application_name, E'\\n') FROM ({wanted}) n"));

    let page = exporter.scrape();

    assert_up(&page);
    let shown = page.values_of("pg_stat_activity_count", "application_name");
    assert!(names.contains(&"l".repeat(63)) && names.contains("{e=\"f\"}"), "{names}");
    for name in names.lines() {
        assert!(shown.contains(name), "{name} is not in {shown:?}");
    }
}
