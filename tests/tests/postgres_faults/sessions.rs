//! How many sessions the exporter has on the server, whatever goes wrong.

use std::fs;
use std::thread;
use std::time::Duration;

use it::exporter::{Exporter, SCRAPE_TIMEOUT_HEADER};
use it::faults::Fault;
use it::postgres_sampler::Sampler;
use it::postgres_server::PostgresServer;
use it::{PATIENCE, http, wait};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::watched::{SCRAPE_TIMEOUT, Watched, assert_down, assert_says_one_thing, assert_up};

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

/// Processes that are stopped until the end, however that comes.
#[derive(Default)]
struct Stopped(Vec<Pid>);

impl Stopped {
    /// Stops the process that serves the role's youngest session.
    fn youngest(&mut self, server: &PostgresServer, role: &str) {
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE usename = '{role}' ORDER BY backend_start DESC LIMIT 1");
        let process = Pid::from_raw(server.sql("postgres", &sql).parse().unwrap()).unwrap();
        kill_process(process, Signal::STOP).unwrap();
        self.0.push(process);
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for process in &self.0 {
            let _ = kill_process(*process, Signal::CONT);
        }
    }
}

#[test]
fn sessions_that_do_not_heed_a_cancel_are_counted() {
    let server = PostgresServer::start(&[]);
    server.sql("postgres", "CREATE ROLE deaf LOGIN;;GRANT pg_monitor TO deaf");
    let watched = Watched::of(server, "deaf", &["--background-interval=1h"]);
    assert_up(&watched.exporter.scrape_within(IMPATIENT));
    wait::until("the background to rest", PATIENCE, || (watched.proxy.open() == 1).then_some(()));
    let sampler = Sampler::start(watched.server.port(), "deaf");
    let mut stopped = Stopped::default();

    // The first costs one scrape.
    stopped.youngest(&watched.server, "deaf");
    assert_down(&watched.exporter.scrape_within(IMPATIENT), "timeout");
    assert_up(&watched.exporter.scrape_within(IMPATIENT));
    // With as many as there may be beside the kept one, that one only looks whether they are gone.
    stopped.youngest(&watched.server, "deaf");
    for _ in 0..4 {
        assert_down(&watched.exporter.scrape_within(IMPATIENT), "timeout");
    }
    drop(stopped);
    assert_up(&watched.exporter.scrape_within(IMPATIENT));

    wait::until("the sessions to end", PATIENCE, || (watched.proxy.open() == 1).then_some(()));
    let seen = sampler.seen();
    assert!((2..=3).contains(&seen.most), "{seen:#?}");
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
