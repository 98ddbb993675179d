//! What vacuum is there to prevent.

use crate::spec::alert::{Alert, Page};
use crate::spec::duration::{minutes, seconds};
use crate::spec::example::{Example, Firing};
use crate::spec::service::Service;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

static WRAPAROUND: Threshold = Threshold::number(
    "POSTGRES_WRAPAROUND_IDS",
    1e9,
    2_147_483_648.0,
    "Half of the two thousand million ids, and five times the age at which a vacuum is forced: it has failed for long, and days are left to mend that",
);

static BEHIND: Threshold = Threshold::number(
    "POSTGRES_AUTOVACUUM_BEHIND",
    2.0,
    100.0,
    "Autovacuum starts at once its own setting; a table at twice of it was passed over or given up",
);

static BLOAT: Threshold = Threshold::share(
    "POSTGRES_TABLE_BLOAT",
    0.4,
    "Autovacuum with its defaults lets a sixth of a table be dead rows; at two fifths each scan reads nearly twice what it needs",
);

/// Below this, a table is read from memory whatever is in it.
static BLOAT_FROM: Threshold = Threshold::number(
    "POSTGRES_TABLE_BLOAT_FROM_BYTES",
    104_857_600.0,
    1e15,
    "A tenth of the memory of a small server's buffer cache and page cache",
);

pub(super) fn all() -> Vec<Alert> {
    vec![wraparound_near(), autovacuum_behind(), table_bloat()]
}

const SHOP: &[(&str, &str)] = &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("datname", "shop")];
const SHOP_AGE: &str = r#"pg_database_frozen_transaction_age{job="postgres",instance="postgres-exporter:9187",datname="shop"}"#;
const OTHER_AGE: &str = r#"pg_database_frozen_transaction_age{job="postgres",instance="postgres-exporter:9187",datname="postgres"}"#;
const MULTIXACT_AGE: &str = r#"pg_database_frozen_multixact_age{job="postgres",instance="postgres-exporter:9187",datname="shop"}"#;
const DATABASE_SIZE: &str = r#"pg_database_size_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop"}"#;

fn wraparound_near() -> Alert {
    Alert {
        name: "PostgresWraparoundNear",
        expr: "pg_database_frozen_transaction_age > POSTGRES_WRAPAROUND_IDS
or pg_database_frozen_multixact_age > POSTGRES_WRAPAROUND_IDS"
            .to_owned(),
        thresholds: vec![&WRAPAROUND],
        lasting: minutes(5),
        severity: Severity::Critical,
        summary:
            "Database {{ $labels.datname }} of {{ $labels.instance }} has used {{ $value | humanize }} of 2.1G transaction ids since it was frozen"
                .to_owned(),
        description: "Three million ids before the end the server refuses every write, until a vacuum by hand has run to its end.".to_owned(),
        meaning: "Transaction ids (or multixact ids, whichever is older) are numbers of 32 bits that come round. Rows must be frozen before that, which \
                  the anti-wraparound vacuum forces at 200 million; it has not got through for five times as long.",
        causes: &[
            "Something keeps the horizon: a transaction open for days, a forgotten prepared transaction, a replication slot nobody reads.",
            "The forced vacuum is cancelled again and again, by DDL of a nightly job or by an administrator.",
            "One huge table that a throttled vacuum (`autovacuum_vacuum_cost_delay`) does not finish.",
            "A corrupt page or index on which vacuum ends with an error each time.",
        ],
        queries: &[
            ("Tables by age", "topk(5, pg_table_frozen_transaction_age)"),
            ("What keeps the horizon", "pg_xmin_horizon_age"),
            ("Transaction ids used per second, at most", "sum by (instance) (rate(pg_stat_database_xact_commit[5m]))"),
        ],
        actions: &[
            "Remove what keeps the horizon first (PostgresLongTransaction, PostgresSlotRetainsWal): until then no vacuum freezes anything.",
            "`SELECT oid::regclass, age(relfrozenxid), mxid_age(relminmxid) FROM pg_class WHERE relkind IN ('r', 'm', 't') ORDER BY 2 DESC LIMIT 10` in that database.",
            "`VACUUM (FREEZE, VERBOSE, INDEX_CLEANUP off, TRUNCATE off) <table>` of the oldest, with `SET vacuum_cost_delay = 0` and as much maintenance_work_mem as there is.",
            "Watch it in `pg_stat_progress_vacuum`. Never restart the server to get rid of it: the vacuum starts over.",
        ],
        page: Page::Graph("topk(5, pg_database_frozen_transaction_age)"),
        examples: wraparound_examples(),
        ..Alert::owned_by(Service::Postgres)
    }
}

