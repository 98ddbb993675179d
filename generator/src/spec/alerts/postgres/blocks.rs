//! Blocks on their way: from disk into the cache, to disk by checkpoints, into the archive as WAL.

use super::POSTGRES;
use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::threshold::Threshold;

static HIT_LOW: Threshold = Threshold::share(
    "POSTGRES_CACHE_HIT_LOW",
    0.9,
    "A working set that fits is found 99 times in a hundred; at nine in ten the disk serves ten times as many reads",
);

/// With fewer, the ratio is that of a few cold tables.
static BLOCKS: Threshold =
    Threshold::number("POSTGRES_CACHE_BLOCKS", 600_000.0, 1e12, "A thousand blocks (8 MB) per second over ten minutes; any disk keeps up with less");

static FORCED: Threshold = Threshold::number(
    "POSTGRES_CHECKPOINTS_FORCED",
    6.0,
    1e4,
    "One in five minutes over half an hour, as often as checkpoint_timeout by default makes one without being asked",
);

static ARCHIVE_WAITS: Threshold = Threshold::number(
    "POSTGRES_ARCHIVE_WAITS_SECONDS",
    900.0,
    604_800.0,
    "A segment takes seconds to archive; the recovery point that we promise is a quarter of an hour",
);

pub(super) fn all() -> Vec<Alert> {
    vec![cache_hit_low(), checkpoints_forced(), archiving_fails()]
}

const HITS: &str = r#"pg_stat_database_blks_hit{job="postgres",instance="postgres-exporter:9187",datid="16384",datname="shop"}"#;
const READS: &str = r#"pg_stat_database_blks_read{job="postgres",instance="postgres-exporter:9187",datid="16384",datname="shop"}"#;
const OTHER_HITS: &str = r#"pg_stat_database_blks_hit{job="postgres",instance="postgres-exporter:9187",datid="5",datname="postgres"}"#;
const OTHER_READS: &str = r#"pg_stat_database_blks_read{job="postgres",instance="postgres-exporter:9187",datid="5",datname="postgres"}"#;

fn cache_hit_low() -> Alert {
    Alert {
        name: "PostgresCacheHitLow",
        expr: "sum by (job, instance) (increase(pg_stat_database_blks_hit[10m]))
  / (sum by (job, instance) (increase(pg_stat_database_blks_hit[10m])) + sum by (job, instance) (increase(pg_stat_database_blks_read[10m]))
    > POSTGRES_CACHE_BLOCKS)
  < POSTGRES_CACHE_HIT_LOW"
            .to_owned(),
        thresholds: vec![&HIT_LOW, &BLOCKS],
        lasting: minutes(10),
        summary: "Only {{ $value | humanizePercentage }} of the blocks that {{ $labels.instance }} needs are in its buffer cache".to_owned(),
        description: "The rest comes from the system's page cache at best and from the disk at worst, so answers take a multiple of their time."
            .to_owned(),
        meaning: "Over ten minutes with much to read, more than one block in ten was not in shared_buffers. All databases share it, so one job's scan \
                  throws out what the others had warmed.",
        causes: &[
            "A plan that became a sequential scan: see which table's `seq_tup_read` grew.",
            "A dump, a report or CREATE INDEX that reads everything once.",
            "The data outgrew `shared_buffers` (128 MB unless somebody set it).",
            "The server was restarted and its cache is cold: it warms within the hour, or with pg_prewarm.",
        ],
        queries: &[
            ("Tables that are read from disk", "topk(5, rate(pg_statio_user_tables_heap_blocks_read[5m]))"),
            ("Rows read by sequential scans", "topk(5, rate(pg_stat_user_tables_seq_tup_read[5m]))"),
        ],
        actions: &[
            "`SELECT relname, heap_blks_read, idx_blks_read FROM pg_statio_user_tables ORDER BY heap_blks_read DESC LIMIT 10`.",
            "An index for the scan of the first line, or ANALYZE where the planner guesses wrong.",
            "`shared_buffers` at a quarter of the memory needs a restart; `effective_cache_size` does not, and makes the planner prefer indexes.",
        ],
        page: Page::Graph("sum by (instance) (rate(pg_stat_database_blks_read[5m]))"),
        examples: cache_examples(),
        ..Alert::owned_by(Service::Postgres)
    }
}

