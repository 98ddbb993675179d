//! What may happen to the exporter's own process: its clock is set, and its file descriptors run out.

use std::fs;
use std::process::Command;

use it::exporter::{Exporter, SCRAPE_TIMEOUT_HEADER};
use it::faults::FaultProxy;
use it::http::Connection;
use it::page::{self, Page};
use it::postgres_server::PostgresServer;
use it::{PATIENCE, program, wait};

use crate::watched::{Watched, assert_down, assert_up};

/// What makes a program take its time from a file, as environment variables.
fn clock(file: &str) -> Vec<(String, String)> {
    let output = program::command("faketime").args(["-f", "+0", "env"]).output().expect("faketime runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let library = text.lines().find_map(|line| line.strip_prefix("LD_PRELOAD=")).expect("faketime preloads its library");
    [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[test]
fn clock_that_is_set_changes_no_age_and_no_deadline() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("clock");
    let set = |offset: &str| fs::write(&file, offset).expect("it can be written");
    set("+0");
    let server = PostgresServer::start(&[]);
    let proxy = FaultProxy::start(server.port());
    let dsn = PostgresServer::dsn(proxy.port(), "postgres", "postgres");
    let clock = clock(&file.to_string_lossy());
    let environment: Vec<(&str, &str)> =
        [("DATA_SOURCE_NAME", dsn.as_str())].into_iter().chain(clock.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
    let exporter = Exporter::start("postgres-exporter", &["--background-interval=1s"], &environment);
    let watched = Watched { server, proxy, exporter };
    let says = |page: &Page, name: &str| page.value(name, &[]).unwrap_or_else(|| panic!("{name} is missing"));
    let ended = |page: &Page| page.family("pg_exporter_collector_last_success_timestamp_seconds").map(|family| family.samples[0].value);
    let first = watched.scrape();
    assert_up(&first);
    let (before, sessions) = (ended(&first).expect("a time"), watched.proxy.accepted());
    for (offset, shift) in [("+86400", 86_400.0), ("-86400", -86_400.0)] {
        set(offset);
        let page = watched.scrape();
        assert_up(&page);
        let shifted = ended(&page).expect("a time") - before;
        assert!((shifted - shift).abs() < 600.0, "the clock is off by {shifted}");
        for name in ["pg_server_start_time_seconds", "process_start_time_seconds"] {
            assert!((says(&page, name) - says(&first, name)).abs() < 2.0, "{name} has changed");
        }
        for family in ["pg_background_age_seconds", "pg_exporter_collector_duration_seconds"] {
            let samples = &page.family(family).unwrap_or_else(|| panic!("{family} is missing")).samples;
            assert!(samples.iter().all(|sample| (0.0..600.0).contains(&sample.value)), "{family}: {samples:?}");
        }
    }
    // The kept connection is not taken for old; the background has its own.
    assert!(watched.proxy.accepted() >= sessions);
    assert_eq!(
        watched.server.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postgres-exporter' AND state = 'idle'"),
        "1"
    );
}

/// Sets how many files a process may have open.
fn may_open(process: u32, files: &str) {
    let set = Command::new("prlimit").args([&format!("--nofile={files}:"), "--pid", &process.to_string()]).status();
    assert!(set.is_ok_and(|status| status.success()), "prlimit belongs to Debian's util-linux");
}

#[test]
fn process_without_file_descriptors_says_so_and_recovers() {
    let watched = Watched::start();
    assert_up(&watched.scrape());
    let process = watched.exporter.program.id();
    let mut kept = Connection::open(watched.exporter.port()).expect("it listens");
    let mut scrape = || {
        let response = kept.send("GET", "/metrics", &[(SCRAPE_TIMEOUT_HEADER, "3")], b"").expect("an answer");
        page::text(&response.text()).expect("a page")
    };
    assert_up(&scrape());

    // Those that are open stay open; nothing is to be had besides.
    may_open(process, "4");
    watched.server.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres-exporter'");
    let page = scrape();

    assert_down(&page, "internal");
    assert!(watched.exporter.program.log().contains("Too many open files"), "{}", watched.exporter.program.log());
    may_open(process, "1024");
    wait::until("the server to be read again", PATIENCE, || (scrape().value("pg_up", &[]) == Some(1.0)).then_some(()));
    assert_up(&watched.scrape());
}
