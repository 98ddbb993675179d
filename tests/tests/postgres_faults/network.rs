//! What happens between the exporter and the server, and to the server as a whole.

use std::thread;
use std::time::Duration;

use it::exporter::SCRAPE_TIMEOUT_HEADER;
use it::faults::Fault;
use it::page::Page;
use it::postgres_server::PostgresServer;
use it::{PATIENCE, http, port, wait};

use crate::watched::{APPLICATION, SCRAPE_TIMEOUT, Watched, assert_down, assert_up, exporter};

#[test]
fn refused_connection_is_refused() {
    assert_down(&Watched::start().scrape_during(Fault::Refuse), "refused");
}

#[test]
fn target_may_come_after_the_exporter() {
    let port = port::free();
    let exporter = exporter(&PostgresServer::dsn(port, "postgres", "postgres"), &[]);
    assert_down(&exporter.scrape_within(SCRAPE_TIMEOUT), "refused");
    let _server = PostgresServer::start_encoded("UTF8", port, &[]);

    assert_up(&exporter.scrape_within(SCRAPE_TIMEOUT));
}

#[test]
fn killed_server_is_refused_and_found_again() {
    let mut server = PostgresServer::start(&[]);
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &[]);
    assert_up(&exporter.scrape());
    server.kill();

    // Its sessions are gone a moment later.
    let page = wait::until("the server to be missed", PATIENCE, || {
        Some(exporter.scrape_within(SCRAPE_TIMEOUT)).filter(|page| page.value("pg_up", &[]) == Some(0.0))
    });
    assert_down(&page, "refused");

    server.revive();
    assert_up(&exporter.scrape_within(SCRAPE_TIMEOUT));
}

#[test]
fn silent_server_times_out() {
    let watched = Watched::start();
    assert_down(&watched.scrape_during(Fault::Freeze), "timeout");
    assert_down(&watched.scrape_during(Fault::Delay(SCRAPE_TIMEOUT * 5)), "timeout");
    assert_down(&watched.scrape_during(Fault::Drip(50)), "timeout");
}

#[test]
fn slow_reply_within_the_deadline_is_read() {
    assert_up(&Watched::start().scrape_during(Fault::Delay(Duration::from_millis(100))));
}

#[test]
fn broken_connection_is_replaced_within_the_scrape() {
    let watched = Watched::start();
    assert_up(&watched.scrape());
    watched.proxy.set(Fault::Refuse);
    watched.proxy.set(Fault::Pass);

    assert_up(&watched.scrape());
}

#[test]
fn connection_that_breaks_again_and_again_is_closed() {
    let watched = Watched::start();
    assert_down(&watched.scrape_during(Fault::Reset(0)), "closed");
    assert_down(&watched.scrape_during(Fault::Cut(0)), "closed");
}

#[test]
fn reply_cut_in_the_middle_costs_what_is_missing() {
    let watched = Watched::start();
    let whole = watched.scrape();
    let answered = |page: &Page| page.samples().filter(|sample| sample.name == "pg_scrape_collector_success" && sample.value > 0.5).count();
    let mut parts = Vec::new();
    for offset in [1, 7, 100, 1000, 3000, 10_000, 30_000, 60_000] {
        let page = watched.scrape_during(Fault::Cut(offset));

        let failed = page.value("pg_exporter_last_scrape_error", &[]) == Some(1.0);
        if page.value("pg_up", &[]) == Some(0.0) {
            assert!(failed, "at {offset}");
            assert_down(&page, "closed");
        } else if failed {
            assert!(answered(&page) < answered(&whole), "at {offset}");
            parts.push(answered(&page));
        } else {
            // All of the reply fits into so many bytes.
            assert_eq!(answered(&page), answered(&whole), "at {offset}");
        }
    }
    assert!(parts.iter().any(|answered| *answered > 0), "no cut left a part");
    assert!(parts.is_sorted(), "{parts:?}");
}

#[test]
fn garbage_is_told_and_believed_in_no_part() {
    let watched = Watched::start();
    for (garbage, reason) in [
        // A message whose length would be more than a gigabyte: the rest of it does not come.
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), "timeout"),
        (b"\xff\xfe\x00\x01\r\n", "protocol"),
        (b"\0\0\0\0\0\0\0\0", "protocol"),
    ] {
        let page = watched.scrape_during(Fault::Garbage(garbage.to_vec()));

        assert_down(&page, reason);
    }
}

#[test]
fn reply_without_an_end_times_out() {
    let watched = Watched::start();
    let before = watched.exporter.program.resident_bytes();
    // A row of two gigabytes that never comes.
    assert_down(&watched.scrape_during(Fault::Garbage(b"D\x7f\xff\xff\xf0".to_vec())), "timeout");
    let after = watched.exporter.program.resident_bytes();
    assert!(after < before * 2 + (16 << 20), "{before} bytes became {after}");
}

#[test]
fn scrapes_that_meet_share_one_connection() {
    let watched = Watched::start();
    assert_up(&watched.scrape());
    let accepted = watched.proxy.accepted();
    watched.proxy.set(Fault::Delay(Duration::from_millis(50)));

    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert_up(&watched.exporter.scrape_within(SCRAPE_TIMEOUT)));
        }
    });

    assert_eq!(watched.proxy.accepted(), accepted);
}

#[test]
fn scrapers_that_leave_cost_nothing() {
    let watched = Watched::start();
    assert_up(&watched.scrape());
    let files = watched.exporter.program.open_files();
    watched.proxy.set(Fault::Freeze);
    for _ in 0..60 {
        let mut connection = http::Connection::open(watched.exporter.port()).unwrap();
        connection.ask("GET", "/metrics", &[(SCRAPE_TIMEOUT_HEADER, "10")], b"").unwrap();
    }

    wait::until("the connections to be closed", PATIENCE, || (watched.exporter.program.open_files() <= files).then_some(()));
    watched.proxy.set(Fault::Pass);
    assert_up(&watched.scrape());
}

#[test]
fn restarts_leave_nothing_behind() {
    let restarts = if std::env::var_os("LONG").is_some() { 100 } else { 5 };
    let mut server = PostgresServer::start(&[]);
    let exporter = exporter(&PostgresServer::dsn(server.port(), "postgres", "postgres"), &["--background-interval=1s"]);
    assert_up(&exporter.scrape());
    let files = wait::until("the background to rest", PATIENCE, || {
        let page = exporter.scrape();
        (page.value("pg_background_connections", &[]) == Some(0.0)).then(|| exporter.program.open_files())
    });
    let resident = exporter.program.resident_bytes();
    for number in 0..restarts {
        if number % 2 == 0 {
            server.restart();
        } else {
            server.crash();
        }
        assert_up(&exporter.scrape());
    }
    wait::until("files to be closed", PATIENCE, || (exporter.program.open_files() <= files).then_some(()));
    wait::until("sessions to end", PATIENCE, || (server.sessions(APPLICATION) <= 1).then_some(()));
    assert_eq!(exporter.scrape().value("pg_server_restarts_total", &[]), Some(f64::from(restarts)));
    let grown = exporter.program.resident_bytes().saturating_sub(resident);
    assert!(grown < 4 << 20, "{grown} bytes more after {restarts} restarts");
}
