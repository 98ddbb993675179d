//! What is wrong with the schema itself.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static SEQUENCE: Threshold = Threshold::share(
    "POSTGRES_SEQUENCE_NEAR_END",
    0.8,
    "To make a key of four bytes one of eight rewrites the table, which is planned for weeks; at our growth the last fifth lasts for months",
);

static UNUSED: Threshold =
    Threshold::number("POSTGRES_UNUSED_INDEX_BYTES", 104_857_600.0, 1e15, "Less is neither felt in backups nor worth a migration");

/// Both for the server's own age and for that of its statistics.
static OBSERVED: Threshold =
    Threshold::number("POSTGRES_INDEX_USE_SECONDS", 604_800.0, 31_536_000.0, "Within a week every job has run, the weekly report too");

pub(super) fn all() -> Vec<Alert> {
    vec![sequence_near_end(), unused_indexes()]
}

const ORDERS: &str =
    r#"pg_sequence_used_ratio{job="postgres",instance="postgres-exporter:9187",datname="shop",schemaname="public",sequencename="orders_id_seq"}"#;
const USERS: &str =
    r#"pg_sequence_used_ratio{job="postgres",instance="postgres-exporter:9187",datname="shop",schemaname="public",sequencename="users_id_seq"}"#;
const UNUSED_COUNT: &str = r#"pg_indexes{job="postgres",instance="postgres-exporter:9187",datname="shop",state="unused"}"#;

