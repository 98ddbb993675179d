//! `PostgreSQL`'s standbys and other receivers of its write-ahead log.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static LAG: Threshold = Threshold::number(
    "POSTGRES_REPLICATION_LAG_SECONDS",
    30.0,
    86_400.0,
    "The API reads reports from a standby and promises them half a minute after the job; a healthy standby trails by milliseconds",
);

static RETAINED: Threshold = Threshold::number(
    "POSTGRES_SLOT_RETAINED_BYTES",
    5_368_709_120.0,
    1e15,
    "Five times the default max_wal_size: a standby that restarts misses a fraction of it, and our data disk has ten times as much free",
);

pub(super) fn all() -> Vec<Alert> {
    vec![broken(), lags(), slot_retains_wal()]
}

/// The exporter on the standby.
const STANDBY: &[(&str, &str)] = &[("job", "postgres"), ("instance", "standby-exporter:9187")];
const RECEIVER: &str = r#"pg_replication_receiver_up{job="postgres",instance="standby-exporter:9187"}"#;
const LOST: &str =
    r#"pg_replication_slots_wal_status{job="postgres",instance="postgres-exporter:9187",slot_name="standby",slot_type="physical",wal_status="lost"}"#;
const RESERVED: &str = r#"pg_replication_slots_wal_status{job="postgres",instance="postgres-exporter:9187",slot_name="standby",slot_type="physical",wal_status="reserved"}"#;
const IS_REPLICA: &str = r#"pg_replication_is_replica{job="postgres",instance="standby-exporter:9187"}"#;

/// A standby that is fed from an archive alone never has a receiver: its site takes this one out by a silence.
fn broken() -> Alert {
    Alert {
        name: "PostgresReplicationBroken",
        expr: r#"pg_replication_receiver_up == 0
or pg_replication_slots_wal_status{wal_status="lost"} == 1"#
            .to_owned(),
        // A standby that restarts is back within a minute.
        lasting: minutes(2),
        severity: Severity::Critical,
        summary: "{{ with $labels.slot_name }}The consumer of slot {{ . }} on {{ $labels.instance }} can never catch up: its WAL is gone\
                  {{ else }}The standby behind {{ $labels.instance }} receives nothing from its primary{{ end }}"
            .to_owned(),
        description: "If the primary is lost now, everything since the cut is lost with it, and a failover serves old data.".to_owned(),
        meaning: "Two things break replication. A standby has had no receiver that streams for two minutes: seen from the exporter beside the standby. Or \
                  a slot is `lost`: the primary removed WAL that its consumer still needed, and only a new copy helps that one.",
        causes: &[
            "The replication role's password, `pg_hba.conf` or `primary_conninfo` was changed on one side.",
            "The standby was away for longer than `wal_keep_size` or `max_slot_wal_keep_size` bridges: \"requested WAL segment has already been removed\".",
            "A promotion made a new timeline, and this standby still follows the old primary.",
            "`max_wal_senders` on the primary is used up, by base backups for instance.",
        ],
        queries: &[
            ("Since when no message arrives", "pg_replication_receiver_last_message_age_seconds"),
            ("Standbys as the primary sees them", "pg_stat_replication_reply_age_seconds"),
            ("State of the slots", "pg_replication_slots_wal_status"),
        ],
        actions: &[
            "On the standby: `SELECT status, sender_host, latest_end_time FROM pg_stat_wal_receiver`; no row means that it cannot connect, and its log says why.",
            "Copy anew after \"already been removed\": `pg_basebackup -R -C -S <slot> -D <empty directory>`; a lost slot is dropped first.",
            "A standby on the wrong timeline: `pg_rewind --target-pgdata=<dir> --source-server=<new primary>`.",
            "`SELECT pg_drop_replication_slot('<slot>')` for a consumer that will not come back.",
        ],
        page: Page::Graph("pg_replication_receiver_up"),
        examples: broken_examples(),
        ..Alert::owned_by(Service::Postgres)
    }
}

