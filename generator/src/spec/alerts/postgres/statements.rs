//! Statements and transactions that take long.

use super::POSTGRES;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static SLOW: Threshold = Threshold::number(
    "POSTGRES_SLOW_QUERY_SECONDS",
    60.0,
    86_400.0,
    "A statement of a request is given up long before a minute; what runs longer is a job's, or nobody waits for its answer",
);

static MEAN: Threshold = Threshold::number(
    "POSTGRES_MEAN_QUERY_SECONDS",
    0.25,
    3600.0,
    "Two statements of a quarter second each use up the half second of the API's objective",
);

/// With fewer, the mean is that of a few jobs.
static CALLS: Threshold =
    Threshold::number("POSTGRES_STATEMENTS_PER_SECOND", 0.1, 1e6, "Thirty statements in five minutes are as few as a single user of the API makes");

static LONG: Threshold = Threshold::number(
    "POSTGRES_LONG_TRANSACTION_SECONDS",
    1800.0,
    604_800.0,
    "Our longest batch and the nightly dump are through in a quarter of an hour; twice that is a transaction that somebody forgot",
);

pub(super) fn all() -> Vec<Alert> {
    vec![slow_queries(), long_transaction()]
}

const LONGEST_QUERY: &str = r#"pg_sessions_longest_query_seconds{job="postgres",instance="postgres-exporter:9187"}"#;
const STANDBY_QUERY: &str = r#"pg_sessions_longest_query_seconds{job="postgres",instance="standby-exporter:9187"}"#;
const STATEMENT_SECONDS: &str =
    r#"pg_stat_statements_seconds_total{job="postgres",instance="postgres-exporter:9187",user="app",datname="shop",queryid="1"}"#;
const STATEMENT_CALLS: &str =
    r#"pg_stat_statements_calls_total{job="postgres",instance="postgres-exporter:9187",user="app",datname="shop",queryid="1"}"#;
const OTHER_SECONDS: &str =
    r#"pg_stat_statements_seconds_total{job="postgres",instance="postgres-exporter:9187",user="app",datname="shop",queryid="2"}"#;
const OTHER_CALLS: &str = r#"pg_stat_statements_calls_total{job="postgres",instance="postgres-exporter:9187",user="app",datname="shop",queryid="2"}"#;

/// The longest statement that runs is always measured. The mean of a database wants the extension and `--collector.stat_statements`,
/// which is off by default; without it that half is silent.
fn slow_queries() -> Alert {
    Alert {
        name: "PostgresSlowQueries",
        expr: "pg_sessions_longest_query_seconds > POSTGRES_SLOW_QUERY_SECONDS
or
sum by (job, instance, datname) (rate(pg_stat_statements_seconds_total[5m]))
  / (sum by (job, instance, datname) (rate(pg_stat_statements_calls_total[5m])) > POSTGRES_STATEMENTS_PER_SECOND)
  > POSTGRES_MEAN_QUERY_SECONDS"
            .to_owned(),
        thresholds: vec![&SLOW, &MEAN, &CALLS],
        lasting: minutes(2),
        summary: "{{ with $labels.datname }}Statements in database {{ . }} of {{ $labels.instance }} take {{ $value | humanizeDuration }} on average\
                  {{ else }}A statement on {{ $labels.instance }} has been running for {{ $value | humanizeDuration }}{{ end }}"
            .to_owned(),
        description: "Pages that need it hang until their own timeout, and the connection it runs on is missing from the pool.".to_owned(),
        meaning: "Without a database in the summary, one statement of a client runs for longer than any request lasts. With one, the mean of all its \
                  statements in five minutes is past a quarter of a second; only servers with pg_stat_statements and the exporter's \
                  `--collector.stat_statements` are watched for that.",
        causes: &[
            "A missing index, or statistics so old that the planner reads the whole table (PostgresAutovacuumBehind).",
            "It does not compute, it waits: for a lock, for the disk, or for a client that does not read its rows (`ClientWrite`).",
            "A report or an export that somebody runs by hand on the primary.",
            "A backup: COPY of a large table is one statement. Give its role the night, and this alert a silence.",
        ],
        queries: &[
            ("Statements by the time they take", "topk(5, rate(pg_stat_statements_seconds_total[5m]))"),
            ("What active sessions wait for", "sum by (wait_event_type) (pg_sessions{backend_type=\"client backend\",state=\"active\"})"),
        ],
        actions: &[
            "`SELECT pid, now() - query_start, wait_event_type, wait_event, left(query, 200) FROM pg_stat_activity WHERE state = 'active' ORDER BY query_start`.",
            "`EXPLAIN (ANALYZE, BUFFERS)` of it on a standby: look where estimated and actual rows part.",
            "A queryid of the first graph is found by `SELECT query FROM pg_stat_statements WHERE queryid = <queryid>`.",
            "`SELECT pg_cancel_backend(<pid>)` ends the statement and leaves the session; set `statement_timeout` for the API's role.",
        ],
        page: Page::Graph("pg_sessions_longest_query_seconds"),
        examples: slow_query_examples(),
        scales: false,
        ..Alert::owned_by(Service::Postgres)
    }
}

