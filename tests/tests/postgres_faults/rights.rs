//! What the role may, and how many may connect.

use it::faults::Fault;
use it::page::Page;
use it::postgres_server::PostgresServer;
use it::{PATIENCE, wait};

use crate::watched::{Watched, assert_down, assert_up};

#[test]
fn revoked_rights_cost_their_families_only() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE ROLE me LOGIN;;GRANT pg_monitor TO me");
    let watched = Watched::of(server, "me", &["--background-interval=1s"]);
    let wal = |page: &Page| page.family("pg_wal_segments").is_some();
    wait::until("the write-ahead log to be measured", PATIENCE, || wal(&watched.scrape()).then_some(()));

    watched.server.sql("postgres", "REVOKE pg_monitor FROM me");

    let failed = |page: &Page| page.value("pg_exporter_collector_success", &[("collector", "wal")]) == Some(0.0);
    wait::until("the loss to show", PATIENCE, || failed(&watched.scrape()).then_some(()));
    assert_up(&watched.scrape());
    assert!(watched.exporter.program.log().contains("permission denied"));
    watched.server.sql("postgres", "GRANT pg_monitor TO me");
    wait::until("the right to be back", PATIENCE, || (!failed(&watched.scrape())).then_some(()));
}

#[test]
fn role_that_may_no_longer_log_in_is_down() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE ROLE me LOGIN");
    let watched = Watched::of(server, "me", &[]);
    assert_up(&watched.scrape());

    watched.server.sql("postgres", "ALTER ROLE me NOLOGIN;;SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'me'");

    assert_down(&watched.scrape(), "auth");
    watched.server.sql("postgres", "ALTER ROLE me LOGIN");
    assert_up(&watched.scrape());
}

#[test]
fn full_server_keeps_the_kept_connection() {
    let server =
        PostgresServer::start(&["max_connections=6", "superuser_reserved_connections=2", "max_wal_senders=0", "wal_level=minimal", "autovacuum=off"]);
    server.sql("postgres", "CREATE ROLE me LOGIN;;CREATE ROLE crowd LOGIN");
    let watched = Watched::of(server, "me", &["--background-interval=1s"]);
    assert_up(&watched.scrape());
    let crowd: Vec<_> = (0..3).map(|_| watched.server.client("postgres", "SET ROLE crowd;;SELECT pg_sleep(3600)")).collect();

    wait::until("the extra connection to be refused", PATIENCE, || {
        let page = watched.scrape();
        assert_up(&page);
        (page.value("pg_background_success", &[("task", "server"), ("datname", "")]) == Some(0.0)).then_some(())
    });
    // Before ours is cut off, or ours would be quicker to come back.
    let _last = watched.server.client("postgres", "SELECT pg_sleep(3600)");
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()";
    wait::until("the server to be full", PATIENCE, || (watched.server.sql("postgres", sleeping) == "4").then_some(()));
    watched.proxy.set(Fault::Refuse);
    watched.proxy.set(Fault::Pass);
    assert_down(&watched.scrape(), "too_many_connections");

    // A session that sleeps does not notice that its client has gone.
    watched.server.sql("postgres", &sleeping.replace("count(*)", "pg_terminate_backend(pid)"));
    drop(crowd);
    wait::until("a connection to be free", PATIENCE, || (watched.scrape().value("pg_up", &[]) == Some(1.0)).then_some(()));
}
