//! Redis' memory against the limit it was given.

use super::REDIS;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static EXHAUSTED: Threshold =
    Threshold::share("REDIS_MEMORY_EXHAUSTED", 0.9, "A tenth of maxmemory is what an hour of tasks takes while no worker fetches them");

static HIGH: Threshold = Threshold::share("REDIS_MEMORY_HIGH", 0.8, "Leaves a working day to act at the growth seen so far");

static FRAGMENTED: Threshold =
    Threshold::number("REDIS_FRAGMENTED", 1.5, 20.0, "Up to 1.4 is usual with jemalloc; from one and a half on a restart gives back real memory");

/// Below this, the program itself outweighs its data and the ratio says nothing.
static FRAGMENTED_FROM: Threshold =
    Threshold::number("REDIS_FRAGMENTED_FROM_BYTES", 104_857_600.0, 1e12, "Redis' own code and buffers are 10 MB, which is a tenth of it");

static EVICTED: Threshold = Threshold::number("REDIS_EVICTED_KEYS", 0.0, 1e9, "One evicted key may be a task that never runs");

const USED: &str = r#"redis_memory_used_bytes{job="redis",instance="redis-exporter:9121"}"#;
const MAX: &str = r#"redis_memory_max_bytes{job="redis",instance="redis-exporter:9121"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![exhausted(), high(), fragmented(), evicting()]
}