fn slow_query_examples() -> Vec<Example> {
    let average = Firing::new(
        &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("datname", "shop")],
        "Statements in database shop of postgres-exporter:9187 take 300ms on average",
    );
    vec![
        Example::new("a report runs on the primary, and is cancelled", &[(LONGEST_QUERY, "5x3 62+15x14 5x20"), (STANDBY_QUERY, "50x40")])
            .quiet_at(seconds(165))
            .fires_at(seconds(180), Firing::new(POSTGRES, "A statement on postgres-exporter:9187 has been running for 3m 2s"))
            .quiet_at(seconds(285)),
        Example::new("one after the other takes 62 seconds", &[(LONGEST_QUERY, "5x3 62x10 5x20")])
            .fires_at(seconds(180), Firing::new(POSTGRES, "A statement on postgres-exporter:9187 has been running for 1m 2s"))
            .quiet_at(seconds(225)),
        // One statement of half a second and one of a tenth, each once a second.
        Example::new(
            "an index is dropped, and made again",
            &[(STATEMENT_SECONDS, "0+7.5x40 300+1.5x60"), (STATEMENT_CALLS, "0+15x100"), (OTHER_SECONDS, "0+1.5x100"), (OTHER_CALLS, "0+15x100")],
        )
        .quiet_at(seconds(135))
        .fires_at(seconds(150), average)
        .quiet_at(minutes(16)),
        Example::flapping("two statements of just under three minutes", &[(LONGEST_QUERY, "5x20 61x7 5 61x7 5x70")])
            .quiet_at(seconds(420))
            .quiet_at(seconds(555))
            .quiet_at(minutes(20)),
        Example::at_threshold("exactly a minute, time after time", &[(LONGEST_QUERY, "60x40")]).quiet_at(minutes(8)),
        Example::at_threshold("a quarter of a second on average", &[(STATEMENT_SECONDS, "0+3.75x60"), (STATEMENT_CALLS, "0+15x60")])
            .quiet_at(minutes(8)),
        Example::at_threshold("jobs of ten seconds, one in ten", &[(STATEMENT_SECONDS, "0+15x60"), (STATEMENT_CALLS, "0+1.5x60")])
            .quiet_at(minutes(8)),
        Example::missing("how often they ran is not known", &[(STATEMENT_SECONDS, "0+75x60")]).quiet_at(minutes(8)),
    ]
}

