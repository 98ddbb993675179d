//! How many sessions the exporter has on the server, whatever goes wrong.

use std::fs;
use std::thread;
use std::time::Duration;

use it::exporter::{Exporter, SCRAPE_TIMEOUT_HEADER};
use it::faults::Fault;
use it::postgres_sampler::Sampler;
use it::postgres_server::PostgresServer;
use it::{PATIENCE, http, wait};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::watched::{SCRAPE_TIMEOUT, Watched, assert_says_one_thing, assert_up};

/// How long a scraper waits here: a slow query takes all of it each time.
const IMPATIENT: Duration = Duration::from_secs(1);

/// The kept session and two beside it, which is the default; and one that ends: the server notices that its client has gone when
/// the next one may have come.
const SESSIONS: usize = 1 + 2 + 1;

#[test]
fn faults_open_no_more_sessions() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE ROLE me LOGIN;;GRANT pg_monitor TO me");
    for number in 0..6 {
        server.sql("postgres", &format!("CREATE DATABASE d{number}"));
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queries.yaml");
    fs::write(&file, "slow:\n  query: SELECT count(pg_sleep(3600)) AS n\n  timeout: 1h\n  metrics:\n    - n: {usage: GAUGE}\n").unwrap();
    let query = format!("--extend.query-path={}", file.display());
    let watched = Watched::of(server, "me", &["--collect-databases", "--background-interval=1s", &query]);
    let sampler = Sampler::start(watched.server.port(), "me");

    for fault in [
        Fault::Pass,
        Fault::Freeze,
        Fault::Delay(SCRAPE_TIMEOUT * 5),
        Fault::Drip(50),
        Fault::Cut(0),
        Fault::Cut(3000),
        Fault::Reset(100),
        Fault::Refuse,
        Fault::Garbage(b"\xff\xfe\x00\x01\r\n".to_vec()),
    ] {
        watched.proxy.set(fault);
        assert_says_one_thing(&watched.exporter.scrape_within(IMPATIENT));
        watched.proxy.set(Fault::Pass);
    }
    leave(&watched.exporter, 20);
    assert_up(&watched.exporter.scrape_within(IMPATIENT));

    let seen = sampler.seen();
    assert!(seen.looks > 20, "{seen:?}");
    assert!((1..=SESSIONS).contains(&seen.most), "{seen:#?}");
    println!("at most {} sessions in {} looks", seen.most, seen.looks);
}

/// Asks so many times, and leaves each time once the server works on it.
fn leave(exporter: &Exporter, times: usize) {
    for _ in 0..times {
        let mut connection = http::Connection::open(exporter.port()).unwrap();
        connection.ask("GET", "/metrics", &[(SCRAPE_TIMEOUT_HEADER, "10")], b"").unwrap();
        wait::never("nothing to see", Duration::from_millis(50), || None::<()>);
    }
}

#[test]
fn few_descriptors_cost_no_session() {
    let watched = Watched::of(PostgresServer::start(&[]), "postgres", &["--background-interval=1h"]);
    assert_up(&watched.scrape());
    wait::until("the background to rest", PATIENCE, || (watched.proxy.open() == 1).then_some(()));
    let accepted = watched.proxy.accepted();
    let process = Pid::from_raw(watched.exporter.program.id().try_into().unwrap());
    prlimit(process, Resource::Nofile, Rlimit { current: Some(32), maximum: Some(32) }).unwrap();

    // Who finds no descriptor free waits or is turned away, and no more.
    let answered = thread::scope(|scope| {
        let scrapes: Vec<_> = (0..40)
            .map(|_| scope.spawn(|| watched.exporter.get(&[(SCRAPE_TIMEOUT_HEADER, "10")]).is_ok_and(|answer| answer.status == 200)))
            .collect();
        scrapes.into_iter().map(|scrape| usize::from(scrape.join().unwrap())).sum::<usize>()
    });

    assert!(answered >= 1, "nobody was answered");
    println!("{answered} of 40 scrapes were answered with 32 descriptors");
    wait::until("a scrape to succeed again", PATIENCE, || watched.exporter.get(&[]).ok().filter(|answer| answer.status == 200));
    assert_up(&watched.scrape());
    assert_eq!(watched.proxy.accepted(), accepted, "the kept connection was given up");
}
