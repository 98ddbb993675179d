//! Recordings about `PostgreSQL`, by instance.

use metric_catalogue::postgres::exporter::EXPORTER;

use super::Recording;
use super::example::Example;
use crate::spec::duration::Duration;

/// The window from which long windows are built: twenty scrapes, so that one lost scrape moves it by a twentieth.
const WINDOW: Duration = Duration::minutes(5);

pub(super) fn all() -> Vec<Recording> {
    vec![
        Recording::new("instance:pg_up:avg5m", format!("avg_over_time({}[{WINDOW}])", EXPORTER.up.name())),
        Recording::new(
            "instance:pg_transactions:rate5m",
            "sum by (instance) (rate(pg_stat_database_xact_commit[5m])) + sum by (instance) (rate(pg_stat_database_xact_rollback[5m]))",
        ),
        Recording::new(
            "instance:pg_cache_hits:ratio_rate5m",
            "sum by (instance) (rate(pg_stat_database_blks_hit[5m]))
  / (sum by (instance) (rate(pg_stat_database_blks_hit[5m])) + sum by (instance) (rate(pg_stat_database_blks_read[5m])) > 0)",
        ),
    ]
}

/// One transaction per second is committed and one rolled back, in two databases, and every second block is cached.
pub(super) fn example() -> Example {
    Example::new(
        &[
            (r#"pg_up{job="postgres",instance="postgres-exporter:9187"}"#, "1x60"),
            (r#"pg_stat_database_xact_commit{job="postgres",instance="postgres-exporter:9187",datid="1",datname="shop"}"#, "0+15x60"),
            (r#"pg_stat_database_xact_rollback{job="postgres",instance="postgres-exporter:9187",datid="2",datname="other"}"#, "0+15x60"),
            (r#"pg_stat_database_blks_hit{job="postgres",instance="postgres-exporter:9187",datid="1",datname="shop"}"#, "0+15x60"),
            (r#"pg_stat_database_blks_read{job="postgres",instance="postgres-exporter:9187",datid="1",datname="shop"}"#, "0+15x60"),
        ],
        &[
            (r#"instance:pg_up:avg5m{job="postgres",instance="postgres-exporter:9187"}"#, 1.0),
            (r#"instance:pg_transactions:rate5m{instance="postgres-exporter:9187"}"#, 2.0),
            (r#"instance:pg_cache_hits:ratio_rate5m{instance="postgres-exporter:9187"}"#, 0.5),
        ],
    )
}
