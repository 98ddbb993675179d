//! `PostgreSQL`'s connections, as far as ordinary roles may have them: the slots that are reserved do not count as free.

use super::POSTGRES;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static EXHAUSTED: Threshold = Threshold::share(
    "POSTGRES_CONNECTIONS_EXHAUSTED",
    0.9,
    "Of a hundred connections nine are left, fewer than the pools of one more API process and its workers ask for",
);

static SATURATED: Threshold = Threshold::share(
    "POSTGRES_CONNECTIONS_SATURATED",
    0.8,
    "A rolling deployment holds the sessions of old and new processes at once, a fifth more for a minute",
);

const USED: &str = r#"pg_connections_used_ratio{job="postgres",instance="postgres-exporter:9187"}"#;
const STANDBY: &str = r#"pg_connections_used_ratio{job="postgres",instance="standby-exporter:9187"}"#;
/// What is not the ratio: present, so that only its absence is shown.
const CONNECTIONS: &str = r#"pg_connections{job="postgres",instance="postgres-exporter:9187"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![exhausted(), saturated()]
}

/// The exporter keeps one session, so it measures also when nobody else gets in.
fn exhausted() -> Alert {
    Alert {
        name: "PostgresConnectionsExhausted",
        expr: "pg_connections_used_ratio > POSTGRES_CONNECTIONS_EXHAUSTED".to_owned(),
        thresholds: vec![&EXHAUSTED],
        lasting: minutes(4),
        severity: Severity::Critical,
        summary: "{{ $value | humanizePercentage }} of the connections of {{ $labels.instance }} are taken, reserved ones left out".to_owned(),
        description: "The next pool that grows gets \"sorry, too many clients already\": requests fail while the server itself has nothing to do."
            .to_owned(),
        meaning: "More than nine tenths of max_connections, less the slots reserved for superusers and for roles with a reservation, belong to sessions. \
                  An administrator still gets in through a reserved slot.",
        causes: &[
            "A pool without an upper bound, of which each further process opens its own.",
            "Sessions that wait for one lock: each request behind it takes one more (PostgresLockWaits fires beside this).",
            "Clients that were killed without a FIN, which the server only notices after `tcp_keepalives_idle`.",
        ],
        queries: &[
            ("By what they do", "sum by (state) (pg_sessions{backend_type=\"client backend\"})"),
            ("By user and application", "sum by (usename, application_name) (pg_stat_activity_count)"),
        ],
        actions: &[
            "`SELECT usename, client_addr, state, count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2, 3 ORDER BY 4 DESC`.",
            "`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND state_change < now() - interval '10 minutes'` frees the idle ones.",
            "Many in `active` that wait: end the one they wait for, and the rest leaves by itself.",
            "max_connections only changes with a restart, and each session costs memory: put PgBouncer in front instead.",
        ],
        page: Page::Graph("pg_connections_used_ratio"),
        examples: vec![
            Example::new("pools grow on the primary only, and shrink", &[(USED, "0.5x3 0.92x19 0.5x20"), (STANDBY, "0.4x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(POSTGRES, "92% of the connections of postgres-exporter:9187 are taken, reserved ones left out"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly nine tenths", &[(USED, "0.9x40")]).quiet_at(minutes(8)),
            Example::flapping("two bursts of just under four minutes", &[(USED, "0.5x3 0.99x14 0.5 0.99x14 0.5x10")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("sessions are counted, their limit is not known", &[(CONNECTIONS, "99x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}

fn saturated() -> Alert {
    Alert {
        name: "PostgresConnectionsSaturated",
        expr: "pg_connections_used_ratio > POSTGRES_CONNECTIONS_SATURATED".to_owned(),
        thresholds: vec![&SATURATED],
        lasting: minutes(4),
        summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its connections in use".to_owned(),
        description: "Nobody is turned away yet, but a rolling deployment would need what is left and more.".to_owned(),
        meaning: "Sessions hold over four fifths of what ordinary roles may open. Idle sessions count like busy ones: each is a process of the server, \
                  with memory of its own and a place in every snapshot.",
        causes: &[
            "Workers were scaled up, and the sum of all pools was not looked at.",
            "Statements got slower, so the same traffic keeps more of them open at once.",
            "A migration or an administrator's script that opens a session per table.",
        ],
        queries: &[
            ("Sessions, their limit and the reserve", "pg_connections or pg_connections_max or pg_connections_reserved"),
            ("New ones per second", "sum by (datname) (rate(pg_stat_database_sessions[5m]))"),
        ],
        actions: &[
            "Add up: processes times (`pool_size` + `max_overflow`) of API and workers must stay below max_connections less the reserve.",
            "`ALTER ROLE <role> CONNECTION LIMIT <n>` keeps one application from taking the others' part.",
            "`idle_session_timeout` (14 and later) ends what a pool forgot.",
        ],
        page: Page::Graph("pg_connections_used_ratio"),
        examples: vec![
            Example::new("workers are added to the standby, and taken away", &[(USED, "0.3x50"), (STANDBY, "0.5x3 0.82x19 0.5x20")])
                .quiet_at(seconds(285))
                .fires_at(
                    seconds(300),
                    Firing::new(
                        &[("job", "postgres"), ("instance", "standby-exporter:9187")],
                        "standby-exporter:9187 has 82% of its connections in use",
                    ),
                )
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(USED, "0.8x40")]).quiet_at(minutes(8)),
            Example::flapping("deployments in a row", &[(USED, "0.5x3 0.95x14 0.5 0.95x14 0.5x10")]).quiet_at(seconds(270)).quiet_at(seconds(510)),
            Example::missing("the exporter may not count them", &[(CONNECTIONS, "90x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