fn wraparound_examples() -> Vec<Example> {
    vec![
        Example::new(
            "nothing freezes one database, until it is vacuumed",
            &[(SHOP_AGE, "900000000x3 1020000000x23 50000000x20"), (OTHER_AGE, "150000000x50")],
        )
        .quiet_at(seconds(345))
        .fires_at(
            seconds(360),
            Firing::new(SHOP, "Database shop of postgres-exporter:9187 has used 1.02G of 2.1G transaction ids since it was frozen"),
        )
        .quiet_at(seconds(420)),
        Example::new("multixact ids run out first", &[(SHOP_AGE, "150000000x40"), (MULTIXACT_AGE, "0x3 1500000000x23 0x20")])
            .quiet_at(seconds(345))
            .fires_at(
                seconds(360),
                Firing::new(SHOP, "Database shop of postgres-exporter:9187 has used 1.5G of 2.1G transaction ids since it was frozen"),
            )
            .quiet_at(seconds(420)),
        Example::at_threshold("exactly half", &[(SHOP_AGE, "1000000000x40"), (MULTIXACT_AGE, "1000000000x40")]).quiet_at(minutes(9)),
        Example::flapping("a dump of another age is restored and dropped, twice", &[(SHOP_AGE, "0x3 1500000000x18 0 1500000000x18 0x10")])
            .quiet_at(seconds(330))
            .quiet_at(minutes(10)),
        Example::missing("its age is not on the page", &[(DATABASE_SIZE, "2000000000x40")]).quiet_at(minutes(9)),
    ]
}

const ORDERS: &[(&str, &str)] =
    &[("job", "postgres"), ("instance", "postgres-exporter:9187"), ("datname", "shop"), ("schemaname", "public"), ("relname", "orders")];
const DEAD: &str =
    r#"pg_stat_user_tables_n_dead_tup{job="postgres",instance="postgres-exporter:9187",datname="shop",schemaname="public",relname="orders"}"#;
const LIVE: &str =
    r#"pg_stat_user_tables_n_live_tup{job="postgres",instance="postgres-exporter:9187",datname="shop",schemaname="public",relname="orders"}"#;
const DEAD_REST: &str = r#"pg_stat_user_tables_n_dead_tup{job="postgres",instance="postgres-exporter:9187",datname="shop",relname="other"}"#;
const LIVE_REST: &str = r#"pg_stat_user_tables_n_live_tup{job="postgres",instance="postgres-exporter:9187",datname="shop",relname="other"}"#;
const SCALE_FACTOR: &str = r#"pg_settings_autovacuum_vacuum_scale_factor{job="postgres",instance="postgres-exporter:9187"}"#;
const START: &str = r#"pg_settings_autovacuum_vacuum_threshold{job="postgres",instance="postgres-exporter:9187"}"#;
const FREEZE_AGE: &str = r#"pg_settings_autovacuum_freeze_max_age{job="postgres",instance="postgres-exporter:9187"}"#;

