//! Alerts about a `PostgreSQL` whose sessions crowd it and stand in each other's way, and that dies.

use it::exporter::Exporter;
use it::live::Live;
use it::postgres::Session;
use it::postgres_server::PostgresServer;

/// A scrape each second, of which the exporter has nearly half for its page: the first one takes a busy machine that long.
const TIME_SCALE: u64 = 15;

/// What the server counts in seconds is not divided with the times of the stack.
const SITE: &str = "
intervals:
  scrape_timeout: 14s
thresholds:
  postgres_lock_wait_seconds: 1
  postgres_long_transaction_seconds: 2
";

/// Less the three that are reserved, 47 are open to ordinary roles.
const SETTINGS: [&str; 2] = ["max_connections=50", "deadlock_timeout=50ms"];

/// With the sessions of the exporter and of the faults between 38 and 42: past four fifths and not past nine tenths.
const CROWD: usize = 36;

/// Raised together, while the server is up.
const TOGETHER: [&str; 4] = ["PostgresDeadlocks", "PostgresLockWaits", "PostgresLongTransaction", "PostgresConnectionsSaturated"];

const DOWN: &str = "PostgresDown";

/// A server with two accounts, and a role that may do no more than README gives the exporter.
fn server() -> PostgresServer {
    let server = PostgresServer::start(&SETTINGS);
    server.sql("postgres", "CREATE ROLE monitor LOGIN CONNECTION LIMIT 4 IN ROLE pg_monitor");
    server.sql("postgres", "CREATE TABLE account (id int PRIMARY KEY, balance int)");
    server.sql("postgres", "INSERT INTO account VALUES (1, 0), (2, 0)");
    server
}

fn session(server: &PostgresServer) -> Session {
    Session::open(server.port(), "postgres").unwrap()
}

fn pay(account: u8) -> String {
    format!("UPDATE account SET balance = balance + 1 WHERE id = {account}")
}

/// Two transactions take two rows in opposite orders; the server ends one of them.
fn deadlock(server: &PostgresServer) {
    let (mut one, mut other) = (session(server), session(server));
    for (session, account) in [(&mut one, 1), (&mut other, 2)] {
        session.run("BEGIN").unwrap();
        session.run(&pay(account)).unwrap();
    }
    one.send(&pay(2)).unwrap();
    other.send(&pay(1)).unwrap();
    let failed = [one.wait(), other.wait()].into_iter().filter_map(Result::err).map(|error| error.to_string()).collect::<Vec<_>>();
    assert!(failed.len() == 1 && failed[0].contains("40P01"), "{failed:?}");
}

#[test]
fn crowded_blocked_and_dead_postgres_is_heard_of_until_it_is_well() {
    let mut server = server();
    let dsn = PostgresServer::dsn(server.port(), "monitor", "postgres");
    let exporter = Exporter::start("postgres-exporter", &[], &[("DATA_SOURCE_NAME", &dsn)]);
    let mut live = Live::start_scaled(TIME_SCALE, &[("postgres", exporter.port())], SITE);
    live.until_over(DOWN);
    for alertname in TOGETHER {
        assert!(live.firing(alertname).is_empty(), "{alertname} fires over a server that is well");
    }

    deadlock(&server);
    deadlock(&server);
    let crowd: Vec<_> = (0..CROWD).map(|_| session(&server)).collect();
    let (mut holder, mut waiter) = (session(&server), session(&server));
    holder.run("BEGIN").unwrap();
    holder.run(&pay(1)).unwrap();
    waiter.send(&pay(1)).unwrap();

    for alertname in TOGETHER {
        let alert = live.until_firing(alertname);
        let instance = format!("127.0.0.1:{}", exporter.port());
        assert_eq!((&alert["labels"]["instance"], &alert["labels"]["severity"]), (&instance.into(), &"warning".into()), "{alert}");
    }
    assert!(live.firing("PostgresConnectionsExhausted").is_empty());
    let deadlocks = live.until_firing("PostgresDeadlocks");
    let summary = deadlocks["annotations"]["summary"].as_str().unwrap_or_default().to_owned();
    assert!(summary.starts_with("2 deadlocks in database postgres of "), "{summary}");

    drop((holder, waiter, crowd));
    for alertname in TOGETHER {
        live.until_over(alertname);
    }

    server.kill();
    let down = live.until_firing(DOWN);
    let summary = down["annotations"]["summary"].as_str().unwrap_or_default();
    assert!(summary.ends_with("(reason: refused)"), "{summary}");
    server.revive();
    live.until_over(DOWN);
}