fn cache_examples() -> Vec<Example> {
    vec![
        // Of 23500 blocks each 15 s (940000 in ten minutes) 20000 are found.
        Example::new(
            "a plan changes in one database, and changes back",
            &[(HITS, "0+19000x100 1900000+30000x100"), (READS, "0+3500x100 350000+100x100"), (OTHER_HITS, "0+1000x200"), (OTHER_READS, "0+0x200")],
        )
        .quiet_at(seconds(975))
        .fires_at(seconds(990), Firing::new(POSTGRES, "Only 85.11% of the blocks that postgres-exporter:9187 needs are in its buffer cache"))
        .still_at(minutes(22))
        .quiet_at(minutes(45)),
        // Nine in ten of 16000 blocks each 15 s: 640000 in ten minutes.
        Example::at_threshold("exactly nine in ten", &[(HITS, "0+14400x120"), (READS, "0+1600x120")]).quiet_at(minutes(29)),
        Example::new("few blocks, and a third of them from disk", &[(HITS, "0+6600x120"), (READS, "0+3400x120")]).quiet_at(minutes(29)),
        Example::new("somewhat more blocks, and a third of them from disk", &[(HITS, "0+10560x120"), (READS, "0+5440x120")])
            .fires_at(minutes(29), Firing::new(POSTGRES, "Only 66% of the blocks that postgres-exporter:9187 needs are in its buffer cache")),
        Example::at_threshold("exactly a thousand blocks per second", &[(HITS, "0+10000x120"), (READS, "0+5000x120")]).quiet_at(minutes(29)),
        // Each shows in the window of ten minutes for nine.
        Example::flapping(
            "a dump of three minutes, and another",
            &[
                (HITS, "0+16000x40 648000+8000x11 752000+16000x60 1720000+8000x11 1824000+16000x40"),
                (READS, "0x40 8000+8000x11 96000x60 104000+8000x11 192000x40"),
            ],
        )
        .quiet_at(seconds(1260))
        .quiet_at(seconds(2355))
        .quiet_at(minutes(41)),
        Example::missing("what is read from disk is not counted", &[(HITS, "0+30000x120")]).quiet_at(minutes(29)),
    ]
}

const REQUESTED: &str = r#"pg_stat_checkpointer_num_requested_total{job="postgres",instance="postgres-exporter:9187"}"#;
const TIMED: &str = r#"pg_stat_checkpointer_num_timed_total{job="postgres",instance="postgres-exporter:9187"}"#;

