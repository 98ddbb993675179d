//! What may go wrong between the exporter and its server.

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    exporter::Exporter,
    postgres::Postgres,
    program::{free_port, until},
};

/// What a scraper waits in these tests; the exporter keeps half a second of it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A secret that must not turn up anywhere.
const CANARY: &str = "c4n4ry,p@ss";

#[test]
fn refused_is_told_at_once() {
    let exporter = Exporter::start(&format!("postgresql://postgres@127.0.0.1:{}/x", free_port()), &[]);
    let scrapes: Vec<_> = thread::scope(|scope| {
        let scrapes: Vec<_> = (0..8).map(|_| scope.spawn(|| exporter.scrape_within(PATIENCE))).collect();
        scrapes.into_iter().map(|scrape| scrape.join().unwrap()).collect()
    });
    for (page, took) in scrapes {
        assert_eq!(page.value("pg_up"), Some(0.0));
        assert_eq!(page.value("pg_up_reason{reason=\"refused\"}"), Some(1.0));
        assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(1.0));
        assert!(took < PATIENCE, "{took:?}");
    }
}

#[test]
fn silent_server_is_a_timeout() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let exporter = Exporter::start(&format!("postgresql://postgres@127.0.0.1:{}/x", listener.local_addr().unwrap().port()), &[]);
    let (page, took) = exporter.scrape_within(PATIENCE);
    assert_eq!(page.value("pg_up_reason{reason=\"timeout\"}"), Some(1.0), "{}", page.text);
    assert!(took < PATIENCE, "{took:?}");
}

#[test]
fn frozen_server_is_a_timeout_and_recovers() {
    let postgres = Postgres::start(&[]);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    assert_eq!(exporter.scrape().value("pg_up"), Some(1.0));
    let backends = backends(&postgres);
    // The backend that serves us, and the postmaster that would accept another.
    for backend in &backends {
        signal(*backend, Signal::STOP);
    }
    postgres.program.signal(Signal::STOP);

    let (page, took) = exporter.scrape_within(PATIENCE);

    assert_eq!(page.value("pg_up_reason{reason=\"timeout\"}"), Some(1.0));
    assert!(took < PATIENCE, "{took:?}");
    postgres.program.signal(Signal::CONT);
    for backend in &backends {
        signal(*backend, Signal::CONT);
    }
    let (page, _) = exporter.scrape_within(PATIENCE);
    assert_eq!(page.value("pg_up"), Some(1.0), "{}", exporter.log());
    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(0.0));
}

#[test]
fn restart_is_survived_within_one_scrape() {
    let mut postgres = Postgres::start(&[]);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    exporter.scrape();
    let descriptors = descriptors(&exporter);
    for _ in 0..5 {
        postgres.restart();
        let page = exporter.scrape();
        assert_eq!(page.value("pg_up"), Some(1.0), "{}", exporter.log());
        assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(0.0));
    }
    assert_eq!(exporter.scrape().value("pg_server_restarts_total"), Some(5.0));
    until("descriptors to be closed", || (self::descriptors(&exporter) <= descriptors + 1).then_some(()));
    assert!(backends(&postgres).len() <= 1);
}

#[test]
fn one_connection_is_kept() {
    let postgres = Postgres::start(&[]);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[]);
    exporter.scrape();
    let opened = exporter.scrape().value("pg_exporter_target_connections_total");
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| exporter.scrape());
        }
    });
    assert_eq!(exporter.scrape().value("pg_exporter_target_connections_total"), opened);
    assert_eq!(backends(&postgres).len(), 1);
}

