//! Redis is gone.

use metric_catalogue::redis::exporter::EXPORTER;

use crate::spec::alert::{Alert, Page};
use crate::spec::alerts::down;
use crate::spec::component::REDIS_EXPORTER;
use crate::spec::duration::Duration;
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;

/// Name of the Down alert, for the inhibition of what follows from it.
pub(crate) const DOWN: &str = "RedisDown";

const DESCRIPTION: &str = "Celery keeps its queues in Redis: tasks are neither accepted nor started until it is back.";

pub(super) fn alert() -> Alert {
    Alert {
        name: DOWN,
        expr: down::expression(REDIS_EXPORTER.job, &EXPORTER),
        lasting: Duration::minutes(1),
        severity: Severity::Critical,
        summary: down::summary("Redis", REDIS_EXPORTER.name, &EXPORTER),
        description: DESCRIPTION.to_owned(),
        meaning: "For a minute Redis has not answered, or nothing is known of it. The summary says which: the exporter is silent, Redis is \
                  silent (with the reason that the exporter met), or the series are absent.",
        causes: &[
            "Redis was stopped, was ended for want of memory, or is loading its data set after a restart (reason `starting`).",
            "The password was changed on one side only (reason `auth`).",
            "All of its `maxclients` connections are in use (reason `too_many_connections`).",
            "The network between exporter and Redis is cut (reasons `refused`, `timeout`, `unreachable`, `dns`).",
            "The exporter does not run, or its target was taken out of the configuration.",
        ],
        actions: &[
            "Silent exporter or absent series: `docker compose -f docker-compose.monitoring.yml ps redis-exporter`, then its logs.",
            "Silent Redis: `redis-cli -h <host> ping` from the exporter's network, then the server's own log.",
            "After a restart, watch `redis_uptime_in_seconds` grow: if it does not, Redis ends again and again.",
        ],
        queries: &[("What the exporter last met", "redis_up_reason"), ("Did it grow until it was ended", "redis_memory_used_rss_bytes")],
        page: Page::Targets(REDIS_EXPORTER.job),
        examples: examples(),
        ..Alert::owned_by(Service::Redis)
    }
}

const UP: &str = r#"up{job="redis",instance="redis-exporter:9121"}"#;
const REDIS_UP: &str = r#"redis_up{job="redis",instance="redis-exporter:9121"}"#;
const OTHER_UP: &str = r#"up{job="cache",instance="cache-exporter:9121"}"#;
const OTHER_REDIS_UP: &str = r#"redis_up{job="cache",instance="cache-exporter:9121"}"#;
const REFUSED: &str = r#"redis_up_reason{job="redis",instance="redis-exporter:9121",reason="refused"}"#;

fn examples() -> Vec<Example> {
    let exporter_silent = firing("redis-exporter at redis-exporter:9121 does not answer, so nothing is known of Redis");
    let refused = firing("Redis does not answer redis-exporter at redis-exporter:9121 (reason: refused)");
    let page_without = firing("Redis is not measured: its series are absent on the page of redis-exporter:9121");
    let no_target = Firing::new(&[("job", "redis")], "Redis is not measured: its series are absent");
    vec![
        Example::new("Redis refuses connections", &[(UP, "1x20"), (REDIS_UP, "1x3 0x16"), (REFUSED, "_x4 1x16")])
            .quiet_at(Duration::seconds(105))
            .fires_at(Duration::seconds(120), refused),
        Example::new("the exporter dies, and comes back", &[(UP, "1x3 0x7 1x8"), (REDIS_UP, "1x3 _x8 1x8")])
            .quiet_at(Duration::seconds(105))
            .fires_at(Duration::seconds(120), exporter_silent)
            .quiet_at(Duration::seconds(180)),
        Example::new("Redis dies, and the exporter after it: one alert throughout", &[(UP, "1x2 0x17"), (REDIS_UP, "0x2 stale")])
            .quiet_at(Duration::seconds(45))
            .fires_at(Duration::seconds(60), exporter_silent),
        Example::missing("the page lacks redis_up", &[(UP, "1x20")]).quiet_at(Duration::seconds(45)).fires_at(Duration::seconds(60), page_without),
        Example::missing("no target is left", &[(r#"up{job="node",instance="host:9100"}"#, "1x20")])
            .quiet_at(Duration::seconds(45))
            .fires_at(Duration::seconds(60), no_target),
        Example::new("Redis is well, and another job's is not", &[(UP, "1x20"), (REDIS_UP, "1x20"), (OTHER_UP, "0x20"), (OTHER_REDIS_UP, "0x20")])
            .quiet_at(Duration::minutes(5)),
        Example::flapping("Redis is away for just under a minute, twice", &[(UP, "1x20"), (REDIS_UP, "1x3 0x3 1 0x3 1x12")])
            .quiet_at(Duration::seconds(105))
            .quiet_at(Duration::seconds(180))
            .quiet_at(Duration::minutes(5)),
    ]
}

/// The alert of the one instance of the examples.
fn firing(summary: &'static str) -> Firing {
    Firing::new(&[("job", "redis"), ("instance", "redis-exporter:9121")], summary)
}
