//! The API's connections to its database.

use super::API;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static POOL_SATURATED: Threshold = Threshold::share(
    "API_DATABASE_POOL_SATURATED",
    0.8,
    "Scrapes see the mean and not the peaks: at four fifths on average, bursts already wait for a connection",
);

const IN_USE: &str = r#"selextract_database_pool_connections{job="selextract-api",instance="api:8000",state="in_use"}"#;
const IDLE: &str = r#"selextract_database_pool_connections{job="selextract-api",instance="api:8000",state="idle"}"#;
const MAX: &str = r#"selextract_database_pool_connections{job="selextract-api",instance="api:8000",state="max"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![Alert {
        name: "ApiDatabasePoolSaturated",
        expr: r#"sum by (job, instance) (selextract_database_pool_connections{state="in_use"})
  / (sum by (job, instance) (selextract_database_pool_connections{state="max"}) > 0)
  > API_DATABASE_POOL_SATURATED"#
            .to_owned(),
        thresholds: vec![&POOL_SATURATED],
        lasting: minutes(4),
        summary: "{{ $value | humanizePercentage }} of the database connections of {{ $labels.instance }} are lent out".to_owned(),
        description: "When the last one is lent, requests queue inside the API and end in time-outs, while PostgreSQL itself looks idle.".to_owned(),
        meaning: "Handlers hold more than four fifths of the connections that the API's own pool may open. The limit is the pool's, not that of PostgreSQL: \
                  PostgresConnectionsSaturated watches the other end.",
        causes: &[
            "Queries have become slower, so that each request keeps its connection for longer.",
            "A handler that keeps a transaction open while it waits for something else (a proxy, the queue, another service).",
            "More traffic than the pool was sized for.",
        ],
        queries: &[
            ("Lent, free and allowed", "selextract_database_pool_connections"),
            ("Transactions that do nothing", r#"pg_stat_activity_count{state="idle in transaction"}"#),
        ],
        actions: &[
            "`SELECT state, wait_event, count(*) FROM pg_stat_activity WHERE application_name LIKE '%api%' GROUP BY 1, 2`.",
            "Mostly `idle in transaction`: find the handler that awaits something between BEGIN and COMMIT.",
            "Mostly `active`: the queries are the problem, and a larger pool would only move the queue into PostgreSQL.",
        ],
        page: Page::Graph("selextract_database_pool_connections"),
        examples: vec![
            Example::new("a slow query takes the pool, and is ended", &[(IN_USE, "4x3 9x19 4x20"), (IDLE, "6x3 1x19 6x20"), (MAX, "10x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(API, "90% of the database connections of api:8000 are lent out"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(IN_USE, "8x40"), (IDLE, "2x40"), (MAX, "10x40")]).quiet_at(minutes(8)),
            Example::flapping("two nightly exports of three minutes", &[(IN_USE, "4x3 10x14 4 10x14 4x10"), (MAX, "10x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("there is no pool, since all is kept in memory", &[]).quiet_at(minutes(8)),
            Example::missing("the pool does not tell its limit", &[(IN_USE, "9x40"), (MAX, "0x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Api)
    }]
}
