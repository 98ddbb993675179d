//! `PostgreSQL` has started anew.

use super::POSTGRES;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static RESTART: Threshold = Threshold::number(
    "POSTGRES_RESTART_SECONDS",
    1.0,
    600.0,
    "The server tells its start to the microsecond and keeps to it; no server starts twice within a second",
);

const START: &str = r#"pg_server_start_time_seconds{job="postgres",instance="postgres-exporter:9187"}"#;

/// A crash of a session makes the server throw out all others and recover, without a new start time: that shows as `PostgresDown` with the
/// reason `starting`, if it takes a minute.
pub(super) fn alert() -> Alert {
    Alert {
        name: "PostgresRestarted",
        expr: "pg_server_start_time_seconds - min_over_time(pg_server_start_time_seconds[15m]) > POSTGRES_RESTART_SECONDS".to_owned(),
        thresholds: vec![&RESTART],
        lasting: seconds(30),
        severity: Severity::Info,
        summary: "PostgreSQL behind {{ $labels.instance }} has started anew".to_owned(),
        description: "All sessions were cut, prepared statements and temporary tables are gone, and the buffer cache is cold.".to_owned(),
        meaning: "The server's start time is later than the one of a quarter of an hour ago. A failover behind one address looks the same, since the new \
                  primary has a start of its own; `pg_replication_is_replica` and the timeline tell the two apart.",
        causes: &[
            "A minor upgrade, or a setting that wants a restart (`pending_restart` in pg_settings).",
            "The container was replaced, or systemd restarted it after a PANIC.",
            "A promotion, or a virtual address that moved to another server.",
        ],
        queries: &[
            ("Starts within a day", "changes(pg_server_start_time_seconds[1d])"),
            ("Promotions", "changes(pg_server_timeline[1d])"),
            ("Settings that wait for the next one", "pg_config_settings_pending_restart"),
        ],
        actions: &[
            "`grep -E 'database system (was|is)|received .* shutdown request|PANIC' <log>`: \"was shut down\" is on purpose, \"was not properly shut down\" is a crash.",
            "Without a request in the log: `dmesg -T | grep -i -E 'killed process|postgres'` on the host.",
            "See that every pool is connected again: `SELECT application_name, count(*) FROM pg_stat_activity GROUP BY 1`.",
            "`SELECT pg_prewarm('<table>')` of the busiest tables, if pages are slow until the cache is warm.",
        ],
        page: Page::Graph("pg_server_start_time_seconds"),
        examples: vec![
            Example::new("it starts anew", &[(START, "1000x19 _x2 1330x80")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(POSTGRES, "PostgreSQL behind postgres-exporter:9187 has started anew"))
                .quiet_at(minutes(20)),
            Example::new("one server takes another's place, started a moment later", &[(START, "1000x19 1001.5x80")])
                .fires_at(minutes(10), Firing::new(POSTGRES, "PostgreSQL behind postgres-exporter:9187 has started anew"))
                .quiet_at(minutes(21)),
            Example::at_threshold("its start is a second off", &[(START, "1000x19 1001x60")]).quiet_at(minutes(10)),
            Example::flapping("one scrape reaches another server", &[(START, "1000x19 1300 1000x60")]).quiet_at(seconds(300)).quiet_at(minutes(10)),
            Example::missing("it was not measured before", &[(START, "_x19 1000x60")]).quiet_at(minutes(10)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
