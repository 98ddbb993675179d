//! Redis' commands: how long they take, and what they find.

use super::REDIS;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static HIT_RATIO_LOW: Threshold =
    Threshold::share("REDIS_HIT_RATIO_LOW", 0.5, "A cache that misses every second time costs more round trips than it saves queries");

/// With fewer, the ratio is that of a handful of keys.
static LOOKUPS: Threshold = Threshold::number("REDIS_LOOKUPS", 1000.0, 1e9, "Ten minutes of light use come to thousands");

static SLOW_COMMANDS: Threshold =
    Threshold::number("REDIS_SLOW_COMMANDS", 10.0, 1e6, "Two a minute are noticed by users, since every other command waits behind them");

const HITS: &str = r#"redis_keyspace_hits_total{job="redis",instance="redis-exporter:9121"}"#;
const MISSES: &str = r#"redis_keyspace_misses_total{job="redis",instance="redis-exporter:9121"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![hit_ratio_low(), slow_commands()]
}

fn hit_ratio_low() -> Alert {
    Alert {
        name: "RedisHitRatioLow",
        expr: "increase(redis_keyspace_hits_total[10m])
  / (increase(redis_keyspace_hits_total[10m]) + increase(redis_keyspace_misses_total[10m]) > REDIS_LOOKUPS)
  < REDIS_HIT_RATIO_LOW"
            .to_owned(),
        thresholds: vec![&HIT_RATIO_LOW, &LOOKUPS],
        lasting: minutes(10),
        summary: "Only {{ $value | humanizePercentage }} of the lookups in the Redis of {{ $labels.instance }} find their key".to_owned(),
        description: "The database answers what the cache should have, so its load rises with each miss.".to_owned(),
        meaning: "Of all reads of keys in ten minutes, fewer than half found one. Blocking pops of empty queues do not count as misses; EXISTS and \
                  GET of keys that were never written do.",
        causes: &[
            "The cache was flushed or restarted and fills again: wait for half an hour.",
            "A release changed the form of the keys.",
            "Times to live that are shorter than the time between two uses.",
        ],
        queries: &[
            ("Hits and misses", "increase(redis_keyspace_hits_total[10m]) or increase(redis_keyspace_misses_total[10m])"),
            ("Keys that expired", "rate(redis_expired_keys_total[10m])"),
        ],
        actions: &[
            "Did it start with a deployment? Compare the key names of old and new code.",
            "`redis-cli MONITOR | head -1000 | grep -i '\"get\"'` for a moment (it costs half of the throughput): which keys are asked for?",
            "`redis-cli OBJECT FREQ <key>` under an LFU policy tells useful keys from useless ones.",
        ],
        page: Page::Graph("increase(redis_keyspace_hits_total[10m])"),
        examples: vec![
            Example::new("a release asks for other keys", &[(HITS, "0+48x100"), (MISSES, "0+52x100")])
                .quiet_at(seconds(750))
                .fires_at(seconds(765), Firing::new(REDIS, "Only 48% of the lookups in the Redis of redis-exporter:9121 find their key")),
            Example::new("the cache fills again", &[(HITS, "0+10x60 610+90x100"), (MISSES, "0+90x60 5410+10x100")])
                .fires_at(seconds(765), Firing::new(REDIS, "Only 10% of the lookups in the Redis of redis-exporter:9121 find their key"))
                .quiet_at(minutes(35)),
            Example::at_threshold("exactly half", &[(HITS, "0+64x100"), (MISSES, "0+64x100")]).quiet_at(minutes(24)),
            Example::at_threshold("a thousand lookups", &[(HITS, "0+5x100"), (MISSES, "0+20x100")]).quiet_at(minutes(24)),
            Example::flapping(
                "a nightly job of five minutes",
                &[(HITS, "0+100x50 5010+10x13 5240+100x60"), (MISSES, "0+10x50 700+200x13 3310+10x60")],
            )
            .quiet_at(seconds(1350))
            .quiet_at(minutes(30)),
            Example::missing("nothing is looked up", &[(HITS, "0x100"), (MISSES, "0x100")]).quiet_at(minutes(24)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

const SLOW_LOG: &str = r#"redis_slowlog_last_id{job="redis",instance="redis-exporter:9121"}"#;

fn slow_commands() -> Alert {
    Alert {
        name: "RedisSlowCommands",
        expr: "delta(redis_slowlog_last_id[5m]) > REDIS_SLOW_COMMANDS".to_owned(),
        thresholds: vec![&SLOW_COMMANDS],
        lasting: minutes(2),
        summary: r#"About {{ printf "%.0f" $value }} commands of the Redis of {{ $labels.instance }} were slow within five minutes"#.to_owned(),
        description: "Redis runs one command at a time: during a slow one every other client waits, workers included.".to_owned(),
        meaning: "Entries of the slow log are numbered, and the last number rose by more than ten. Slow is what `slowlog-log-slower-than` says, ten \
                  milliseconds unless changed; network and queueing are not in it.",
        causes: &[
            "KEYS, SMEMBERS, HGETALL or LRANGE 0 -1 on something large.",
            "A Lua script in a loop.",
            "Pages of the process that were swapped out: then even GET is slow.",
        ],
        queries: &[
            ("Mean time by command", "rate(redis_commands_duration_seconds_total[5m]) / (rate(redis_commands_total[5m]) > 0)"),
            ("The last slow one took", "redis_last_slow_execution_duration_seconds"),
        ],
        actions: &[
            "`redis-cli SLOWLOG GET 20` shows the commands with their arguments and clients.",
            "Replace KEYS with SCAN, and whole reads with ranges or HSCAN.",
            "All kinds are slow: `redis-cli --intrinsic-latency 30` on the host, and HostMemoryExhausted.",
        ],
        page: Page::Graph("delta(redis_slowlog_last_id[5m])"),
        examples: vec![
            Example::new("sixteen slow commands", &[(SLOW_LOG, "40x20 56x60")])
                .quiet_at(seconds(420))
                .fires_at(seconds(435), Firing::new(REDIS, "About 16 commands of the Redis of redis-exporter:9121 were slow within five minutes"))
                .quiet_at(minutes(12)),
            Example::at_threshold("exactly ten", &[(SLOW_LOG, "40x20 50x60")]).quiet_at(seconds(480)),
            Example::flapping("the slow log is reset after a minute", &[(SLOW_LOG, "40x20 90x3 0x40")]).quiet_at(seconds(360)).quiet_at(minutes(8)),
            Example::missing("the log is empty and has no last entry", &[]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}
