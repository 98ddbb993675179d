//! Recordings about Redis, by instance.

use metric_catalogue::redis::exporter::EXPORTER;

use super::Recording;
use super::example::Example;
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

/// Two commands of half a second each per second, and every second lookup finds its key.
pub(super) fn example() -> Example {
    Example::new(
        &[
            (r#"redis_up{job="redis",instance="redis-exporter:9121"}"#, "0x30 1x30"),
            (r#"redis_commands_total{job="redis",instance="redis-exporter:9121",cmd="get"}"#, "0+15x60"),
            (r#"redis_commands_total{job="redis",instance="redis-exporter:9121",cmd="set"}"#, "0+15x60"),
            (r#"redis_commands_duration_seconds_total{job="redis",instance="redis-exporter:9121",cmd="get"}"#, "0+7.5x60"),
            (r#"redis_commands_duration_seconds_total{job="redis",instance="redis-exporter:9121",cmd="set"}"#, "0+7.5x60"),
            (r#"redis_keyspace_hits_total{job="redis",instance="redis-exporter:9121"}"#, "0+15x60"),
            (r#"redis_keyspace_misses_total{job="redis",instance="redis-exporter:9121"}"#, "0+15x60"),
        ],
        &[
            // Ten of the twenty-one samples from five minutes to ten.
            (r#"instance:redis_up:avg5m{job="redis",instance="redis-exporter:9121"}"#, 10.0 / 21.0),
            (r#"instance:redis_commands:rate5m{instance="redis-exporter:9121"}"#, 2.0),
            (r#"instance:redis_command_duration_seconds:mean5m{instance="redis-exporter:9121"}"#, 0.5),
            (r#"instance:redis_keyspace_hits:ratio_rate5m{instance="redis-exporter:9121"}"#, 0.5),
        ],
    )
}
