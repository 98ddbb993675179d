//! Redis' data: on disk, on replicas, across restarts.

use super::REDIS;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static RESTART: Threshold =
    Threshold::number("REDIS_RESTART", 10.0, 600.0, "The start time is held steady within a run, so ten seconds are a new run");

const SNAPSHOT: &str = r#"redis_rdb_last_bgsave_status{job="redis",instance="redis-exporter:9121"}"#;
const APPEND: &str = r#"redis_aof_last_write_status{job="redis",instance="redis-exporter:9121"}"#;

pub(super) fn all() -> Vec<Alert> {
    vec![persistence_fails(), replication_broken(), restarted()]
}

fn persistence_fails() -> Alert {
    Alert {
        name: "RedisPersistenceFails",
        expr: "redis_rdb_last_bgsave_status == 0 or redis_aof_last_write_status == 0".to_owned(),
        lasting: minutes(1),
        severity: Severity::Critical,
        summary: "Redis of {{ $labels.instance }} cannot save its data".to_owned(),
        description: "A restart now would lose everything since the last good save; with stop-writes-on-bgsave-error clients get MISCONF.".to_owned(),
        meaning: "The last snapshot or the last write of the append-only file failed, and none has succeeded since. Either status counts; servers \
                  without persistence report both as good.",
        causes: &[
            "The file system of Redis' `dir` is full or read-only.",
            "`fork` failed for want of memory (`vm.overcommit_memory` is 0).",
            "The data directory belongs to another user since the image was changed.",
        ],
        queries: &[
            ("Last good snapshot", "redis_rdb_last_save_timestamp_seconds"),
            ("Changes that only memory holds", "redis_rdb_changes_since_last_save"),
        ],
        actions: &[
            "`redis-cli INFO persistence`, and the server's log for `Can't save in background` or `Error writing to the AOF file`.",
            "`df -h` and `ls -ld` of what `CONFIG GET dir` names.",
            "`sysctl -w vm.overcommit_memory=1`, then `redis-cli BGSAVE`, and look at the status again.",
        ],
        page: Page::Graph("redis_rdb_last_bgsave_status"),
        examples: vec![
            Example::new("a snapshot fails, the next succeeds", &[(SNAPSHOT, "1x3 0x9 1x20"), (APPEND, "1x40")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), Firing::new(REDIS, "Redis of redis-exporter:9121 cannot save its data"))
                .quiet_at(seconds(210)),
            Example::new("the append-only file fails", &[(SNAPSHOT, "1x40"), (APPEND, "1x3 0x20")])
                .quiet_at(seconds(105))
                .fires_at(seconds(120), Firing::new(REDIS, "Redis of redis-exporter:9121 cannot save its data")),
            Example::flapping("each second snapshot fails", &[(SNAPSHOT, "1x3 0x3 1 0x3 1x20"), (APPEND, "1x40")])
                .quiet_at(seconds(105))
                .quiet_at(seconds(180)),
            Example::missing("the server does not tell", &[]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

const LINK: &str = r#"redis_master_link_up{job="redis",instance="redis-exporter:9121",master_host="redis-0",master_port="6379"}"#;

fn replication_broken() -> Alert {
    Alert {
        name: "RedisReplicationBroken",
        expr: "redis_master_link_up == 0".to_owned(),
        // A failover that goes well is over in half a minute.
        lasting: minutes(2),
        severity: Severity::Critical,
        summary: "Redis of {{ $labels.instance }} has lost its primary {{ $labels.master_host }}:{{ $labels.master_port }}".to_owned(),
        description: "Its data grows older with each write to the primary; if the primary is lost now, those writes are lost with it.".to_owned(),
        meaning: "This server is a replica and its link to the primary has been down for two minutes, longer than a failover takes. A first \
                  synchronisation shows as a link that is down too.",
        causes: &[
            "`masterauth` was not changed together with the primary's password.",
            "The replication backlog is too small for the pause, and the full copy that follows fails (`client-output-buffer-limit replica`).",
            "The primary's address changed, and nobody told the replica.",
        ],
        queries: &[("Since when the link is down", "redis_master_link_down_seconds"), ("Is it copying now", "redis_master_sync_in_progress")],
        actions: &[
            "The replica's log says `MASTER <-> REPLICA sync` and why it ended.",
            "A copy that fails over and over: raise `repl-backlog-size` and the replica's output buffer limit on the primary.",
            "A wrong address: `REPLICAOF <host> <port>`.",
        ],
        page: Page::Graph("redis_master_link_up"),
        examples: vec![
            Example::new("the link breaks, and is mended", &[(LINK, "1x3 0x11 1x20")])
                .quiet_at(seconds(165))
                .fires_at(
                    seconds(180),
                    Firing::new(
                        &[("job", "redis"), ("instance", "redis-exporter:9121"), ("master_host", "redis-0"), ("master_port", "6379")],
                        "Redis of redis-exporter:9121 has lost its primary redis-0:6379",
                    ),
                )
                .quiet_at(seconds(240)),
            Example::flapping("it fails over twice", &[(LINK, "1x3 0x7 1 0x7 1x20")]).quiet_at(seconds(165)).quiet_at(seconds(300)),
            Example::missing("it becomes the primary itself", &[(LINK, "0x3 stale")]).quiet_at(minutes(5)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}

const START: &str = r#"redis_start_time_seconds{job="redis",instance="redis-exporter:9121"}"#;

fn restarted() -> Alert {
    Alert {
        name: "RedisRestarted",
        expr: "redis_start_time_seconds - min_over_time(redis_start_time_seconds[15m]) > REDIS_RESTART".to_owned(),
        thresholds: vec![&RESTART],
        lasting: seconds(30),
        severity: Severity::Info,
        summary: "Redis of {{ $labels.instance }} runs anew".to_owned(),
        description: "What was not saved before is gone, and counters of commands and hits begin at nothing.".to_owned(),
        meaning: "The server that answers was started less than a quarter of an hour after another one had answered under this address. Restarts on purpose \
                  show here too; a row of them is a crash loop.",
        causes: &[
            "A deployment or a changed redis.conf.",
            "The kernel ended it for want of memory, of which HostOomKill tells too.",
            "A health check with a deadline that loading the data set does not meet.",
        ],
        queries: &[("Starts within a day", "changes(redis_start_time_seconds[1d])"), ("How it ended last", "redis_memory_used_rss_bytes")],
        actions: &[
            "`docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' <container>`.",
            "`docker logs --since 1h <container> | grep -iE 'crash|signal|DB loaded'`.",
            "Compare `redis_db_keys` before and after: fewer keys mean that a save is missing.",
        ],
        page: Page::Graph("redis_uptime_in_seconds"),
        examples: vec![
            Example::new("it starts anew", &[(START, "1000x19 _x2 1015x80")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(REDIS, "Redis of redis-exporter:9121 runs anew"))
                .still_at(minutes(15))
                .quiet_at(minutes(20)),
            Example::at_threshold("its start time is ten seconds off", &[(START, "1000x19 1010x60")]).quiet_at(minutes(10)),
            Example::flapping("one scrape reaches another server", &[(START, "1000x19 1300 1000x60")]).quiet_at(seconds(300)).quiet_at(minutes(10)),
            Example::missing("it was not measured before", &[(START, "_x19 1000x60")]).quiet_at(minutes(10)),
        ],
        ..Alert::owned_by(Service::Redis)
    }
}