const IDLE: &str = r#"pg_sessions_longest_transaction_seconds{job="postgres",instance="postgres-exporter:9187",state="idle in transaction"}"#;
const ACTIVE: &str = r#"pg_sessions_longest_transaction_seconds{job="postgres",instance="postgres-exporter:9187",state="active"}"#;
const PREPARED: &str = r#"pg_prepared_transactions_oldest_seconds{job="postgres",instance="postgres-exporter:9187"}"#;

/// A client that computes between its statements changes state all the time, so the states are one series.
fn long_transaction() -> Alert {
    Alert {
        name: "PostgresLongTransaction",
        expr: "max by (job, instance) (pg_sessions_longest_transaction_seconds) > POSTGRES_LONG_TRANSACTION_SECONDS
or pg_prepared_transactions_oldest_seconds > POSTGRES_LONG_TRANSACTION_SECONDS"
            .to_owned(),
        thresholds: vec![&LONG],
        lasting: minutes(2),
        summary: "A transaction on {{ $labels.instance }} has been open for {{ $value | humanizeDuration }}".to_owned(),
        description: "As long as it is open, vacuum removes no row that died since: busy tables swell, and queries on them slow down.".to_owned(),
        meaning: "Of all sessions and all transactions prepared for two-phase commit, the oldest began over half an hour ago. Whether it works or \
                  idles does not matter to the rows that it could still see, nor to the locks that it holds.",
        causes: &[
            "A worker that opened a transaction, and then waits for a page, a browser or another service.",
            "A console in which somebody typed BEGIN and went for lunch.",
            "A transaction manager that died between PREPARE and COMMIT: its transaction outlives sessions and restarts.",
            "A migration that fills a column of a large table in one statement.",
        ],
        queries: &[
            ("By state", "pg_sessions_longest_transaction_seconds"),
            ("Who holds vacuum back, in transactions", "pg_xmin_horizon_age"),
            ("Prepared and not decided", "pg_prepared_transactions"),
        ],
        actions: &[
            "`SELECT pid, usename, application_name, state, xact_start, left(query, 200) FROM pg_stat_activity WHERE xact_start < now() - interval '10 minutes' ORDER BY xact_start`.",
            "Idle in transaction: `SELECT pg_terminate_backend(<pid>)`; then `ALTER ROLE <role> SET idle_in_transaction_session_timeout = '5min'`.",
            "Nobody in that list: `SELECT gid, prepared, owner FROM pg_prepared_xacts`, then COMMIT PREPARED or ROLLBACK PREPARED.",
            "A batch: commit every few thousand rows.",
        ],
        page: Page::Graph("max by (instance) (pg_sessions_longest_transaction_seconds)"),
        examples: vec![
            Example::new(
                "it goes between work and idleness, and is ended",
                &[(IDLE, "5x3 1801 5 1831 5 1861 5 1891 5 1921 5x20"), (ACTIVE, "5x4 1816 5 1846 5 1876 5 1906 5x20")],
            )
            .quiet_at(seconds(165))
            .fires_at(seconds(180), Firing::new(POSTGRES, "A transaction on postgres-exporter:9187 has been open for 32m 1s"))
            .quiet_at(seconds(210)),
            Example::new("one is prepared and forgotten, and rolled back", &[(ACTIVE, "5x60"), (PREPARED, "0x3 1815+15x20 0x30")])
                .quiet_at(seconds(165))
                .fires_at(seconds(180), Firing::new(POSTGRES, "A transaction on postgres-exporter:9187 has been open for 32m 15s"))
                .quiet_at(seconds(375)),
            Example::at_threshold("batches of exactly half an hour", &[(IDLE, "1800x40"), (PREPARED, "1800x40")]).quiet_at(minutes(8)),
            Example::flapping("batches end a minute and a half past it", &[(ACTIVE, "5x3 1801+15x6 5 1801+15x6 5x10")])
                .quiet_at(seconds(150))
                .quiet_at(seconds(270))
                .quiet_at(minutes(8)),
            Example::missing("no transaction is open", &[(LONGEST_QUERY, "0x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
