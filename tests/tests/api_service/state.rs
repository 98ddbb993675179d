//! What the page says of the state that is in `PostgreSQL`, and what becomes of it when the database does not answer.

use it::postgres_server::PostgresServer;
use it::{PATIENCE, wait};
use rustix::process::{Pid, Signal, kill_process};

use crate::service::Service;

/// Seen hours ago, and units left.
const USERS: [(&str, u32, f64); 6] =
    [("now", 0, 50.0), ("hours", 2, 9.5), ("day", 23, 0.0), ("days", 25, 10.0), ("week", 160, 0.0), ("month", 700, 3.0)];

fn flag(postgres: &PostgresServer) -> [String; 1] {
    [format!("--postgres.dsn={}", PostgresServer::dsn(postgres.port(), "postgres", "postgres"))]
}

#[test]
fn state_in_the_database_is_on_the_page() {
    let postgres = PostgresServer::start(&[]);
    let first = Service::start(&flag(&postgres));
    wait::until("the tables to be made", PATIENCE, || (postgres.sql("postgres", "SELECT to_regclass('tasks') IS NOT NULL") == "t").then_some(()));
    drop(first);
    for (id, hours, units) in USERS {
        let insert = "INSERT INTO users (id, email, password_hash, plan, units, seen)";
        postgres.sql("postgres", &format!("{insert} VALUES ('{id}', '{id}@example.com', '', 'free', {units}, now() - interval '{hours} hours')"));
    }
    postgres.sql("postgres", "INSERT INTO sessions VALUES ('a', 'now', now() + interval '1 hour'), ('b', 'now', now() - interval '1 hour')");
    let service = Service::start(&flag(&postgres));
    let page = wait::until("the state to be read", PATIENCE, || {
        let page = service.page();
        page.contains("selextract_user_sessions_active 1\n").then_some(page)
    });
    for line in [
        "selextract_active_users{period=\"1h\"} 1",
        "selextract_active_users{period=\"24h\"} 3",
        "selextract_active_users{period=\"7d\"} 5",
        "selextract_users_compute_units_low 4",
        "selextract_users_compute_units_exhausted 2",
        "selextract_user_compute_units_remaining{user_id=\"hours\"} 9.5",
        "selextract_user_compute_units_remaining{user_id=\"day\"} 0",
        "selextract_user_compute_units_remaining{user_id=\"now\"} 50",
        "selextract_state_read_failures_total 0",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line} is not in {page}");
    }
}

fn signal_all(postgres: &PostgresServer, signal: Signal) -> usize {
    let pids = postgres.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE application_name = 'selextract-api'");
    let pids = pids.lines().map(|line| Pid::from_raw(line.parse().unwrap()).unwrap());
    pids.inspect(|pid| kill_process(*pid, signal).unwrap()).count()
}

#[test]
fn database_that_hangs_is_an_error_in_time() {
    let mut postgres = PostgresServer::start(&[]);
    // The kernel takes connections, and nobody answers them.
    postgres.program.freeze();
    let service = Service::start(&flag(&postgres));
    wait::until("a reading that failed", PATIENCE, || (service.sum("selextract_state_read_failures_total", &[]) > 0.5).then_some(()));
    assert!(!service.page().contains("selextract_state_age_seconds"), "nothing was ever read");
    // An answer, and not silence, which the client would not wait for.
    assert_eq!(service.register("ada@example.com"), 503);
    postgres.program.thaw();
    wait::until("the database to be used", PATIENCE, || matches!(service.register("ada@example.com"), 201 | 409).then_some(()));
    let ada = wait::until("a session", PATIENCE, || service.log_in("ada@example.com").ok());

    // Now it hangs with connections open: they are no connections to lend to anybody.
    assert!(signal_all(&postgres, Signal::STOP) > 0);
    let path = format!("/users/{}", ada.id);
    let error = wait::until("an error", PATIENCE, || {
        let (status, body) = service.get(&path, &ada);
        (status == 503).then_some(body)
    });
    assert_eq!(error["error"], "temporarily unavailable", "the store's own time is up before the request's is");
    // New connections are made beside those that hang.
    wait::until("the database to be used beside them", PATIENCE, || (service.get(&path, &ada).0 == 200).then_some(()));
    assert!(service.sum("selextract_database_pool_connections", &["in_use"]) < 0.5);
    signal_all(&postgres, Signal::CONT);
}
