//! Recordings about Redis, by instance.

use metric_catalogue::redis::exporter::EXPORTER;

use super::Recording;
use crate::spec::duration::Duration;

/// The window from which long windows are built: twenty scrapes, so that one lost scrape moves it by a twentieth.
const WINDOW: Duration = Duration::minutes(5);

pub(super) fn all() -> Vec<Recording> {
    vec![
        Recording::new("instance:redis_up:avg5m", format!("avg_over_time({}[{WINDOW}])", EXPORTER.up.name())),
        Recording::new("instance:redis_commands:rate5m", "sum by (instance) (rate(redis_commands_total[5m]))"),
        Recording::new(
            "instance:redis_command_duration_seconds:mean5m",
            "sum by (instance) (rate(redis_commands_duration_seconds_total[5m])) / (sum by (instance) (rate(redis_commands_total[5m])) > 0)",
        ),
        Recording::new(
            "instance:redis_keyspace_hits:ratio_rate5m",
            "sum by (instance) (rate(redis_keyspace_hits_total[5m]))
  / (sum by (instance) (rate(redis_keyspace_hits_total[5m])) + sum by (instance) (rate(redis_keyspace_misses_total[5m])) > 0)",
        ),
    ]
}