fn broken_examples() -> Vec<Example> {
    vec![
        Example::new("the link is cut, and mended", &[(RECEIVER, "1x3 0x11 1x20"), (RESERVED, "1x40")])
            .quiet_at(seconds(165))
            .fires_at(seconds(180), Firing::new(STANDBY, "The standby behind standby-exporter:9187 receives nothing from its primary"))
            .quiet_at(seconds(240)),
        Example::new("the primary removes what a slot needs, and the slot is dropped", &[(RESERVED, "1x3 stale"), (LOST, "_x4 1x11 stale")])
            .quiet_at(seconds(165))
            .fires_at(
                seconds(180),
                Firing::new(
                    &[
                        ("job", "postgres"),
                        ("instance", "postgres-exporter:9187"),
                        ("slot_name", "standby"),
                        ("slot_type", "physical"),
                        ("wal_status", "lost"),
                    ],
                    "The consumer of slot standby on postgres-exporter:9187 can never catch up: its WAL is gone",
                ),
            )
            .quiet_at(seconds(255)),
        Example::flapping("the standby restarts twice", &[(RECEIVER, "1x3 0x7 1 0x7 1x20")]).quiet_at(seconds(165)).quiet_at(seconds(300)),
        Example::missing("it is promoted, and a primary has no receiver", &[(RECEIVER, "0x3 stale"), (IS_REPLICA, "1x3 0x20")]).quiet_at(minutes(5)),
    ]
}

const REPLAY: &str = r#"pg_replication_lag_seconds{job="postgres",instance="standby-exporter:9187"}"#;
const SENT: &str = r#"pg_stat_replication_replay_lag_seconds{job="postgres",instance="postgres-exporter:9187",application_name="reports",client_addr="10.0.0.2",slot_name="reports",pid="71"}"#;
const SENT_ANEW: &str = r#"pg_stat_replication_replay_lag_seconds{job="postgres",instance="postgres-exporter:9187",application_name="reports",client_addr="10.0.0.2",slot_name="reports",pid="72"}"#;
const BACKLOG: &str = r#"pg_replication_replay_backlog_bytes{job="postgres",instance="standby-exporter:9187"}"#;