#[test]
fn wrong_password_is_told_and_not_shown() {
    let mut postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE ROLE me LOGIN PASSWORD 'right'");
    require_password(&mut postgres);
    for form in dsn_forms(postgres.port) {
        let (_directory, variables) = written(form);
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let exporter = Exporter::start_with(&variables, &["--log.level=debug"]);
        let page = exporter.scrape();
        assert_eq!(page.value("pg_up_reason{reason=\"auth\"}"), Some(1.0), "{variables:?}");
        let status = exporter.get("/status").unwrap();
        let command = std::fs::read_to_string(format!("/proc/{}/cmdline", exporter.program.0.id())).unwrap();
        for text in [page.text, exporter.log(), status, command, check(&variables).1] {
            assert_hidden(&text);
        }
    }
    for (name, value) in [
        ("DATA_SOURCE_NAME", format!("host=db password='{CANARY}")),
        ("DATA_SOURCE_NAME", format!("postgresql://me:{CANARY}%zz@db/x")),
        ("DATA_SOURCE_NAME", format!("postgresql://me:{CANARY}@db:port/x")),
        ("DATA_SOURCE_NAME", format!("postgresql://me:{CANARY}@a/x,postgresql://me:{CANARY}@b/x")),
        ("DATA_SOURCE_URI", format!("me:{CANARY}/@db")),
    ] {
        let (code, text) = check(&[(name, &value)]);
        assert_eq!(code, Some(2), "{text}");
        assert_hidden(&text);
    }
}

/// The password does not stand in the text, neither as it is nor turned around or encoded.
fn assert_hidden(text: &str) {
    let reversed: String = CANARY.chars().rev().collect();
    for form in [CANARY, "c4n4ry", &reversed, "YzRuNHJ5LHBAc3M", "63346e3472792c7040737"] {
        assert!(!text.contains(form), "the password is shown: {text}");
    }
}

#[test]
fn every_form_of_connection_string_logs_in() {
    let mut postgres = Postgres::start(&[]);
    postgres.sql("postgres", &format!("CREATE ROLE me LOGIN PASSWORD '{CANARY}'"));
    require_password(&mut postgres);
    for form in dsn_forms(postgres.port) {
        let (_directory, variables) = written(form);
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let exporter = Exporter::start_with(&variables, &[]);
        assert_eq!(exporter.scrape().value("pg_up"), Some(1.0), "{:?}: {}", variables.first(), exporter.log());
    }
}