fn exhausted() -> Alert {
    Alert {
        name: "RedisMemoryExhausted",
        expr: "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > REDIS_MEMORY_EXHAUSTED".to_owned(),
        thresholds: vec![&EXHAUSTED],
        lasting: minutes(4),
        severity: Severity::Critical,
        summary: "Redis behind {{ $labels.instance }} has used {{ $value | humanizePercentage }} of maxmemory".to_owned(),
        description: "At the limit it evicts keys or, with noeviction, refuses writes: new tasks are then lost or rejected with OOM.".to_owned(),
        meaning: "The data set and its buffers come to more than nine tenths of `maxmemory`. Servers without a limit never fire this: for them \
                  HostMemoryExhausted is the one to watch.",
        causes: &["Workers stopped and the queue grows.", "Task results without `result_expires`.", "A cache whose keys have no time to live."],
        queries: &[("Bytes in use and their limit", "redis_memory_used_bytes or redis_memory_max_bytes"), ("Keys by database", "redis_db_keys")],
        actions: &[
            "`redis-cli --bigkeys` (it scans, and does not block): a list named after a queue means that workers are behind.",
            "`CONFIG SET maxmemory <more>` at once, if the host has it; then in redis.conf.",
            "`redis-cli --scan --pattern 'celery-task-meta-*' | head` tells whether results pile up.",
        ],
        page: Page::Graph("redis_memory_used_bytes / (redis_memory_max_bytes > 0)"),
        examples: vec![
            Example::new("the queue grows, and is worked off", &[(USED, "500x3 910x19 500x20"), (MAX, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(REDIS, "Redis behind redis-exporter:9121 has used 91% of maxmemory"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly nine tenths", &[(USED, "900x40"), (MAX, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("snapshots need memory for three minutes", &[(USED, "500x3 950x14 500 950x14 500x10"), (MAX, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::missing("the server has no limit", &[(USED, "900x40"), (MAX, "0x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

fn high() -> Alert {
    Alert {
        name: "RedisMemoryHigh",
        expr: "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > REDIS_MEMORY_HIGH".to_owned(),
        thresholds: vec![&HIGH],
        lasting: minutes(4),
        summary: "{{ $value | humanizePercentage }} of maxmemory is in use on the Redis of {{ $labels.instance }}".to_owned(),
        description: "The server still takes every write. What it keeps has outgrown what it was planned for.".to_owned(),
        meaning: "Over four fifths of the memory limit hold data. Compare with the number of keys: if memory grows and keys do not, single values \
                  have become large.",
        causes: &[
            "Large task arguments: files or pages that travel inside the message.",
            "More users, and so more sessions.",
            "A second application that was given the same server.",
        ],
        queries: &[
            ("Bytes per day", "deriv(redis_memory_used_bytes[1d]) * 86400"),
            ("Keys that never expire", "redis_db_keys - redis_db_keys_expiring"),
        ],
        actions: &[
            "`redis-cli --memkeys-samples 50 --memkeys` lists the keys by size.",
            "Pass large arguments by reference (an object store's key) and not by value.",
            "Give results and cache entries a time to live before you raise the limit.",
        ],
        page: Page::Graph("redis_memory_used_bytes / (redis_memory_max_bytes > 0)"),
        examples: vec![
            Example::new("sessions pile up, and expire", &[(USED, "500x3 820x19 500x20"), (MAX, "1000x50")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(REDIS, "82% of maxmemory is in use on the Redis of redis-exporter:9121"))
                .quiet_at(seconds(360)),
            Example::at_threshold("exactly four fifths", &[(USED, "800x40"), (MAX, "1000x40")]).quiet_at(minutes(8)),
            Example::flapping("a cache is warmed and flushed", &[(USED, "500x3 900x14 500 900x14 500x10"), (MAX, "1000x50")])
                .quiet_at(seconds(270))
                .quiet_at(seconds(510)),
            Example::new("it may take as much as it likes", &[(USED, "900x40"), (MAX, "0x40")]).quiet_at(minutes(8)),
            Example::missing("its limit is not known", &[(USED, "900x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

const FRAGMENTATION: &str = r#"redis_mem_fragmentation_ratio{job="redis",instance="redis-exporter:9121"}"#;

fn fragmented() -> Alert {
    Alert {
        name: "RedisFragmented",
        expr: "redis_mem_fragmentation_ratio > REDIS_FRAGMENTED and redis_memory_used_bytes > REDIS_FRAGMENTED_FROM_BYTES".to_owned(),
        thresholds: vec![&FRAGMENTED, &FRAGMENTED_FROM],
        lasting: minutes(15),
        summary: r#"Redis of {{ $labels.instance }} takes {{ printf "%.2f" $value }} times the memory of its data"#.to_owned(),
        description: "The host loses memory that holds no data, and maxmemory does not limit it.".to_owned(),
        meaning: "The operating system gave the process half as much again as its data set needs. The allocator holds pages that are mostly empty, \
                  as it does after many values of changing size were written and deleted.",
        causes: &[
            "A large deletion or FLUSHDB a short time ago: the ratio rises since the data went, not since memory grew.",
            "Values that are rewritten with growing size, such as appended strings.",
            "A build without jemalloc, which can then not defragment.",
        ],
        queries: &[
            ("Resident and used bytes", "redis_memory_used_rss_bytes or redis_memory_used_bytes"),
            ("Inside the allocator", "redis_allocator_frag_ratio"),
        ],
        actions: &[
            "`redis-cli MEMORY DOCTOR`, then `MEMORY PURGE`, which returns empty pages.",
            "`CONFIG SET activedefrag yes` works it down in the background.",
            "If neither helps, restart the replica, fail over to it, and restart the other.",
        ],
        page: Page::Graph("redis_mem_fragmentation_ratio"),
        examples: vec![
            Example::new("it fragments, and is defragmented", &[(FRAGMENTATION, "1.1x3 1.62x64 1.1x20"), (USED, "200000000x90")])
                .quiet_at(seconds(945))
                .fires_at(seconds(960), Firing::new(REDIS, "Redis of redis-exporter:9121 takes 1.62 times the memory of its data"))
                .quiet_at(seconds(1035)),
            Example::at_threshold("exactly one and a half", &[(FRAGMENTATION, "1.5x80"), (USED, "200000000x80")]).quiet_at(minutes(19)),
            Example::at_threshold("exactly 100 MiB of data", &[(FRAGMENTATION, "3x80"), (USED, "104857600x80")]).quiet_at(minutes(19)),
            Example::flapping("for ten minutes after each flush", &[(FRAGMENTATION, "1.1x3 4x40 1.1 4x40 1.1x5"), (USED, "200000000x90")])
                .quiet_at(seconds(660))
                .quiet_at(seconds(1290)),
            Example::missing("the server does not tell its data's size", &[(FRAGMENTATION, "3x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
    .allow("alerts/unit", "a ratio above one reads better as a factor")
}

const EVICTIONS: &str = r#"redis_evicted_keys_total{job="redis",instance="redis-exporter:9121"}"#;

fn evicting() -> Alert {
    Alert {
        name: "RedisEvicting",
        expr: "increase(redis_evicted_keys_total[5m]) > REDIS_EVICTED_KEYS".to_owned(),
        thresholds: vec![&EVICTED],
        lasting: minutes(1),
        summary: r#"Redis of {{ $labels.instance }} has evicted about {{ printf "%.0f" $value }} keys in five minutes"#.to_owned(),
        description: "Evicted keys are gone without a trace: task results, sessions, and with an allkeys policy whole queues.".to_owned(),
        meaning: "To stay below `maxmemory`, the server deleted keys that nobody asked it to delete. For a pure cache that is its job; this server \
                  also carries Celery's queues.",
        causes: &["`maxmemory-policy` allkeys-lru on a server that is not only a cache.", "The limit was reached: RedisMemoryExhausted came before."],
        queries: &[("Evicted keys", "increase(redis_evicted_keys_total[5m])"), ("The policy is a label here", "redis_instance_info")],
        actions: &[
            "`redis-cli CONFIG GET maxmemory-policy`: a broker needs noeviction.",
            "Move the cache to a server of its own, with its own limit.",
            "Celery: tasks whose results were evicted stay PENDING for whoever waits; look for clients that hang.",
        ],
        page: Page::Graph("increase(redis_evicted_keys_total[5m])"),
        examples: vec![
            Example::new("twenty keys are evicted", &[(EVICTIONS, "0x20 16x60")])
                .quiet_at(seconds(360))
                .fires_at(seconds(375), Firing::new(REDIS, "Redis of redis-exporter:9121 has evicted about 16 keys in five minutes"))
                .still_at(minutes(9))
                .quiet_at(minutes(12)),
            Example::at_threshold("none is evicted", &[(EVICTIONS, "7x40")]).quiet_at(minutes(8)),
            Example::flapping("the server restarts with the count at nothing", &[(EVICTIONS, "7x20 0x40")])
                .quiet_at(seconds(375))
                .quiet_at(minutes(8)),
            Example::missing("the page lacks the count", &[(USED, "1x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}
