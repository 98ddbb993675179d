//! What the exporter's own session is like on the server, and what one scrape asks of it.

use std::{fs, thread, time::SystemTime};

use crate::{exporter::Exporter, page::Page, postgres::Postgres, program::until};

/// The server writes each statement and each end of a session, with the time in seconds, the process and the application.
const LOGGED: [&str; 3] = ["log_line_prefix=%n %p %a ", "log_statement=all", "log_disconnections=on"];

#[test]
fn session_disturbs_nobody() {
    let postgres = Postgres::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queries.yaml");
    // What was asked for at the start of the session is what its parameters return to.
    let names = "'default_transaction_read_only', 'jit', 'lock_timeout', 'search_path', 'idle_session_timeout'";
    let query = format!(
        "SELECT name, reset_val AS value, 1 AS setting FROM pg_settings WHERE name IN ({names})
        UNION ALL SELECT name, setting, 1 FROM pg_settings WHERE name = 'stats_fetch_consistency'"
    );
    let columns = "[{name: {usage: LABEL}}, {value: {usage: LABEL}}, {setting: {usage: GAUGE}}]";
    fs::write(&file, format!("session:\n  query: {}\n  metrics: {columns}\n", query.replace('\n', " "))).unwrap();
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&format!("--extend.query-path={}", file.display())]);

    let page = exporter.scrape();

    for (name, value) in [
        ("default_transaction_read_only", "on"),
        ("jit", "off"),
        ("lock_timeout", "50"),
        ("search_path", "pg_catalog"),
        ("idle_session_timeout", "0"),
        ("stats_fetch_consistency", "none"),
    ] {
        if name == "stats_fetch_consistency" && postgres.try_sql("postgres", &format!("SHOW {name}")).is_err() {
            continue;
        }
        assert!(page.text.contains(&format!(",name=\"{name}\",value=\"{value}\"}} 1")), "{name}: {}\n{}", page.text, exporter.log());
    }
}

/// Lines of the log that say that the kept session runs a statement.
fn statements(postgres: &Postgres, pid: &str) -> usize {
    let log = postgres.log();
    let ours = log.lines().filter(|line| line.split(' ').nth(1) == Some(pid));
    ours.filter(|line| line.contains("LOG:  execute ") || line.contains("LOG:  statement: ")).count()
}

#[test]
fn one_flight_is_few_statements() {
    let postgres = Postgres::start(&LOGGED);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    exporter.scrape();
    let sessions = "SELECT pid FROM pg_stat_activity WHERE application_name = 'postgres-exporter'";
    // The background has come and gone: what is left is the kept one.
    let pid = until("one session", || Some(postgres.sql("postgres", sessions)).filter(|pids| !pids.is_empty() && !pids.contains('\n')));
    let flight = || {
        let before = statements(&postgres, &pid);
        exporter.scrape();
        statements(&postgres, &pid) - before
    };
    let few = flight();
    for number in 0..8 {
        postgres.sql("postgres", &format!("CREATE DATABASE d{number}"));
    }
    let many = flight();
    println!(
        "statements in a flight: {few}, with eight databases more: {many}; in the first, with the greeting and settings: {}",
        statements(&postgres, &pid) - few - many
    );
    assert_eq!(few, many);
    assert!((10..=18).contains(&few), "{few}");
}

#[test]
fn what_runs_ends_with_the_scrape() {
    let postgres = Postgres::start(&LOGGED);
    // A view that takes an hour, in the midst of a flight: other statements are queued behind it.
    postgres.sql(
        "postgres",
        "SET allow_system_table_mods = on; ALTER VIEW pg_catalog.pg_locks RENAME TO pg_locks_before;\
         CREATE VIEW pg_catalog.pg_locks AS SELECT b.* FROM pg_catalog.pg_locks_before b, pg_sleep(3600)",
    );
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &["--collector.sequences=false", "--collector.stat_user_tables=false"]);

    let (page, _) = exporter.scrape_within(std::time::Duration::from_millis(1500));
    let answered = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();

    assert_eq!(page.value("pg_up"), Some(1.0), "{}", exporter.log());
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"stat_database\"}"), Some(1.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"locks\"}"), Some(0.0));
    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(1.0));
    let ended = until("the session to end", || {
        let log = postgres.log();
        let cancelled = log.lines().find(|line| line.contains("canceling statement due to user request"))?;
        let pid = cancelled.split(' ').nth(1)?;
        let end = log.lines().find(|line| line.split(' ').nth(1) == Some(pid) && line.contains("disconnection: session time"))?;
        end.split(' ').next()?.parse::<f64>().ok()
    });
    let late = ended - answered;
    println!("what ran on the server ended {:.0} ms after the page", late * 1e3);
    let most = if std::env::var_os("LONG").is_some() { 0.2 } else { 1.0 };
    assert!(late < most, "it ran on for {late} s");
    // The queue behind it was not worked off.
    assert!(!postgres.log().contains("pending_restart FROM pg_settings"), "{}", postgres.log());
}

#[test]
fn scrapes_that_meet_get_one_page() {
    let postgres = Postgres::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("queries.yaml");
    fs::write(&file, "slow:\n  query: SELECT count(pg_sleep(3)) AS n\n  metrics: [{n: {usage: GAUGE}}]\n").unwrap();
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&format!("--extend.query-path={}", file.display())]);
    let collections = |page: &Page| page.value("pg_exporter_collections_total").unwrap();
    let before = collections(&exporter.scrape());

    let pages: Vec<Page> = thread::scope(|scope| {
        let scrapes: Vec<_> = (0..64).map(|_| scope.spawn(|| exporter.scrape())).collect();
        scrapes.into_iter().map(|scrape| scrape.join().unwrap()).collect()
    });

    assert!(pages.iter().all(|page| page.text == pages[0].text), "the pages differ");
    assert!((collections(&pages[0]) - before - 1.0).abs() < f64::EPSILON);
}

#[test]
fn locked_catalogue_costs_its_family_only() {
    let postgres = Postgres::start(&[]);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    assert_eq!(exporter.scrape().value("pg_exporter_last_scrape_error"), Some(0.0));
    let _locker = postgres.client("postgres", "BEGIN; LOCK pg_catalog.pg_subscription IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)");
    let success = |page: &Page, collector: &str| page.value(&format!("pg_exporter_collector_success{{collector=\"{collector}\"}}"));

    let page = until("the lock to be met", || Some(exporter.scrape()).filter(|page| success(page, "stat_subscription") == Some(0.0)));

    assert_eq!(page.value("pg_up"), Some(1.0));
    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(1.0));
    let failed: Vec<&str> = page.text.lines().filter(|line| line.starts_with("pg_exporter_collector_success") && line.ends_with(" 0")).collect();
    assert_eq!(failed, ["pg_exporter_collector_success{collector=\"stat_subscription\"} 0"]);
    assert!(exporter.log().contains("lock timeout"), "{}", exporter.log());
}

#[test]
fn role_is_postgres_by_default() {
    let postgres = Postgres::start(&[]);
    let exporter = Exporter::start_with(&[("DATA_SOURCE_URI", &format!("127.0.0.1:{}/postgres", postgres.port))], &[]);
    assert_eq!(exporter.scrape().value("pg_up"), Some(1.0), "{}", exporter.log());
}
