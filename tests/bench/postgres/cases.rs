//! What is measured.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use it::faults::{Fault, FaultProxy};
use it::postgres_server::{PostgresServer, try_sql};
use it::wait;

use crate::limits::Limits;
use crate::subject::{Figures, Kind, Subject, measure, mebibytes, scrape};
use crate::{Line, Value, answered, count, lines, tail};

/// What is measured under which title.
pub(crate) struct Case {
    pub(crate) title: &'static str,
    pub(crate) run: fn() -> Vec<Line>,
    /// It takes minutes.
    pub(crate) long: bool,
}

const fn case(title: &'static str, run: fn() -> Vec<Line>) -> Case {
    Case { title, run, long: false }
}

const fn long(title: &'static str, run: fn() -> Vec<Line>) -> Case {
    Case { title, run, long: true }
}

pub(crate) const ALL: [Case; 15] = [
    case("fresh cluster", fresh),
    case("51 databases", || databases(50, 40)),
    long("501 databases", || databases(500, 20)),
    case("2,000 tables", || tables(2_000, 20)),
    long("10,000 tables", || tables(10_000, 20)),
    long("10,000 scrapes", many_scrapes),
    case("64 scrapes at once", concurrent),
    case("locked tables", locked),
    case("server refuses", refused),
    case("server refuses 64 scrapes at once", refused_crowd),
    case("server is frozen, scrape waits 3 s", frozen),
    case("5 ms more for each reply", round_trips),
    case("sessions while scraped", connections),
    case("51 databases with 128 MiB and 0.1 CPU", || limited(&databases_server(50), &[], None)),
    case("2,000 tables with 128 MiB and 0.1 CPU", || limited(&furnished(2_000), &["--table-budget=0"], Some(QUERIES))),
];

/// What upstream shows of each table by default, for the version that needs a file for it.
const QUERIES: &str = include_str!("tables.yml");

/// How long scrapers wait where nothing is wrong.
const PATIENT: Duration = Duration::from_secs(30);

fn start(server: u16, flags: &[&str], queries: Option<&str>) -> Vec<Subject> {
    Kind::all().into_iter().map(|kind| Subject::start(kind, server, flags, queries)).collect()
}

fn kinds(subjects: &[Subject]) -> Vec<Kind> {
    subjects.iter().map(|subject| subject.kind).collect()
}