/// The subcommand: its exit code, and all that it prints.
fn check(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut check = crate::program::command(env!("CARGO_BIN_EXE_postgres-exporter"));
    let output = check.arg("check").envs(variables.iter().copied()).output().unwrap();
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

type Form = (Vec<(&'static str, String)>, Vec<(&'static str, String)>);

/// The variables of a form, with its files written.
fn written((mut variables, files): Form) -> (tempfile::TempDir, Vec<(&'static str, String)>) {
    let directory = tempfile::tempdir().unwrap();
    for (variable, text) in files {
        let path = directory.path().join(variable);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        variables.push((variable, path.display().to_string()));
    }
    (directory, variables)
}

/// Every way to give the password: variables, and variables that name a file with such text.
fn dsn_forms(port: u16) -> Vec<Form> {
    let encoded = CANARY.replace('@', "%40").replace(',', "%2C");
    let uri = format!("127.0.0.1:{port}/postgres");
    let place = || vec![("DATA_SOURCE_URI", uri.clone()), ("DATA_SOURCE_USER", "me".to_owned())];
    let libpq =
        || vec![("PGHOST", "127.0.0.1".to_owned()), ("PGPORT", port.to_string()), ("PGUSER", "me".to_owned()), ("PGDATABASE", "postgres".to_owned())];
    let with = |mut variables: Vec<(&'static str, String)>, name, value: &str| {
        variables.push((name, value.to_owned()));
        variables
    };
    let keywords = format!("host=127.0.0.1 port={port} user=me password={CANARY} dbname=postgres");
    vec![
        (vec![("DATA_SOURCE_NAME", format!("postgresql://me:{encoded}@{uri}"))], vec![]),
        (vec![("DATA_SOURCE_NAME", format!("postgres://{uri}?user=me&password={encoded}"))], vec![]),
        (vec![("DATA_SOURCE_NAME", keywords.clone())], vec![]),
        (vec![], vec![("DATA_SOURCE_NAME_FILE", keywords)]),
        (with(place(), "DATA_SOURCE_PASS", CANARY), vec![]),
        (place(), vec![("DATA_SOURCE_PASS_FILE", CANARY.to_owned())]),
        (vec![("DATA_SOURCE_URI", format!("me:{encoded}@{uri}"))], vec![]),
        (vec![], vec![("DATA_SOURCE_URI_FILE", format!("me:{encoded}@{uri}"))]),
        (with(libpq(), "PGPASSWORD", CANARY), vec![]),
        (libpq(), vec![("PGPASSFILE", format!("*:*:*:me:{CANARY}\n"))]),
    ]
}

#[test]
fn check_tells_what_the_role_lacks() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE ROLE plain LOGIN");
    let (code, text) = check(&[("DATA_SOURCE_NAME", &postgres.dsn("postgres", "postgres"))]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("GRANT") && text.contains("stat_database "), "{text}");
    let (code, text) = check(&[("DATA_SOURCE_NAME", &postgres.dsn("plain", "postgres"))]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("GRANT pg_monitor TO \"plain\";"), "{text}");
    assert!(text.contains("Shown in part, since the role is no member of pg_read_all_stats: ") && text.contains("stat_activity"), "{text}");
    // What the background lacks shows too, however long it takes.
    assert!(text.lines().any(|line| line.starts_with("wal ") && line.contains("failed")), "{text}");
}

#[test]
fn constant_labels_and_prefix_are_applied() {
    let postgres = Postgres::start(&[]);
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &["--constantLabels=env=prod", "--metric-prefix=ours"]);
    let page = exporter.scrape();
    assert_eq!(page.value("ours_up{env=\"prod\"}"), Some(1.0), "{}", page.text);
    assert!(page.text.contains("ours_stat_database_numbackends{") && !page.text.contains("\npg_stat_database_"));
}

#[test]
fn rotated_password_is_read_again() {
    let mut postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE ROLE me LOGIN PASSWORD 'first'");
    require_password(&mut postgres);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first\n").unwrap();
    let uri = format!("127.0.0.1:{}/postgres?sslmode=disable", postgres.port);
    let variables = [("DATA_SOURCE_URI", uri.as_str()), ("DATA_SOURCE_USER", "me"), ("DATA_SOURCE_PASS_FILE", file.path().to_str().unwrap())];
    let exporter = Exporter::start_with(&variables, &[]);
    assert_eq!(exporter.scrape().value("pg_up"), Some(1.0), "{}", exporter.log());

    postgres.sql("postgres", "ALTER ROLE me PASSWORD 'second'");
    postgres.restart();
    assert_eq!(exporter.scrape().value("pg_up_reason{reason=\"auth\"}"), Some(1.0));
    std::fs::write(file.path(), "second").unwrap();

    assert_eq!(exporter.scrape().value("pg_up"), Some(1.0), "{}", exporter.log());
}

#[test]
fn plain_role_sees_what_it_may() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE ROLE plain LOGIN;;CREATE SEQUENCE secret");
    let exporter = Exporter::start(&postgres.dsn("plain", "postgres"), &[]);
    let page = until("the background", || Some(exporter.scrape()).filter(|page| page.has("pg_database_size_bytes")));
    assert_eq!(page.value("pg_up"), Some(1.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"wal\"}"), Some(0.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"stat_database\"}"), Some(1.0));
    let status = exporter.get("/status").unwrap();
    assert!(status.contains("GRANT pg_monitor TO &quot;plain&quot;;") && status.contains("permission denied"), "{status}");
    for line in
        ["<tr><td>stat_activity</td><td>runs in part: the role is no member of pg_read_all_stats</td></tr>", "<tr><td>locks</td><td>runs</td></tr>"]
    {
        assert!(status.contains(line), "{status}");
    }
    assert_eq!(page.value("pg_sequences_unreadable{datname=\"postgres\"}"), Some(1.0));
    assert!(status.contains("1 sequences of database &quot;postgres&quot; cannot be read"), "{status}");
    let failing: Vec<_> = page.text.lines().filter(|line| line.starts_with("pg_exporter_collector_success") && line.ends_with(" 0")).collect();
    assert_eq!(failing.len(), 2, "{failing:?}");
}