/// The exporter reads the hundred fullest of each database in the background, and leaves out those that cycle. It sees none that its
/// role has no SELECT on, which `pg_monitor` does not bring.
fn sequence_near_end() -> Alert {
    Alert {
        name: "PostgresSequenceNearEnd",
        expr: "pg_sequence_used_ratio > POSTGRES_SEQUENCE_NEAR_END".to_owned(),
        thresholds: vec![&SEQUENCE],
        lasting: minutes(10),
        summary: "{{ $value | humanizePercentage }} of the values of {{ $labels.sequencename }} ({{ $labels.datname }} of {{ $labels.instance }}) are used up"
            .to_owned(),
        description: "At the end every INSERT fails with \"nextval: reached maximum value of sequence\": no new orders, jobs or users.".to_owned(),
        meaning: "A sequence has handed out over four fifths of its range. Mostly it feeds an `integer` key, which ends at 2,147,483,647; values that \
                  were rolled back or left over in a session's cache are gone as well, so it runs ahead of the number of rows. Sequences that the \
                  exporter's role has no SELECT on are not watched.",
        causes: &[
            "A `serial` column of a table that outgrew what anybody expected.",
            "INSERT … ON CONFLICT DO NOTHING in bulk: each try takes a value, kept or not.",
            "Somebody set the sequence far ahead (`setval`), by importing ids for instance.",
        ],
        queries: &[
            ("The fullest", "topk(5, pg_sequence_used_ratio)"),
            ("Share per week", "pg_sequence_used_ratio - pg_sequence_used_ratio offset 1w"),
        ],
        actions: &[
            "`SELECT data_type, last_value, max_value, increment_by FROM pg_sequences WHERE sequencename = '<name>'`.",
            "Is the column wider than its sequence? Then `ALTER SEQUENCE <name> AS bigint` is all that is needed.",
            "Else add a bigint column, fill it in batches by a trigger and a job, and swap the two in one short transaction.",
            "Foreign keys, client code and message formats must take eight bytes too, before the swap.",
        ],
        page: Page::Graph("topk(5, pg_sequence_used_ratio)"),
        examples: vec![
            Example::new("one of two runs out, and is made wider", &[(ORDERS, "0.79x3 0.82x43 0.01x20"), (USERS, "0.5x80")])
                .quiet_at(seconds(645))
                .fires_at(
                    seconds(660),
                    Firing::new(
                        &[
                            ("job", "postgres"),
                            ("instance", "postgres-exporter:9187"),
                            ("datname", "shop"),
                            ("schemaname", "public"),
                            ("sequencename", "orders_id_seq"),
                        ],
                        "82% of the values of orders_id_seq (shop of postgres-exporter:9187) are used up",
                    ),
                )
                .quiet_at(seconds(735)),
            Example::at_threshold("exactly four fifths", &[(ORDERS, "0.8x80")]).quiet_at(minutes(19)),
            Example::flapping("a test sets it ahead and back", &[(ORDERS, "0.1x3 0.99x36 0.1 0.99x36 0.1x10")])
                .quiet_at(seconds(600))
                .quiet_at(minutes(19)),
            Example::missing("the sequence was never used", &[(UNUSED_COUNT, "1x80")]).quiet_at(minutes(19)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}

const BYTES: &str = r#"pg_indexes_estimated_size_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop",state="unused"}"#;
const USED_BYTES: &str = r#"pg_indexes_estimated_size_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop",state="used"}"#;
const START: &str = r#"pg_server_start_time_seconds{job="postgres",instance="postgres-exporter:9187"}"#;
const RESET: &str =
    r#"pg_stat_database_stats_reset_timestamp_seconds{job="postgres",instance="postgres-exporter:9187",datid="16384",datname="shop"}"#;
const SHOP: &[(&str, &str)] = &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("datname", "shop"), ("state", "unused")];

/// Statistics that nobody reset have no time of a reset.
fn unused_indexes() -> Alert {
    Alert {
        name: "PostgresUnusedIndexes",
        expr: r#"pg_indexes_estimated_size_bytes{state="unused"} > POSTGRES_UNUSED_INDEX_BYTES
and on (job, instance) time() - pg_server_start_time_seconds > POSTGRES_INDEX_USE_SECONDS
unless on (job, instance, datname) time() - pg_stat_database_stats_reset_timestamp_seconds < POSTGRES_INDEX_USE_SECONDS"#
            .to_owned(),
        thresholds: vec![&UNUSED, &OBSERVED],
        lasting: minutes(30),
        severity: Severity::Info,
        summary: "Indexes of {{ $labels.datname }} on {{ $labels.instance }} that nobody has used come to {{ $value | humanize1024 }}B".to_owned(),
        description: "Each write keeps them up, each backup carries them and the cache holds them, for nothing.".to_owned(),
        meaning: "The server has been up for a week, its statistics are as old, and no scan has used these indexes. Those of primary keys, of unique and \
                  exclusion constraints and of replica identities are not counted, since they serve without being scanned.",
        causes: &[
            "An index for a query that a later release no longer makes.",
            "Two indexes of which one begins with the other's columns: the planner takes the same one every time.",
            "An index that only queries on a standby use: each server counts for itself.",
        ],
        queries: &[
            ("The largest by name", "pg_index_wasted_bytes{state=\"unused\"}"),
            ("How many", "pg_indexes{state=\"unused\"}"),
            ("Left behind by a failed CREATE INDEX CONCURRENTLY", "pg_indexes{state=\"invalid\"} > 0"),
        ],
        actions: &[
            "`SELECT indexrelid::regclass, idx_scan, pg_size_pretty(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes WHERE idx_scan = 0 ORDER BY pg_relation_size(indexrelid) DESC`, on every standby as well.",
            "Does it back a foreign key? A delete in the parent, rare as it is, then reads the whole child without it.",
            "Keep its definition (`SELECT pg_get_indexdef('<index>'::regclass)`), then `DROP INDEX CONCURRENTLY <index>`.",
        ],
        page: Page::Graph("pg_index_wasted_bytes"),
        // The server has been up for a week at 100 s.
        examples: vec![
            Example::new(
                "a week has passed; the index is dropped",
                &[(BYTES, "115343360x160 0x20"), (USED_BYTES, "5e9x180"), (START, "-604700x180")],
            )
            .quiet_at(seconds(1890))
            .fires_at(seconds(1905), Firing::new(SHOP, "Indexes of shop on postgres-exporter:9187 that nobody has used come to 110MiB"))
            .quiet_at(seconds(2415)),
            Example::new("statistics were reset a week ago", &[(BYTES, "115343360x180"), (START, "-5000000x180"), (RESET, "-604700x180")])
                .quiet_at(seconds(1890))
                .fires_at(seconds(1905), Firing::new(SHOP, "Indexes of shop on postgres-exporter:9187 that nobody has used come to 110MiB")),
            Example::at_threshold("exactly 100 MiB", &[(BYTES, "104857600x180"), (START, "-5000000x180")]).quiet_at(minutes(40)),
            Example::at_threshold("up for exactly a week at every look", &[(BYTES, "5e9x180"), (START, "-604800+15x180")]).quiet_at(minutes(40)),
            Example::at_threshold(
                "statistics of exactly a week at every look",
                &[(BYTES, "115343360x180"), (START, "-5000000x180"), (RESET, "-604800+15x180")],
            )
            .fires_at(minutes(40), Firing::new(SHOP, "Indexes of shop on postgres-exporter:9187 that nobody has used come to 110MiB")),
            Example::new("up for half a week", &[(BYTES, "5e9x180"), (START, "-310000x180")]).quiet_at(minutes(40)),
            Example::new("statistics were reset half a week ago", &[(BYTES, "5e9x180"), (START, "-5000000x180"), (RESET, "-310000x180")])
                .quiet_at(minutes(40)),
            Example::flapping("it is dropped every half an hour, and made again", &[(BYTES, "5e9x115 0 5e9x115 0x10"), (START, "-5000000x250")])
                .quiet_at(seconds(1725))
                .quiet_at(seconds(3480)),
            Example::missing("since when the server runs is not known", &[(BYTES, "5e9x180")]).quiet_at(minutes(40)),
        ],
        scales: false,
        ..Alert::owned_by(Service::Postgres)
    }
}