fn checkpoints_forced() -> Alert {
    Alert {
        name: "PostgresCheckpointsForced",
        // `increase` extrapolates, so it is not quite a number of checkpoints without `round`.
        expr: "round(increase(pg_stat_checkpointer_num_requested_total[30m])) > POSTGRES_CHECKPOINTS_FORCED".to_owned(),
        thresholds: vec![&FORCED],
        lasting: minutes(10),
        summary: r#"{{ printf "%.0f" $value }} checkpoints of {{ $labels.instance }} in half an hour did not wait for their time"#.to_owned(),
        description: "Each flushes all dirty pages at once and makes the next change of each page twice as long in the WAL: writes stall in waves."
            .to_owned(),
        meaning: "Checkpoints should come every `checkpoint_timeout` and spread their writes. These came since `max_wal_size` was full, or since \
                  somebody asked for them. Servers before 17 report the same number, from pg_stat_bgwriter.",
        causes: &[
            "`max_wal_size` is still 1 GB and the application writes more than that in five minutes.",
            "A bulk load or a migration that rewrites a table.",
            "Base backups or CREATE DATABASE in a loop: each begins with a checkpoint.",
        ],
        queries: &[
            ("Those that waited for their time", "increase(pg_stat_checkpointer_num_timed_total[30m])"),
            ("WAL written per second", "rate(pg_stat_wal_bytes_total[5m])"),
            ("Full page images per second", "rate(pg_stat_wal_full_page_images_total[5m])"),
        ],
        actions: &[
            "The log says \"checkpoints are occurring too frequently\" where WAL is the cause, and \"checkpoint starting: immediate force\" where a person is.",
            "`ALTER SYSTEM SET max_wal_size = '8GB'` and `SELECT pg_reload_conf()`, if pg_wal has the room: no restart is needed.",
            "`wal_compression = on` makes the full page images smaller.",
        ],
        page: Page::Graph("increase(pg_stat_checkpointer_num_requested_total[30m])"),
        examples: vec![
            Example::new(
                "one every four minutes, until max_wal_size is raised",
                &[(REQUESTED, "0x14 1x14 2x14 3x14 4x14 5x14 6x14 7x14 8x14 9x14 10x14 11x150"), (TIMED, "0x300")],
            )
            .quiet_at(seconds(2160))
            .fires_at(seconds(2175), Firing::new(POSTGRES, "8 checkpoints of postgres-exporter:9187 in half an hour did not wait for their time"))
            .quiet_at(minutes(70)),
            Example::at_threshold("six", &[(REQUESTED, "0x20 6x200")]).quiet_at(seconds(1200)).quiet_at(minutes(50)),
            Example::new("seven", &[(REQUESTED, "0x20 7x200")])
                .quiet_at(seconds(900))
                .fires_at(seconds(915), Firing::new(POSTGRES, "7 checkpoints of postgres-exporter:9187 in half an hour did not wait for their time"))
                .quiet_at(minutes(50)),
            Example::flapping("a load, and another twenty-two minutes later", &[(REQUESTED, "0x20 3x88 7x200")])
                .quiet_at(seconds(2100))
                .quiet_at(minutes(50)),
            Example::new("a load each hour, of five checkpoints", &[(REQUESTED, "0x20 5x239 10x100")]).quiet_at(minutes(30)).quiet_at(minutes(80)),
            Example::missing("only those in time are counted", &[(TIMED, "0+1x200")]).quiet_at(minutes(50)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}

const FAILING: &str = r#"pg_stat_archiver_failing{job="postgres",instance="postgres-exporter:9187"}"#;
const READY: &str = r#"pg_archiver_ready_oldest_seconds{job="postgres",instance="postgres-exporter:9187"}"#;
const READY_FILES: &str = r#"pg_archiver_ready_files{job="postgres",instance="postgres-exporter:9187"}"#;

/// A command that hangs never fails, so how long the oldest segment has waited counts as well.
fn archiving_fails() -> Alert {
    Alert {
        name: "PostgresArchivingFails",
        expr: "pg_stat_archiver_failing == 1 or pg_archiver_ready_oldest_seconds > POSTGRES_ARCHIVE_WAITS_SECONDS".to_owned(),
        thresholds: vec![&ARCHIVE_WAITS],
        lasting: minutes(5),
        summary: "WAL of {{ $labels.instance }} does not get into the archive".to_owned(),
        description: "A restore would end at the last archived segment, and pg_wal grows by every segment that waits, until its disk is full."
            .to_owned(),
        meaning: "The last attempt of `archive_command` (or the archive library) failed and none has succeeded for five minutes, or a finished segment \
                  has waited for a quarter of an hour. The server retries for ever and never drops a segment that waits.",
        causes: &[
            "The archive is full, or its credentials have expired.",
            "The command refuses to overwrite a segment of the same name: two clusters, or an old and a new one, share a folder.",
            "It hangs on the network, and has no timeout.",
            "The tool of the archive (pgBackRest, WAL-G) is missing in a new image.",
        ],
        queries: &[
            ("Segments that wait", "pg_archiver_ready_files"),
            ("Failed attempts", "rate(pg_stat_archiver_failed_count[5m])"),
            ("Seconds since one was archived", "pg_stat_archiver_last_archive_age"),
        ],
        actions: &[
            "`SELECT last_failed_wal, last_failed_time, last_archived_wal FROM pg_stat_archiver`, and \"archive command failed\" in the log with its exit code.",
            "Run the command by hand as the server's user, with that segment for %p and %f.",
            "`df -h` of pg_wal: if it is nearly full, mend the archive before anything else, and never delete segments from it.",
            "After a gap in the archive, take a new base backup: the chain of the old one ends before it.",
        ],
        page: Page::Graph("pg_archiver_ready_files"),
        examples: vec![
            Example::new("credentials expire, and are renewed", &[(FAILING, "0x3 1x23 0x20"), (READY, "0x50")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(POSTGRES, "WAL of postgres-exporter:9187 does not get into the archive"))
                .quiet_at(seconds(420)),
            Example::new("the command hangs, and is ended", &[(FAILING, "0x50"), (READY, "0x3 910x23 0x20")])
                .quiet_at(seconds(345))
                .fires_at(seconds(360), Firing::new(POSTGRES, "WAL of postgres-exporter:9187 does not get into the archive"))
                .quiet_at(seconds(420)),
            Example::at_threshold("a segment waits exactly a quarter of an hour", &[(FAILING, "0x40"), (READY, "900x40")]).quiet_at(minutes(9)),
            Example::flapping("each second attempt fails", &[(FAILING, "0x3 1x18 0 1x18 0x10"), (READY, "30x50")])
                .quiet_at(seconds(330))
                .quiet_at(minutes(10)),
            Example::missing("segments are counted, and nothing is known of attempts", &[(READY_FILES, "99x40")]).quiet_at(minutes(9)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