/// Autovacuum is held to its own settings; what a table overrides of them is not known. Tables past the exporter's budget are one sum, of
/// which nothing can be said.
fn autovacuum_behind() -> Alert {
    Alert {
        name: "PostgresAutovacuumBehind",
        expr: r#"# Dead rows, against the number at which a table is due.
pg_stat_user_tables_n_dead_tup{schemaname!=""}
> on (job, instance, datname, schemaname, relname)
POSTGRES_AUTOVACUUM_BEHIND * (
  pg_stat_user_tables_n_live_tup * on (job, instance) group_left () pg_settings_autovacuum_vacuum_scale_factor
  + on (job, instance) group_left () pg_settings_autovacuum_vacuum_threshold
)
or
# Age, against the one at which a database is due.
pg_database_frozen_transaction_age > on (job, instance) group_left () POSTGRES_AUTOVACUUM_BEHIND * pg_settings_autovacuum_freeze_max_age"#
            .to_owned(),
        thresholds: vec![&BEHIND],
        // A vacuum of our largest table takes twenty minutes, and three workers may each be busy with one.
        lasting: minutes(30),
        summary: "{{ with $labels.relname }}Autovacuum leaves {{ $value | humanize }} dead rows in {{ . }} ({{ $labels.datname }} of {{ $labels.instance }})\
                  {{ else }}Autovacuum has not frozen {{ $labels.datname }} of {{ $labels.instance }} for {{ $value | humanize }} transactions{{ end }}"
            .to_owned(),
        description: "Dead rows are read with every scan, and the planner's statistics of the table are as old as they are.".to_owned(),
        meaning: "By `autovacuum_vacuum_threshold` and `autovacuum_vacuum_scale_factor` the table has been due twice over for half an hour; or the \
                  database has been, by `autovacuum_freeze_max_age`. Either no worker comes, or it comes and may remove nothing.",
        causes: &[
            "An old transaction or slot: VACUUM VERBOSE then says \"dead row versions cannot be removed yet\".",
            "All `autovacuum_max_workers` are busy with large tables, throttled by `autovacuum_vacuum_cost_limit`.",
            "Autovacuum is off, for the server or by `autovacuum_enabled = off` for the table.",
            "Sessions that lock the table each minute: autovacuum gives way to them.",
        ],
        queries: &[
            ("Workers at work", "sum by (instance) (pg_sessions{backend_type=\"autovacuum worker\"})"),
            ("How far they are", "pg_progress_done_ratio{command=\"vacuum\"}"),
            ("What they may not remove, in transactions", "pg_xmin_horizon_age"),
        ],
        actions: &[
            "`SELECT relname, n_dead_tup, last_autovacuum, autovacuum_count FROM pg_stat_user_tables ORDER BY n_dead_tup DESC LIMIT 10`.",
            "`VACUUM (VERBOSE, ANALYZE) <table>` now, and read what it says of rows that cannot be removed.",
            "Workers busy all day: `ALTER SYSTEM SET autovacuum_vacuum_cost_limit = 2000`, then `SELECT pg_reload_conf()`.",
            "A large table: `ALTER TABLE <table> SET (autovacuum_vacuum_scale_factor = 0.02)`, so that each vacuum has less to do.",
        ],
        page: Page::Graph("topk(5, pg_stat_user_tables_n_dead_tup)"),
        examples: autovacuum_examples(),
        ..Alert::owned_by(Service::Postgres)
    }
}

/// A table of a thousand rows is due at 250 dead ones, and overdue past 500.
fn autovacuum_examples() -> Vec<Example> {
    vec![
        Example::new(
            "no worker comes to a table, until one does; the sum of the others is past the limit as well",
            &[
                (DEAD, "100x3 510x123 0x20"),
                (LIVE, "1000x160"),
                (DEAD_REST, "900x160"),
                (LIVE_REST, "1000x160"),
                (SCALE_FACTOR, "0.2x160"),
                (START, "50x160"),
            ],
        )
        .quiet_at(seconds(1845))
        .fires_at(seconds(1860), Firing::new(ORDERS, "Autovacuum leaves 510 dead rows in orders (shop of postgres-exporter:9187)"))
        .quiet_at(seconds(1920)),
        Example::new(
            "it freezes one database and not the other, until it does",
            &[(SHOP_AGE, "150000000x3 402000000x123 0x20"), (OTHER_AGE, "390000000x160"), (FREEZE_AGE, "200000000x160")],
        )
        .quiet_at(seconds(1845))
        .fires_at(seconds(1860), Firing::new(SHOP, "Autovacuum has not frozen shop of postgres-exporter:9187 for 402M transactions"))
        .quiet_at(seconds(1920)),
        Example::at_threshold(
            "exactly twice what makes it due",
            &[
                (DEAD, "500x140"),
                (LIVE, "1000x140"),
                (SCALE_FACTOR, "0.2x140"),
                (START, "50x140"),
                (SHOP_AGE, "400000000x140"),
                (FREEZE_AGE, "200000000x140"),
            ],
        )
        .quiet_at(minutes(34)),
        Example::flapping(
            "a batch deletes, and is cleaned up after within half an hour",
            &[(DEAD, "0x3 5000x110 0 5000x110 0x5"), (LIVE, "1000x240"), (SCALE_FACTOR, "0.2x240"), (START, "50x240")],
        )
        .quiet_at(seconds(1710))
        .quiet_at(seconds(3390)),
        Example::missing("the settings are not on the page", &[(DEAD, "5000x140"), (LIVE, "1000x140"), (SHOP_AGE, "900000000x140")])
            .quiet_at(minutes(34)),
    ]
}