#[test]
fn full_server_is_told() {
    let postgres = Postgres::start(&["max_connections=6", "superuser_reserved_connections=1", "max_wal_senders=0", "wal_level=minimal"]);
    postgres.sql("postgres", "CREATE ROLE me LOGIN");
    let _clients: Vec<_> = (0..5).map(|_| postgres.client("postgres", "SELECT pg_sleep(600)")).collect();
    until("all connections to be taken", || (backends(&postgres).len() >= 5).then_some(()));
    let exporter = Exporter::start(&postgres.dsn("me", "postgres"), &[]);
    assert_eq!(exporter.scrape().value("pg_up_reason{reason=\"too_many_connections\"}"), Some(1.0));
}

#[test]
fn locked_tables_do_not_hold_the_page_up() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE TABLE a (n int);;CREATE TABLE b (n int)");
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &["--background-interval=1s"]);
    let size = "pg_stat_user_tables_table_size_bytes{datname=\"postgres\",schemaname=\"public\",relname=\"a\"}";
    until("sizes", || exporter.scrape().value(size));
    let _locker = postgres.client("postgres", "BEGIN; LOCK a, b; LOCK pg_class IN EXCLUSIVE MODE; SELECT pg_sleep(600)");
    let page = until("the lock to be noticed", || {
        Some(exporter.scrape()).filter(|page| page.value("pg_background_relations_skipped{datname=\"postgres\"}") == Some(2.0))
    });
    assert!(page.value(size).is_some(), "a locked table keeps its size");
    assert!(page.value("pg_stat_user_tables_seq_scan{datname=\"postgres\",schemaname=\"public\",relname=\"a\"}").is_some());
    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(0.0));
}

#[test]
fn slow_query_ends_on_the_server_too() {
    let postgres = Postgres::start(&[]);
    let queries = tempfile::NamedTempFile::new().unwrap();
    let file = "slow:\n  query: SELECT count(pg_sleep(60)) AS n\n  timeout: 60s\n  metrics:\n    - n: {usage: GAUGE}\n";
    std::fs::write(queries.path(), file).unwrap();
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &[&format!("--extend.query-path={}", queries.path().display())]);

    let (page, took) = exporter.scrape_within(PATIENCE);
    let answered = Instant::now();

    assert!(took < PATIENCE, "{took:?}");
    assert_eq!(page.value("pg_up"), Some(1.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"stat_database\"}"), Some(1.0));
    assert_eq!(page.value("pg_exporter_collector_success{collector=\"slow\"}"), Some(0.0));
    until("the query to end", || {
        (postgres.sql(
            "postgres",
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()",
        ) == "0")
            .then_some(())
    });
    assert!(answered.elapsed() < Duration::from_secs(2), "the query ran on for {:?}", answered.elapsed());
}

#[test]
fn hostile_names_stay_on_a_valid_page() {
    let postgres = Postgres::start(&[]);
    postgres.sql("postgres", "CREATE DATABASE \"a\\\"\"b{}\n<b>\"");
    postgres.sql("postgres", &format!("CREATE TABLE \"{}\" (n int);;CREATE ROLE \"r\\\"\"\n\"", "ä".repeat(31)));
    let exporter = Exporter::start(&postgres.dsn("postgres", "postgres"), &["--collect-databases"]);
    let page = until("the other database", || {
        Some(exporter.scrape()).filter(|page| page.text.contains("pg_background_success{task=\"database\",datname=\"a\\\\\\\"b{}\\n<b>\"} 1"))
    });
    assert!(page.text.contains("pg_roles_connection_limit{rolname=\"r\\\\\\\"\\n\"} -1"), "{}", page.text);
    assert!(page.text.contains(&"ä".repeat(31)));
    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(0.0));
}

