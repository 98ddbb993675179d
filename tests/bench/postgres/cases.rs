//! What is measured.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use it::faults::{Fault, FaultProxy};
use it::postgres_server::{PostgresServer, try_sql};
use it::wait;

use crate::limits::Limits;
use crate::subject::{Kind, Subject, measure, scrape};
use crate::{Line, lines};

/// A case and its title; without lines where it is left out.
type Case = (&'static str, fn() -> Vec<Line>);

pub(crate) const ALL: [Case; 13] = [
    ("fresh cluster", fresh),
    ("51 databases", || databases(50, 40)),
    ("501 databases", || if long() { databases(500, 8) } else { Vec::new() }),
    ("2,000 tables", || tables(2_000, 20)),
    ("10,000 tables", || if long() { tables(10_000, 6) } else { Vec::new() }),
    ("64 scrapes at once", concurrent),
    ("locked tables, p99 (ms)", locked),
    ("server refuses, milliseconds to the answer", refused),
    ("server is frozen, seconds to the answer of a scrape that waits 3", frozen),
    ("5 ms more for each reply", round_trips),
    ("sessions on the server while scraped", connections),
    ("51 databases with 128 MiB and 0.1 CPU", || limited(&databases_server(50), &[], None)),
    ("2,000 tables with 128 MiB and 0.1 CPU", || limited(&furnished(2_000), &["--table-budget=0"], Some(QUERIES))),
];

/// What upstream shows of each table by default, for the version that needs a file for it.
const QUERIES: &str = include_str!("tables.yml");

/// How long scrapers wait where nothing is wrong.
const PATIENT: Duration = Duration::from_secs(30);

fn long() -> bool {
    std::env::var_os("LONG").is_some()
}

fn start(server: u16, flags: &[&str], queries: Option<&str>) -> Vec<Subject> {
    Kind::all().into_iter().map(|kind| Subject::start(kind, server, flags, queries)).collect()
}

fn costs(subjects: &[Subject], scrapes: usize) -> Vec<Line> {
    let kinds: Vec<Kind> = subjects.iter().map(|subject| subject.kind).collect();
    lines(&kinds, &measure(subjects, scrapes))
}

fn fresh() -> Vec<Line> {
    let server = PostgresServer::start(&["autovacuum=off"]);
    costs(&start(server.port(), &[], None), 300)
}

fn databases(count: u32, scrapes: usize) -> Vec<Line> {
    let server = databases_server(count);
    costs(&start(server.port(), &[], None), scrapes)
}

fn databases_server(count: u32) -> PostgresServer {
    let server = PostgresServer::start(&["autovacuum=off"]);
    let create = (1..=count).map(|number| format!("CREATE DATABASE d{number} STRATEGY file_copy")).collect::<Vec<_>>();
    for some in create.chunks(10) {
        server.sql("postgres", &some.join(";;"));
    }
    server
}

/// A server with so many tables, each with an index and a little of everything counted.
fn furnished(count: u32) -> PostgresServer {
    let server = PostgresServer::start(&["autovacuum=off", "max_locks_per_transaction=1000"]);
    for first in (0..count).step_by(500) {
        let last = (first + 500).min(count) - 1;
        let make = format!(
            "DO $$ BEGIN FOR n IN {first}..{last} LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY)', n); EXECUTE format('INSERT INTO t%s VALUES (1)', n); END LOOP; END $$"
        );
        server.sql("postgres", &make);
    }
    server.sql("postgres", "ANALYZE");
    server
}

fn tables(count: u32, scrapes: usize) -> Vec<Line> {
    let server = furnished(count);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let queries = directory.path().join("queries.yaml");
    fs::write(&queries, QUERIES).expect("it can be written");
    costs(&start(server.port(), &["--table-budget=0", "--collector.index_use=false"], queries.to_str()), scrapes)
}

fn concurrent() -> Vec<Line> {
    let server = PostgresServer::start(&["autovacuum=off"]);
    let (mut took, mut answered) = (Vec::new(), Vec::new());
    for subject in start(server.port(), &[], None) {
        subject.warm_up();
        let (start, port) = (Instant::now(), subject.port());
        let pages = thread::scope(|scope| {
            let scrapes: Vec<_> = (0..64).map(|_| scope.spawn(move || scrape(port, PATIENT).is_some())).collect();
            scrapes.into_iter().map(|scrape| u32::from(scrape.join().unwrap_or(false))).sum::<u32>()
        });
        took.push((subject.kind, Some(start.elapsed().as_secs_f64() * 1e3)));
        answered.push((subject.kind, Some(f64::from(pages))));
    }
    vec![Line { name: "until all are answered (ms)".to_owned(), values: took }, Line { name: "answered with a page".to_owned(), values: answered }]
}

fn locked() -> Vec<Line> {
    let server = furnished(200);
    let subjects = start(server.port(), &[], None);
    let p99 = |name: &str| {
        let figures = measure(&subjects, 60);
        Line { name: name.to_owned(), values: subjects.iter().zip(&figures).map(|(subject, figures)| (subject.kind, figures.quantile(99))).collect() }
    };
    let free = p99("none locked");
    let hold = |statement: &str| {
        let locker = server.client("postgres", &format!("BEGIN; {statement}; SELECT pg_sleep(3600)"));
        wait::until("the lock", PATIENT, || {
            (server.sql("postgres", "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0").then_some(())
        });
        locker
    };
    let locker = hold("LOCK t0 IN ACCESS EXCLUSIVE MODE");
    let one = p99("one locked");
    drop(locker);
    let _locker = hold("DO $$ BEGIN FOR n IN 0..199 LOOP EXECUTE format('LOCK t%s IN ACCESS EXCLUSIVE MODE', n); END LOOP; END $$");
    vec![free, one, p99("all locked")]
}

fn refused() -> Vec<Line> {
    // An exporter that ends without its server has no figure.
    let values = Kind::all().into_iter().map(|kind| {
        let server = PostgresServer::start(&[]);
        let subject = Subject::start(kind, server.port(), &[], None);
        subject.warm_up();
        drop(server);
        let _ = subject.scrape(PATIENT);
        let start = Instant::now();
        let _ = it::http::get(subject.port(), "/metrics", &[]);
        (kind, Some(start.elapsed().as_secs_f64() * 1e3))
    });
    vec![Line { name: "one scrape".to_owned(), values: values.collect() }]
}

fn frozen() -> Vec<Line> {
    let (mut took, mut pages) = (Vec::new(), Vec::new());
    for kind in Kind::all() {
        let server = PostgresServer::start(&[]);
        let proxy = FaultProxy::start(server.port());
        let subject = Subject::start(kind, proxy.port(), &[], None);
        subject.warm_up();
        proxy.set(Fault::Freeze);
        let start = Instant::now();
        let page = subject.scrape(Duration::from_secs(3));
        took.push((kind, Some(start.elapsed().as_secs_f64())));
        pages.push((kind, Some(f64::from(u8::from(page.is_some())))));
    }
    vec![Line { name: "one scrape, given up after 60 s".to_owned(), values: took }, Line { name: "a page".to_owned(), values: pages }]
}

fn round_trips() -> Vec<Line> {
    let server = PostgresServer::start(&["autovacuum=off"]);
    let proxies: Vec<FaultProxy> = Kind::all().iter().map(|_| FaultProxy::start(server.port())).collect();
    let subjects: Vec<Subject> = Kind::all().into_iter().zip(&proxies).map(|(kind, proxy)| Subject::start(kind, proxy.port(), &[], None)).collect();
    let medians = |name: &str| {
        let figures = measure(&subjects, 40);
        Line { name: name.to_owned(), values: subjects.iter().zip(&figures).map(|(subject, figures)| (subject.kind, figures.quantile(50))).collect() }
    };
    let near = medians("median without (ms)");
    for proxy in &proxies {
        proxy.set(Fault::Delay(Duration::from_millis(5)));
    }
    let far = medians("median with (ms)");
    let more = near.values.iter().zip(&far.values).map(|(near, far)| (near.0, near.1.zip(far.1).map(|(near, far)| far - near))).collect();
    vec![near, far, Line { name: "more (ms)".to_owned(), values: more }]
}

/// Sessions and new sessions, sampled while each is scraped.
fn connections() -> Vec<Line> {
    let (mut most, mut opened) = (Vec::new(), Vec::new());
    for kind in Kind::all() {
        let server = PostgresServer::start(&["autovacuum=off"]);
        let proxy = FaultProxy::start(server.port());
        let subject = Subject::start(kind, proxy.port(), &["--background-interval=1s"], None);
        subject.warm_up();
        let (accepted, done) = (proxy.accepted(), AtomicBool::new(false));
        let seen = thread::scope(|scope| {
            let sampler = scope.spawn(|| {
                let mut most = 0;
                while !done.load(Ordering::SeqCst) {
                    let sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
                    most = most.max(try_sql(server.port(), "postgres", sql).ok().and_then(|count| count.parse().ok()).unwrap_or(0));
                }
                most
            });
            for _ in 0..50 {
                let _ = subject.scrape(PATIENT);
            }
            done.store(true, Ordering::SeqCst);
            sampler.join().unwrap_or_default()
        });
        most.push((kind, Some(f64::from(seen))));
        let new = u32::try_from(proxy.accepted() - accepted).unwrap_or(u32::MAX);
        opened.push((kind, Some(f64::from(new) / 50.0)));
    }
    vec![
        Line { name: "most at a time (ours: rounds each second)".to_owned(), values: most },
        Line { name: "new ones per scrape".to_owned(), values: opened },
    ]
}

/// One exporter after the other under the limits of the product, which hold from before its first scrape.
#[expect(clippy::print_stderr, reason = "a case that is left out says so")]
fn limited(server: &PostgresServer, flags: &[&str], queries: Option<&str>) -> Vec<Line> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("queries.yaml");
    fs::write(&file, queries.unwrap_or_default()).expect("it can be written");
    let (mut answered, mut slowest, mut resident, mut killed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for kind in Kind::all() {
        let mut subject = Subject::start(kind, server.port(), flags, queries.and(file.to_str()));
        // Before the first scrape, so that what it takes counts too.
        let Some(_limits) = Limits::hold(subject.id()) else {
            eprintln!("left out: cgroups cannot be made here; run as root where /sys/fs/cgroup is writable");
            return Vec::new();
        };
        subject.warm_up();
        let took: Vec<f64> = (0..10).filter_map(|_| subject.scrape(PATIENT)).map(|(took, _)| took.as_secs_f64() * 1e3).collect();
        answered.push((kind, u32::try_from(took.len()).ok().map(f64::from)));
        slowest.push((kind, took.into_iter().reduce(f64::max)));
        killed.push((kind, Some(f64::from(u8::from(subject.ended())))));
        resident.push((kind, subject.mebibytes()));
    }
    vec![
        Line { name: "answered of 10 scrapes".to_owned(), values: answered },
        Line { name: "slowest of these (ms)".to_owned(), values: slowest },
        Line { name: "resident (MiB)".to_owned(), values: resident },
        Line { name: "killed".to_owned(), values: killed },
    ]
}