const BLOATED: &str =
    r#"pg_table_estimated_bloat_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop",schemaname="public",relname="orders"}"#;
const SIZE: &str =
    r#"pg_table_estimated_size_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop",schemaname="public",relname="orders"}"#;
const BLOATED_REST: &str = r#"pg_table_estimated_bloat_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop",relname="other"}"#;
const SIZE_REST: &str = r#"pg_table_estimated_size_bytes{job="postgres",instance="postgres-exporter:9187",datname="shop",relname="other"}"#;

fn table_bloat() -> Alert {
    Alert {
        name: "PostgresTableBloat",
        expr: r#"pg_table_estimated_bloat_bytes{schemaname!=""}
  / (pg_table_estimated_size_bytes > POSTGRES_TABLE_BLOAT_FROM_BYTES)
  > POSTGRES_TABLE_BLOAT"#
            .to_owned(),
        thresholds: vec![&BLOAT, &BLOAT_FROM],
        lasting: minutes(30),
        summary: "{{ $value | humanizePercentage }} of table {{ $labels.relname }} ({{ $labels.datname }} of {{ $labels.instance }}) are dead rows"
            .to_owned(),
        description: "Scans read pages for nothing, and they push useful ones out of the cache; the file does not shrink by itself.".to_owned(),
        meaning: "By the server's own counts, over two fifths of the rows of a table larger than 100 MB are versions that nobody can see any more, in \
                  the size as of the last vacuum or analyze. Pages that a vacuum has already emptied are not in the number.",
        causes: &[
            "A queue or a status column in a large table: every UPDATE leaves a whole row behind.",
            "A purge that deleted most of it in one go.",
            "A vacuum that could not remove them at the time, for an old snapshot's sake.",
        ],
        queries: &[
            ("Dead bytes", "topk(5, pg_table_estimated_bloat_bytes)"),
            ("Updates that found room on their page", "rate(pg_stat_user_tables_n_tup_hot_upd[1h])"),
            ("All updates", "rate(pg_stat_user_tables_n_tup_upd[1h])"),
        ],
        actions: &[
            "`SELECT * FROM pgstattuple_approx('<schema>.<table>')` (extension pgstattuple) for the truth: dead_tuple_percent and approx_free_percent.",
            "VACUUM makes the room usable again; only `pg_repack -t <table>`, or VACUUM FULL in a maintenance window, gives it back to the disk.",
            "Set `fillfactor = 80` on a table of many updates, and drop indexes on the columns that change: then rows are replaced in place.",
            "Partition by time what is purged by time, and drop partitions.",
        ],
        page: Page::Graph("topk(5, pg_table_estimated_bloat_bytes)"),
        examples: vec![
            Example::new(
                "a purge deletes, and the table is vacuumed; the sum of the others is no table",
                &[(BLOATED, "20e6x3 82e6x123 0x20"), (SIZE, "200e6x160"), (BLOATED_REST, "150e6x160"), (SIZE_REST, "200e6x160")],
            )
            .quiet_at(seconds(1845))
            .fires_at(seconds(1860), Firing::new(ORDERS, "41% of table orders (shop of postgres-exporter:9187) are dead rows"))
            .quiet_at(seconds(1920)),
            Example::new("a table just larger than 100 MiB", &[(BLOATED, "60e6x130 0x10"), (SIZE, "105e6x140")])
                .fires_at(seconds(1800), Firing::new(ORDERS, "57.14% of table orders (shop of postgres-exporter:9187) are dead rows"))
                .quiet_at(seconds(1965)),
            Example::at_threshold("exactly two fifths", &[(BLOATED, "80e6x140"), (SIZE, "200e6x140")]).quiet_at(minutes(34)),
            Example::at_threshold("exactly 100 MiB", &[(BLOATED, "90e6x140"), (SIZE, "104857600x140")]).quiet_at(minutes(34)),
            Example::flapping("each batch is cleaned up after", &[(BLOATED, "0x3 150e6x110 0 150e6x110 0x5"), (SIZE, "200e6x240")])
                .quiet_at(seconds(1710))
                .quiet_at(seconds(3390)),
            Example::missing("its size is not known", &[(BLOATED, "150e6x140")]).quiet_at(minutes(34)),
        ],
        ..Alert::owned_by(Service::Postgres)
    }
}