fn costs(subjects: &[Subject], scrapes: usize) -> Vec<Line> {
    lines(&kinds(subjects), &measure(subjects, scrapes))
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

/// Ours alone: its memory must not grow with what it has answered.
fn many_scrapes() -> Vec<Line> {
    let server = PostgresServer::start(&["autovacuum=off"]);
    let subjects = [Subject::start(Kind::Ours, server.port(), &[], None)];
    let resident = |scrapes| measure(&subjects, scrapes).iter().map(|figures| mebibytes(figures.resident)).sum::<f64>();
    let before = resident(100);
    let figures = measure(&subjects, 10_000);
    let after = figures.iter().map(|figures| mebibytes(figures.resident)).sum::<f64>();
    vec![
        answered(&kinds(&subjects), &figures),
        Line::of("resident before (MiB)", [(Kind::Ours, Some(before))]),
        Line::of("resident after (MiB)", [(Kind::Ours, Some(after))]),
        Line::of("grown (MiB)", [(Kind::Ours, Some(after - before))]),
    ]
}

/// How many scrapes come at once where many do.
const CROWD: usize = 64;

/// How long each of many scrapes at once took, as milliseconds; only those that `ask` calls answered.
fn crowd(ask: impl Fn() -> bool + Sync) -> Vec<f64> {
    let ask = || {
        let start = Instant::now();
        ask().then(|| start.elapsed().as_secs_f64() * 1e3)
    };
    thread::scope(|scope| {
        let scrapes: Vec<_> = (0..CROWD).map(|_| scope.spawn(ask)).collect();
        scrapes.into_iter().filter_map(|scrape| scrape.join().ok().flatten()).collect()
    })
}

fn slowest(took: &[f64]) -> Option<f64> {
    took.iter().copied().reduce(f64::max)
}

fn concurrent() -> Vec<Line> {
    let server = PostgresServer::start(&["autovacuum=off"]);
    let (mut all, mut pages) = (Vec::new(), Vec::new());
    for subject in start(server.port(), &[], None) {
        subject.warm_up();
        let port = subject.port();
        let took = crowd(|| scrape(port, PATIENT).is_some());
        pages.push(Value::share(subject.kind, count(took.len()), CROWD));
        all.push((subject.kind, slowest(&took)));
    }
    vec![Line::new("answered with a page", pages), Line::of("slowest page (ms)", all)]
}

fn locked() -> Vec<Line> {
    let server = furnished(200);
    let subjects = start(server.port(), &[], None);
    let kinds = kinds(&subjects);
    let measured = || measure(&subjects, 200);
    let slow = |name: &str, figures: &[Figures]| {
        let quantiles = kinds.iter().zip(figures).map(|(kind, figures)| (*kind, figures.quantile(99)));
        Line::of(&format!("{name}: {}", tail(99, figures)), quantiles)
    };
    let share = |name: &str, figures: &[Figures]| Line { name: format!("{name}: answered"), ..answered(&kinds, figures) };
    let hold = |statement: &str| {
        let locker = server.client("postgres", &format!("BEGIN; {statement}; SELECT pg_sleep(3600)"));
        wait::until("the lock", PATIENT, || {
            (server.sql("postgres", "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0").then_some(())
        });
        locker
    };
    let free = slow("none locked", &measured());
    let mut lines = Vec::new();
    for (name, statement) in [
        ("one locked", "LOCK t0 IN ACCESS EXCLUSIVE MODE"),
        ("all locked", "DO $$ BEGIN FOR n IN 0..199 LOOP EXECUTE format('LOCK t%s IN ACCESS EXCLUSIVE MODE', n); END LOOP; END $$"),
    ] {
        let locker = hold(statement);
        let figures = measured();
        drop(locker);
        let line = slow(name, &figures);
        let times = kinds.iter().map(|kind| (*kind, line.number(*kind).zip(free.number(*kind)).map(|(held, free)| held / free)));
        let times = Line::of(&format!("{name}: times of none locked"), times);
        lines.extend([share(name, &figures), line, times]);
    }
    lines.insert(0, free);
    lines
}

/// An exporter whose server has gone, and whose first scrape since then is over.
fn bereaved(kind: Kind) -> Subject {
    let server = PostgresServer::start(&[]);
    let subject = Subject::start(kind, server.port(), &[], None);
    subject.warm_up();
    drop(server);
    let _ = subject.scrape(PATIENT);
    subject
}

fn refused() -> Vec<Line> {
    // An exporter that ends without its server has no figure.
    let values = Kind::all().into_iter().map(|kind| {
        let subject = bereaved(kind);
        let start = Instant::now();
        let answer = it::http::get(subject.port(), "/metrics", &[]);
        (kind, answer.is_ok().then(|| start.elapsed().as_secs_f64() * 1e3))
    });
    vec![Line::of("one answer (ms)", values)]
}

fn refused_crowd() -> Vec<Line> {
    let (mut all, mut answered, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for kind in Kind::all() {
        let subject = bereaved(kind);
        let port = subject.port();
        let with_page = AtomicUsize::new(0);
        let took = crowd(|| {
            let answer = it::http::get(port, "/metrics", &[]);
            with_page.fetch_add(usize::from(answer.as_ref().is_ok_and(|answer| answer.status == 200)), Ordering::SeqCst);
            answer.is_ok()
        });
        answered.push(Value::share(subject.kind, count(took.len()), CROWD));
        pages.push(Value::share(subject.kind, count(with_page.into_inner()), CROWD));
        all.push((subject.kind, slowest(&took)));
    }
    vec![Line::new("answered", answered), Line::new("answered with a page", pages), Line::of("slowest answer (ms)", all)]
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
        pages.push(Value::share(kind, count(usize::from(page.is_some())), 1));
    }
    vec![Line::new("answered with a page", pages), Line::of("until answered or given up after 60 s (s)", took)]
}

fn round_trips() -> Vec<Line> {
    let server = PostgresServer::start(&["autovacuum=off"]);
    let proxies: Vec<FaultProxy> = Kind::all().iter().map(|_| FaultProxy::start(server.port())).collect();
    let subjects: Vec<Subject> = Kind::all().into_iter().zip(&proxies).map(|(kind, proxy)| Subject::start(kind, proxy.port(), &[], None)).collect();
    let kinds = kinds(&subjects);
    let medians = |name: &str| {
        let figures = measure(&subjects, 40);
        Line::of(name, kinds.iter().zip(&figures).map(|(kind, figures)| (*kind, figures.quantile(50))))
    };
    let near = medians("median without (ms)");
    for proxy in &proxies {
        proxy.set(Fault::Delay(Duration::from_millis(5)));
    }
    let far = medians("median with (ms)");
    let more = kinds.iter().map(|kind| (*kind, far.number(*kind).zip(near.number(*kind)).map(|(far, near)| far - near)));
    let more = Line::of("more (ms)", more);
    vec![near, far, more]
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
    vec![Line::of("most at a time (ours: rounds each second)", most), Line::of("new ones per scrape", opened)]
}

/// How often an exporter is scraped that has a tenth of a CPU.
const LIMITED: usize = 10;

/// One exporter after the other under the limits of the product, which hold from before its first scrape.
#[expect(clippy::print_stderr, reason = "a case that is left out says so")]
fn limited(server: &PostgresServer, flags: &[&str], queries: Option<&str>) -> Vec<Line> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("queries.yaml");
    fs::write(&file, queries.unwrap_or_default()).expect("it can be written");
    let (mut answered, mut max, mut resident, mut killed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for kind in Kind::all() {
        let mut subject = Subject::start(kind, server.port(), flags, queries.and(file.to_str()));
        // Before the first scrape, so that what it takes counts too.
        let Some(_limits) = Limits::hold(subject.id()) else {
            eprintln!("left out: cgroups cannot be made here; run as root where /sys/fs/cgroup is writable");
            return Vec::new();
        };
        subject.warm_up();
        let took: Vec<f64> = (0..LIMITED).filter_map(|_| subject.scrape(PATIENT)).map(|(took, _)| took.as_secs_f64() * 1e3).collect();
        answered.push(Value::share(kind, count(took.len()), LIMITED));
        max.push((kind, slowest(&took)));
        killed.push(Value::share(kind, count(usize::from(subject.ended())), 1));
        resident.push((kind, subject.mebibytes()));
    }
    vec![Line::new("answered", answered), Line::of("max (ms)", max), Line::of("resident (MiB)", resident), Line::new("killed", killed)]
}
