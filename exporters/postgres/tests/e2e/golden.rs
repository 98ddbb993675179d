//! Whole pages of servers that have something of everything, compared with files that were reviewed.
//!
//! Together the files hold every family of the catalogue: a metric that no server can be made to show is not in it.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use metric_catalogue::{Type, postgres::PROGRAM};

use crate::{
    exporter::Exporter,
    page::Page,
    postgres::Postgres,
    program::{Program, free_port, until},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/golden")
}

/// Compares a page with its file; `UPDATE_GOLDEN=1` writes the file instead.
fn check(name: &str, page: &Page) {
    let (file, actual) = (folder().join(name), page.normalized());
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(&file, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let missing = expected.lines().filter(|line| !actual.lines().any(|other| other == *line)).map(|line| format!("- {line}\n"));
    let surplus = actual.lines().filter(|line| !expected.lines().any(|other| other == *line)).map(|line| format!("+ {line}\n"));
    let difference: String = missing.chain(surplus).collect();
    assert!(difference.is_empty(), "{name} differs; if it should, run with UPDATE_GOLDEN=1\n{difference}");
}

/// Settings of a server on which everything can happen.
const SETTINGS: &[&str] = &[
    "wal_level=logical",
    "max_prepared_transactions=5",
    "shared_preload_libraries=pg_stat_statements",
    "track_io_timing=on",
    "track_wal_io_timing=on",
    "autovacuum_naptime=1",
    "archive_mode=on",
    "archive_command=test -e archive_works",
    "max_slot_wal_keep_size=1GB",
    "log_min_messages=fatal",
];

/// All collectors, those that are off by default too.
const ALL: &[&str] = &[
    "--collector.postmaster",
    "--collector.stat_wal_receiver",
    "--collector.database_wraparound",
    "--collector.long_running_transactions",
    "--collector.process_idle",
    "--collector.stat_activity_autovacuum",
    "--collector.buffercache_summary",
    "--collector.stat_statements",
    "--collector.stat_statements.include_query",
    "--collector.stat_statements.limit=1",
    "--collector.stat_statements.exclude_databases=postgres",
    "--collector.statio_user_indexes",
    "--background-interval=1s",
];

/// Gives a server something of everything, and leaves sessions in it that have to stay.
fn furnish(postgres: &mut Postgres) -> Vec<Program> {
    postgres.sql("postgres", "CREATE DATABASE shop;;CREATE ROLE temporary VALID UNTIL '2030-01-01';;CREATE ROLE old");
    postgres.sql(
        "shop",
        "CREATE EXTENSION pg_stat_statements;;CREATE EXTENSION pg_buffercache;;\
         CREATE TABLE orders (id serial PRIMARY KEY, note text);;CREATE INDEX notes ON orders (note);;\
         CREATE TABLE corrupt (id int);;INSERT INTO corrupt VALUES (1);;\
         CREATE TABLE big (id int, filler text) WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);;\
         INSERT INTO orders (note) SELECT 'x' FROM generate_series(1, 100);;INSERT INTO orders (note) VALUES ('once more');;\
         INSERT INTO big SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n;;VACUUM big;;ANALYZE orders;;CHECKPOINT",
    );
    corrupt(postgres);
    // After the restart, which is a crash: what is counted from here on stays.
    assert!(postgres.try_sql("shop", "SELECT * FROM corrupt").is_err());
    postgres.sql(
        "shop",
        "SELECT pg_stat_reset_shared('bgwriter');;SELECT pg_create_physical_replication_slot('physical', true);;\
         SELECT pg_create_logical_replication_slot('logical', 'test_decoding');;INSERT INTO orders (note) VALUES ('decoded');;\
         SELECT count(*) FROM pg_logical_slot_get_changes('logical', NULL, NULL);;\
         CREATE SUBSCRIPTION subscription CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false, slot_name = NONE);;\
         INSERT INTO pg_subscription_rel SELECT oid, 'orders'::regclass, 'i', NULL FROM pg_subscription"
            .replace("INSERT INTO pg_subscription_rel", "SET allow_system_table_mods = on; INSERT INTO pg_subscription_rel")
            .as_str(),
    );
    // Last, since a logical slot waits for the end of every transaction.
    postgres.sql("shop", "BEGIN; INSERT INTO orders (note) VALUES ('y'); PREPARE TRANSACTION 'x'");
    if postgres.try_sql("shop", "SELECT 1 FROM pg_stat_checkpointer").is_ok() {
        postgres.sql("shop", "SELECT pg_stat_reset_shared('checkpointer')");
    }
    postgres.sql("shop", "SELECT pg_switch_wal()");
    until("archiving to fail", || (postgres.sql("shop", "SELECT failed_count > 0 FROM pg_stat_archiver") == "t").then_some(()));
    fs::write(postgres.directory.path().join("data/archive_works"), "").unwrap();
    postgres.sql("shop", "SELECT pg_switch_wal()");
    until("archiving to work", || (postgres.sql("shop", "SELECT archived_count > 0 FROM pg_stat_archiver") == "t").then_some(()));
    let sleeping = vec![postgres.client("shop", "BEGIN; SELECT pg_sleep(3600)"), postgres.client("shop", "LISTEN x;;SELECT pg_sleep(3600)")];
    postgres.sql("shop", "DELETE FROM big WHERE id % 2 = 0");
    until("autovacuum to work", || {
        (postgres.sql("shop", "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 'big'::regclass AND heap_blks_total > 0") == "1")
            .then_some(())
    });
    sleeping
}

/// Writes into a table's file behind the server's back, so that a checksum is wrong.
fn corrupt(postgres: &mut Postgres) {
    let path = postgres.sql("shop", "SELECT pg_relation_filepath('corrupt')");
    postgres.program.end(rustix::process::Signal::QUIT);
    let file = postgres.directory.path().join("data").join(path);
    let mut bytes = fs::read(&file).unwrap();
    bytes[8000] ^= 0xff;
    fs::write(file, bytes).unwrap();
    postgres.restart();
}

/// A session that is idle, over the wire: psql ends when it has nothing more to say.
fn idle(postgres: &Postgres) -> std::net::TcpStream {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", postgres.port)).unwrap();
    let parameters = b"\0\x03\0\0user\0postgres\0database\0shop\0application_name\0idler\0\0";
    stream.write_all(&u32::try_from(parameters.len() + 4).unwrap().to_be_bytes()).unwrap();
    stream.write_all(parameters).unwrap();
    let mut seen = Vec::new();
    // Until the server is ready for a query.
    while !seen.ends_with(b"Z\0\0\0\x05I") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    stream
}

/// The page once the background has measured everything.
fn settled(exporter: &Exporter) -> Page {
    exporter.scrape();
    until("the background to measure", || {
        let page = exporter.scrape();
        (page.has("pg_stat_user_tables_table_size_bytes") && page.has("pg_wal_segments")).then_some(page)
    })
}

#[test]
fn page_of_a_primary_is_as_reviewed() {
    let mut postgres = Postgres::start(SETTINGS);
    let _sleeping = furnish(&mut postgres);
    let _idle = idle(&postgres);
    let major = postgres.sql("postgres", "SELECT current_setting('server_version_num')::int / 10000");
    let (queries, modules) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    fs::write(modules.path(), "auth_modules: {}\n").unwrap();
    fs::write(
        queries.path(),
        "shop_orders:\n  query: SELECT note, count(*) AS count FROM public.orders GROUP BY note\n  \
         metrics:\n    - note: {usage: LABEL}\n    - count: {usage: GAUGE, description: Orders by note}\n",
    )
    .unwrap();
    let modules = format!("--config.file={}", modules.path().display());
    let extend = format!("--extend.query-path={}", queries.path().display());
    let flags: Vec<&str> = ALL.iter().copied().chain([extend.as_str(), modules.as_str()]).collect();

    let page = settled(&Exporter::start(&postgres.dsn("postgres", "shop"), &flags));

    assert_eq!(page.value("pg_exporter_last_scrape_error"), Some(0.0), "{}", failing(&page));
    check(&format!("{major}.txt"), &page);
}

#[test]
fn pages_of_primary_and_standby_are_as_reviewed() {
    // The Debian version only: other builds come without pg_basebackup.
    if env::var_os("POSTGRES_BIN").is_some() {
        return;
    }
    let primary = Postgres::start(&["autovacuum=off", "wal_level=logical"]);
    let standby = Postgres::standby(&primary, &["hot_standby_feedback=on", "wal_receiver_status_interval=1"]);
    let subscriber = Postgres::start(&["autovacuum=off"]);
    until("the standby to stream", || {
        (primary.sql("postgres", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1").then_some(())
    });
    primary.sql("postgres", "CREATE TABLE t (n int);;INSERT INTO t SELECT generate_series(1, 1000);;CREATE PUBLICATION p FOR TABLE t");
    let from = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", primary.port);
    subscriber.sql("postgres", &format!("CREATE TABLE t (n int);;CREATE SUBSCRIPTION logical CONNECTION '{from}' PUBLICATION p"));
    let exporter = Exporter::start(&primary.dsn("postgres", "postgres"), ALL);
    let sending = until("lag to be measured", || {
        primary.sql("postgres", "INSERT INTO t SELECT generate_series(1, 1000)");
        let page = settled(&exporter);
        // The server forgets the lag of whoever has caught up, of each receiver in its own time.
        let lags = |kind: &str, slot: &str| {
            let (family, slot) = (format!("pg_stat_replication_{kind}_lag_seconds{{"), format!("slot_name=\"{slot}\""));
            page.text.lines().any(|line| line.starts_with(&family) && line.contains(&slot))
        };
        let measured = ["write", "flush", "replay"].iter().all(|kind| lags(kind, "standby") && lags(kind, "logical"));
        let complete = measured && page.has("pg_replication_slots_xmin_age");
        complete.then_some(page)
    });
    let exporter = Exporter::start(&subscriber.dsn("postgres", "postgres"), ALL);
    let subscribing = until("the subscription to be applied", || {
        let page = settled(&exporter);
        let ready = page.text.contains("pg_subscription_tables{datname=\"postgres\",subname=\"logical\",state=\"r\"} 1");
        (ready && page.has("pg_subscription_last_message_age_seconds")).then_some(page)
    });
    check("subscribing.txt", &subscribing);
    let exporter = Exporter::start(&standby.dsn("postgres", "postgres"), ALL);
    let receiving = settled(&exporter);

    assert_eq!(receiving.value("pg_replication_is_replica"), Some(1.0));
    assert_eq!(receiving.value("pg_replication_receiver_up"), Some(1.0));
    check("sending.txt", &sending);
    check("receiving.txt", &receiving);

    // The link is cut by the end of the other side.
    primary.program.signal(rustix::process::Signal::QUIT);
    until("the cut link to show", || (exporter.scrape().value("pg_replication_receiver_up") == Some(0.0)).then_some(()));

    standby.sql("postgres", "SELECT pg_promote()");
    let promoted = until("the promotion to show", || {
        let page = exporter.scrape();
        (page.value("pg_replication_is_replica") == Some(0.0)).then_some(page)
    });
    assert_eq!(promoted.value("pg_server_role_changes_total"), Some(1.0));
}

#[test]
fn page_without_a_server_is_as_reviewed() {
    let exporter = Exporter::start(&format!("postgresql://postgres@127.0.0.1:{}/postgres", free_port()), &[]);
    check("down.txt", &exporter.scrape());
}

#[test]
fn golden_pages_are_the_catalogue() {
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let page = Page::new(&fs::read_to_string(entry.unwrap().path()).unwrap());
        seen.extend(page.families().into_iter().map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    }
    // What every exporter has is tested where it is made.
    let shared = |section: &str| matches!(section, "exporter" | "process");
    let known: Vec<_> = PROGRAM.metrics().collect();
    for (name, kind) in &seen {
        let declared = known.iter().any(|metric| match metric.kind {
            Type::Dynamic => name.starts_with(metric.name),
            declared => metric.name == name && format!("{declared:?}").to_lowercase() == *kind,
        });
        let custom = name == "shop_orders_count";
        assert!(declared || custom, "{kind} {name} is not in the catalogue");
    }
    let own = PROGRAM.sections.iter().filter(|(section, _)| !shared(section)).flat_map(|(_, metrics)| metrics.iter());
    let missing: Vec<_> = own
        .filter(|metric| metric.kind != Type::Dynamic)
        .filter(|metric| !seen.iter().any(|(name, _)| name == metric.name))
        .map(|metric| metric.name)
        .collect();
    assert!(missing.is_empty(), "no golden page shows {missing:?}");
}

/// The collectors that failed.
fn failing(page: &Page) -> String {
    page.text.lines().filter(|line| line.starts_with("pg_exporter_collector_success") && line.ends_with(" 0")).collect::<Vec<_>>().join("\n")
}