/// Both sides are read, since often only one of them has an exporter. A standby that reconnects has another pid, and is the same.
fn lags() -> Alert {
    Alert {
        name: "PostgresReplicationLag",
        expr: "pg_replication_lag_seconds > POSTGRES_REPLICATION_LAG_SECONDS
or max by (job, instance, application_name) (pg_stat_replication_replay_lag_seconds) > POSTGRES_REPLICATION_LAG_SECONDS"
            .to_owned(),
        thresholds: vec![&LAG],
        lasting: minutes(4),
        summary:
            "{{ with $labels.application_name }}{{ . }}, a standby of {{ $labels.instance }},{{ else }}The standby behind {{ $labels.instance }}\
                  {{ end }} trails by {{ $value | humanizeDuration }}"
                .to_owned(),
        description: "Who reads from it sees the past: a job that is done still shows as running.".to_owned(),
        meaning: "What the primary committed is visible on the standby only over half a minute later. The link works: what was received waits to be \
                  replayed, or more is written than the link carries. Zero is reported while nothing is written.",
        causes: &[
            "A long query on the standby against which replay waits (`max_standby_streaming_delay`).",
            "A bulk load, a large index or a VACUUM on the primary: replay is one process, and the primary has many.",
            "The standby's disk is slower than the primary's, or busy with a backup.",
            "Replay was paused by hand (`pg_wal_replay_pause()`).",
        ],
        queries: &[
            ("Where it lags: sent, written, flushed, replayed", "pg_stat_replication_send_lag_bytes or pg_stat_replication_replay_lag_bytes"),
            ("Received and not replayed", "pg_replication_replay_backlog_bytes"),
            ("WAL written per second", "rate(pg_stat_wal_bytes_total[5m])"),
        ],
        actions: &[
            "On the standby: `SELECT pid, query_start, left(query, 200) FROM pg_stat_activity WHERE state = 'active' ORDER BY query_start`, and cancel the oldest.",
            "`SELECT pg_is_wal_replay_paused()`; `SELECT pg_wal_replay_resume()`.",
            "`iostat -x 5` there: a saturated disk shows as HostIoSaturated too.",
            "Send reads to the primary until it has caught up.",
        ],
        page: Page::Graph("pg_replication_lag_seconds"),
        examples: vec![
            Example::new("a report holds replay back", &[(REPLAY, "0x3 31x19 0x20"), (BACKLOG, "0x3 1000x19 0x20")])
                .quiet_at(seconds(285))
                .fires_at(seconds(300), Firing::new(STANDBY, "The standby behind standby-exporter:9187 trails by 31s"))
                .quiet_at(seconds(360)),
            Example::new("seen from the primary, across a new connection", &[(SENT, "0x3 40x8 stale"), (SENT_ANEW, "_x12 40x10 0x20")])
                .quiet_at(seconds(285))
                .fires_at(
                    seconds(300),
                    Firing::new(
                        &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("application_name", "reports")],
                        "reports, a standby of postgres-exporter:9187, trails by 40s",
                    ),
                )
                .quiet_at(seconds(345)),
            Example::at_threshold("exactly half a minute", &[(REPLAY, "30x40"), (SENT, "30x40")]).quiet_at(minutes(8)),
            Example::flapping("each vacuum holds it up", &[(REPLAY, "0x3 90x14 0 90x14 0x10")]).quiet_at(seconds(270)).quiet_at(seconds(510)),
            Example::missing("nothing is written, so there is no lag to measure", &[(BACKLOG, "0x40")]).quiet_at(minutes(8)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}

const KEPT: &str = r#"pg_replication_slots_pg_wal_lsn_diff{job="postgres",instance="postgres-exporter:9187",slot_name="cdc",database="shop"}"#;
const OTHER_KEPT: &str = r#"pg_replication_slots_pg_wal_lsn_diff{job="postgres",instance="postgres-exporter:9187",slot_name="standby",database=""}"#;

fn slot_retains_wal() -> Alert {
    Alert {
        name: "PostgresSlotRetainsWal",
        expr: "pg_replication_slots_pg_wal_lsn_diff > POSTGRES_SLOT_RETAINED_BYTES".to_owned(),
        thresholds: vec![&RETAINED],
        lasting: minutes(10),
        summary: "Slot {{ $labels.slot_name }} makes {{ $labels.instance }} keep {{ $value | humanize1024 }}B of WAL".to_owned(),
        description:
            "It grows with every write until the disk of pg_wal is full, and then the server stops; or the slot is given up and its consumer \
                      starts over."
                .to_owned(),
        meaning: "A replication slot promises its consumer all WAL since the last confirmation, and this consumer has not confirmed for long. \
                  The promise has no limit unless `max_slot_wal_keep_size` is set.",
        causes: &[
            "A standby or a change data capture that was switched off, and whose slot was left behind.",
            "A consumer that reads and never confirms, since what it feeds is broken.",
            "A logical slot on a database without writes: its position only moves with a heartbeat table.",
            "A slot that a failed `pg_basebackup` or a test created.",
        ],
        queries: &[
            ("In use or not", "pg_replication_slots_active"),
            ("How much may still be written before it is lost", "pg_replication_slots_safe_wal_size_bytes"),
            ("Size of pg_wal", "pg_wal_size_bytes"),
        ],
        actions: &[
            "`SELECT slot_name, active, active_pid, restart_lsn, wal_status FROM pg_replication_slots`.",
            "Not active, and nobody misses it: `SELECT pg_drop_replication_slot('<slot>')`; the next checkpoint frees the disk.",
            "Active: look at the consumer's own log and lag, and restart it.",
            "Set `max_slot_wal_keep_size` to what the disk can spare: a lost slot is better than a stopped primary.",
        ],
        page: Page::Graph("pg_replication_slots_pg_wal_lsn_diff"),
        examples: vec![
            Example::new("one consumer is switched off, and comes back", &[(KEPT, "0x3 6442450944x44 0x20"), (OTHER_KEPT, "5000000000x80")])
                .quiet_at(seconds(645))
                .fires_at(
                    seconds(660),
                    Firing::new(
                        &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("slot_name", "cdc"), ("database", "shop")],
                        "Slot cdc makes postgres-exporter:9187 keep 6GiB of WAL",
                    ),
                )
                .quiet_at(seconds(735)),
            Example::at_threshold("exactly five gibibytes", &[(KEPT, "5368709120x80")]).quiet_at(minutes(19)),
            Example::flapping("two loads, each read within nine minutes", &[(KEPT, "0x3 9000000000x36 0 9000000000x36 0x10")])
                .quiet_at(seconds(600))
                .quiet_at(minutes(19)),
            Example::missing("the slot keeps nothing yet", &[(RESERVED, "1x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