#[test]
fn other_databases_are_visited() {
    let postgres = Postgres::start(&[]);
    for number in 0..5 {
        postgres.sql("postgres", &format!("CREATE DATABASE d{number}"));
        postgres.sql(&format!("d{number}"), "CREATE TABLE t (n int);;INSERT INTO t VALUES (1)");
    }
    let exporter =
        Exporter::start(&postgres.dsn("postgres", "postgres"), &["--collect-databases", "--background-interval=1s", "--exclude-databases=d4"]);
    let inserted = |number: u8| format!("pg_stat_user_tables_n_tup_ins{{datname=\"d{number}\",schemaname=\"public\",relname=\"t\"}}");
    until("all databases", || {
        let page = exporter.scrape();
        assert!(page.value("pg_background_connections").is_none_or(|count| count <= 2.0));
        (0..4).all(|number| page.value(&inserted(number)) == Some(1.0)).then_some(())
    });
    postgres.sql("postgres", "DROP DATABASE d0 WITH (FORCE)");
    until("the dropped database to vanish", || exporter.scrape().value(&inserted(0)).is_none().then_some(()));
    assert_eq!(exporter.scrape().value(&inserted(4)), None);
}

#[test]
fn probe_reads_allowed_targets_only() {
    let postgres = Postgres::start(&[]);
    let modules = tempfile::NamedTempFile::new().unwrap();
    let file = format!(
        "auth_modules:\n  m:\n    type: userpass\n    userpass: {{username: postgres, password: {CANARY}}}\n    options: {{sslmode: disable}}\n    targets: ['127.0.0.1:{}']\n",
        postgres.port
    );
    std::fs::write(modules.path(), file.replace(CANARY, &format!("'{CANARY}'"))).unwrap();
    let own = format!("postgresql://postgres@127.0.0.1:{}/x", free_port());
    let exporter = Exporter::start(&own, &[&format!("--config.file={}", modules.path().display())]);

    let (status, body) = exporter.request(&format!("/probe?target=127.0.0.1:{}/postgres&auth_module=m", postgres.port), "").unwrap();
    assert_eq!(status, 200, "{body}");
    let page = crate::page::Page::new(&body);
    assert_eq!(page.value("pg_up"), Some(1.0), "{body}\n{}", exporter.log());
    assert!(page.has("pg_stat_database_numbackends") && !page.has("process_open_fds"));
    for target in ["127.0.0.1:1", "169.254.169.254", "you:x@127.0.0.1", ""] {
        let (status, body) = exporter.request(&format!("/probe?target={target}&auth_module=m"), "").unwrap();
        assert_eq!(status, 400, "{target}: {body}");
        assert!(!body.contains("c4n4ry"));
    }
    assert!(!exporter.log().contains("c4n4ry"));
}

/// Processes of the sessions that clients have.
fn backends(postgres: &Postgres) -> Vec<i32> {
    let found = postgres.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'psql'");
    let others = postgres.try_sql(
        "postgres",
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
    );
    found.lines().chain(others.unwrap_or_default().lines()).map(|pid| pid.parse().unwrap()).collect()
}

fn signal(process: i32, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(process).unwrap(), signal).unwrap();
}

fn descriptors(exporter: &Exporter) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", exporter.program.0.id())).unwrap().count()
}

/// From now on, the role `me` has to show its password.
fn require_password(postgres: &mut Postgres) {
    let file = postgres.directory.path().join("data/pg_hba.conf");
    std::fs::write(&file, "host all me 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n").unwrap();
    postgres.restart();
}
