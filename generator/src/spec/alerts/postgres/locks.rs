//! Sessions that stand in each other's way.

use super::POSTGRES;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static WAIT: Threshold = Threshold::number(
    "POSTGRES_LOCK_WAIT_SECONDS",
    30.0,
    86_400.0,
    "A request that waits half a minute for a lock has been given up by its client, and holds a connection of the pool all the same",
);

static DEADLOCKS: Threshold = Threshold::number(
    "POSTGRES_DEADLOCKS",
    1.0,
    1e6,
    "A single deadlock can be chance, and its transaction is tried again; a second within ten minutes is an order of locks in the code",
);

pub(super) fn all() -> Vec<Alert> {
    vec![lock_waits(), deadlocks()]
}

const LONGEST: &str = r#"pg_lock_waits_longest_seconds{job="postgres",instance="postgres-exporter:9187"}"#;
const BLOCKED: &str = r#"pg_lock_waits_blocked_sessions{job="postgres",instance="postgres-exporter:9187"}"#;

fn lock_waits() -> Alert {
    Alert {
        name: "PostgresLockWaits",
        expr: "pg_lock_waits_longest_seconds > POSTGRES_LOCK_WAIT_SECONDS".to_owned(),
        thresholds: vec![&WAIT],
        lasting: minutes(1),
        summary: "A session on {{ $labels.instance }} has waited {{ $value | humanizeDuration }} for a lock".to_owned(),
        description: "Whatever needs the same row or table queues behind it, each request with a connection of its own.".to_owned(),
        meaning: "Somebody holds a lock that others need and does not let go. The wait that is measured is the longest of all sessions; how many wait, \
                  and for how many holders, is measured beside it. The holder itself often does nothing at all.",
        causes: &[
            "A transaction that was left open after an UPDATE (`idle in transaction`): an exception between BEGIN and COMMIT.",
            "DDL without `lock_timeout`: an ALTER TABLE that waits for one reader makes all later readers wait for it.",
            "A call to another service inside a transaction.",
            "VACUUM FULL, CLUSTER or REINDEX without CONCURRENTLY during the day.",
        ],
        queries: &[
            ("Waiting sessions and those that hold them up", "pg_lock_waits_blocked_sessions or pg_lock_waits_root_blockers"),
            ("How long the holder's transaction has been open", "pg_lock_waits_root_transaction_seconds"),
            ("Locks that are asked for", "pg_locks_waiting > 0"),
        ],
        actions: &[
            "`SELECT pid, pg_blocking_pids(pid), wait_event, query FROM pg_stat_activity WHERE wait_event_type = 'Lock' ORDER BY state_change`.",
            "Follow the pids to one that is blocked by nobody: `SELECT pid, state, xact_start, query FROM pg_stat_activity WHERE pid = <pid>`.",
            "`SELECT pg_cancel_backend(<pid>)` for a statement, `pg_terminate_backend` for one that is idle in transaction.",
            "Against the next time: `lock_timeout` in migrations, `idle_in_transaction_session_timeout` for the application's role.",
        ],
        page: Page::Graph("pg_lock_waits_longest_seconds"),
        examples: vec![
            Example::new("an UPDATE is left open, and ended", &[(LONGEST, "0x3 31+15x9 0x20"), (BLOCKED, "0x3 4x9 0x20")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), Firing::new(POSTGRES, "A session on postgres-exporter:9187 has waited 1m 31s for a lock"))
                .quiet_at(seconds(210)),
            Example::new("just longer than half a minute", &[(LONGEST, "31x20 0x5")])
                .quiet_at(seconds(45))
                .fires_at(seconds(60), Firing::new(POSTGRES, "A session on postgres-exporter:9187 has waited 31s for a lock"))
                .quiet_at(seconds(315)),
            Example::at_threshold("exactly half a minute", &[(LONGEST, "30x20")]).quiet_at(minutes(4)),
            Example::flapping("each wait ends before the minute", &[(LONGEST, "0x3 32+15x2 0 32+15x2 0x10")])
                .quiet_at(seconds(90))
                .quiet_at(seconds(150))
                .quiet_at(minutes(4)),
            Example::missing("waiters are counted, their time is not", &[(BLOCKED, "9x20")]).quiet_at(minutes(4)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}

const SHOP: &str = r#"pg_stat_database_deadlocks{job="postgres",instance="postgres-exporter:9187",datid="16384",datname="shop"}"#;
const BILLING: &str = r#"pg_stat_database_deadlocks{job="postgres",instance="postgres-exporter:9187",datid="16385",datname="billing"}"#;

fn deadlocks() -> Alert {
    Alert {
        name: "PostgresDeadlocks",
        // `increase` extrapolates, so it is not quite a number of deadlocks without `round`.
        expr: "round(increase(pg_stat_database_deadlocks[10m])) > POSTGRES_DEADLOCKS".to_owned(),
        thresholds: vec![&DEADLOCKS],
        lasting: minutes(1),
        summary: r#"{{ printf "%.0f" $value }} deadlocks in database {{ $labels.datname }} of {{ $labels.instance }} within ten minutes"#.to_owned(),
        description: "Of each, one transaction was rolled back with error 40P01; without a retry its user saw an error and its task failed."
            .to_owned(),
        meaning: "Two or more transactions each held what the other wanted, and the server ended one of them after `deadlock_timeout`. Nothing hangs any \
                  more: this is about the errors, and about code that takes the same locks in different orders.",
        causes: &[
            "Two code paths update the same rows in different orders, such as a bulk UPDATE without ORDER BY beside single ones.",
            "Foreign keys: an insert into a child locks its parent, which another transaction updates first.",
            "The same Celery task started twice over the same batch.",
        ],
        queries: &[
            ("By database over an hour", "sum by (datname) (increase(pg_stat_database_deadlocks[1h]))"),
            ("Share of transactions that were rolled back", "rate(pg_stat_database_xact_rollback[5m])"),
        ],
        actions: &[
            "`grep -A 6 'deadlock detected' <log>`: the DETAIL names both statements and the CONTEXT the row.",
            "Lock in one order: `SELECT … ORDER BY id FOR UPDATE` before a bulk change.",
            "Retry on SQLSTATE 40P01 in the application; a deadlock is never the server's fault alone.",
        ],
        page: Page::Graph("increase(pg_stat_database_deadlocks[10m])"),
        examples: vec![
            Example::new("two in one database, none in another", &[(SHOP, "5x40 7x60"), (BILLING, "3x100")])
                .quiet_at(seconds(660))
                .fires_at(
                    seconds(675),
                    Firing::new(
                        &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("datid", "16384"), ("datname", "shop")],
                        "2 deadlocks in database shop of postgres-exporter:9187 within ten minutes",
                    ),
                )
                .quiet_at(minutes(21)),
            Example::new("two, eight minutes apart", &[(SHOP, "5x40 6x31 7x40")]).quiet_at(seconds(1140)).fires_at(
                seconds(1155),
                Firing::new(
                    &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("datid", "16384"), ("datname", "shop")],
                    "2 deadlocks in database shop of postgres-exporter:9187 within ten minutes",
                ),
            ),
            Example::at_threshold("one", &[(SHOP, "5x40 6x60")]).quiet_at(seconds(675)).quiet_at(minutes(15)),
            Example::new("one every quarter of an hour", &[(SHOP, "5x40 6x60 7x60")]).quiet_at(seconds(690)).quiet_at(seconds(1620)),
            Example::flapping("statistics are reset, and begin at nothing", &[(SHOP, "9x40 0x60")]).quiet_at(seconds(690)).quiet_at(minutes(15)),
            Example::missing("the database was not there before", &[(SHOP, "_x40 7x60")]).quiet_at(seconds(690)).quiet_at(minutes(15)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
