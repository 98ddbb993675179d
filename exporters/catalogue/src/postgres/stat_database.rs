//! `pg_stat_database`: activity by database; the row of objects that all databases share has an empty name.

use crate::Unit;

crate::catalogue! {
    /// Sessions connected to the database
    NUMBACKENDS: Gauge = "pg_stat_database_numbackends" ["datid", "datname"] upstream source("stat_database numbackends");
    /// Transactions committed in the database
    XACT_COMMIT: Counter = "pg_stat_database_xact_commit" ["datid", "datname"] upstream source("stat_database xact_commit");
    /// Transactions rolled back in the database
    XACT_ROLLBACK: Counter = "pg_stat_database_xact_rollback" ["datid", "datname"] upstream source("stat_database xact_rollback");
    /// Blocks that had to be read because they were not in the buffer cache
    BLKS_READ: Counter = "pg_stat_database_blks_read" ["datid", "datname"] upstream source("stat_database blks_read");
    /// Blocks that were found in the buffer cache
    BLKS_HIT: Counter = "pg_stat_database_blks_hit" ["datid", "datname"] upstream source("stat_database blks_hit");
    /// Live rows fetched by sequential scans and index entries returned by index scans
    TUP_RETURNED: Counter = "pg_stat_database_tup_returned" ["datid", "datname"] upstream source("stat_database tup_returned");
    /// Live rows fetched by index scans
    TUP_FETCHED: Counter = "pg_stat_database_tup_fetched" ["datid", "datname"] upstream source("stat_database tup_fetched");
    /// Rows inserted by queries
    TUP_INSERTED: Counter = "pg_stat_database_tup_inserted" ["datid", "datname"] upstream source("stat_database tup_inserted");
    /// Rows updated by queries
    TUP_UPDATED: Counter = "pg_stat_database_tup_updated" ["datid", "datname"] upstream source("stat_database tup_updated");
    /// Rows deleted by queries
    TUP_DELETED: Counter = "pg_stat_database_tup_deleted" ["datid", "datname"] upstream source("stat_database tup_deleted");
    /// Queries cancelled on a standby because they stood in the way of recovery
    CONFLICTS: Counter = "pg_stat_database_conflicts" ["datid", "datname"] upstream source("stat_database conflicts");
    /// Temporary files that queries created
    TEMP_FILES: Counter = "pg_stat_database_temp_files" ["datid", "datname"] upstream source("stat_database temp_files");
    /// Bytes that queries wrote to temporary files
    TEMP_BYTES: Counter = "pg_stat_database_temp_bytes" ["datid", "datname"] upstream source("stat_database temp_bytes");
    /// Deadlocks detected in the database
    DEADLOCKS: Counter = "pg_stat_database_deadlocks" ["datid", "datname"] upstream source("stat_database deadlocks");
    /// Milliseconds that sessions spent reading blocks, where track_io_timing is on
    BLK_READ_TIME: Counter = "pg_stat_database_blk_read_time"
        ["datid", "datname"] upstream unit(Unit::Milliseconds) source("stat_database blk_read_time");
    /// Seconds that sessions spent reading blocks, where track_io_timing is on
    BLK_READ_SECONDS: Counter = "pg_stat_database_blk_read_seconds_total" ["datid", "datname"] source("stat_database blk_read_time") times(1e-3);
    /// Milliseconds that sessions spent writing blocks, where track_io_timing is on
    BLK_WRITE_TIME: Counter = "pg_stat_database_blk_write_time"
        ["datid", "datname"] upstream unit(Unit::Milliseconds) source("stat_database blk_write_time");
    /// Seconds that sessions spent writing blocks, where track_io_timing is on
    BLK_WRITE_SECONDS: Counter = "pg_stat_database_blk_write_seconds_total" ["datid", "datname"] source("stat_database blk_write_time") times(1e-3);
    /// Time of the last reset of the database's statistics; a timestamp under the type that the upstream exporter gives it
    STATS_RESET: Counter = "pg_stat_database_stats_reset" ["datid", "datname"] upstream unit(Unit::Seconds) source("stat_database stats_reset");
    /// Time of the last reset of the database's statistics
    STATS_RESET_TIMESTAMP: Gauge = "pg_stat_database_stats_reset_timestamp_seconds" ["datid", "datname"] source("stat_database stats_reset");
    /// Milliseconds that sessions spent executing statements
    ACTIVE_TIME: Counter = "pg_stat_database_active_time" ["datid", "datname"] upstream unit(Unit::Milliseconds) source("stat_database active_time");
    /// Seconds that sessions spent executing statements
    ACTIVE_SECONDS: Counter = "pg_stat_database_active_time_seconds_total"
        ["datid", "datname"] upstream source("stat_database active_time") times(1e-3);
    /// Milliseconds that sessions spent idle inside a transaction
    IDLE_IN_TRANSACTION_TIME: Counter = "pg_stat_database_idle_in_transaction_time" ["datid", "datname"] upstream unit(Unit::Milliseconds)
        source("stat_database idle_in_transaction_time");
    /// Seconds that sessions spent idle inside a transaction
    IDLE_IN_TRANSACTION_SECONDS: Counter = "pg_stat_database_idle_in_transaction_seconds_total" ["datid", "datname"]
        source("stat_database idle_in_transaction_time") times(1e-3);
    /// Milliseconds that sessions were connected
    SESSION_TIME: Counter = "pg_stat_database_session_time"
        ["datid", "datname"] upstream unit(Unit::Milliseconds) source("stat_database session_time");
    /// Seconds that sessions were connected
    SESSION_SECONDS: Counter = "pg_stat_database_session_seconds_total" ["datid", "datname"] source("stat_database session_time") times(1e-3);
    /// Sessions opened
    SESSIONS: Counter = "pg_stat_database_sessions" ["datid", "datname"] upstream source("stat_database sessions");
    /// Sessions that ended because the connection to the client was lost
    SESSIONS_ABANDONED: Counter = "pg_stat_database_sessions_abandoned" ["datid", "datname"] upstream source("stat_database sessions_abandoned");
    /// Sessions that ended by a fatal error
    SESSIONS_FATAL: Counter = "pg_stat_database_sessions_fatal" ["datid", "datname"] upstream source("stat_database sessions_fatal");
    /// Sessions that an operator ended
    SESSIONS_KILLED: Counter = "pg_stat_database_sessions_killed" ["datid", "datname"] upstream source("stat_database sessions_killed");
    /// Data pages whose checksum was wrong; absent where checksums are off
    CHECKSUM_FAILURES: Counter = "pg_stat_database_checksum_failures" ["datid", "datname"] upstream source("stat_database checksum_failures");
    /// Time at which a checksum was last found wrong
    CHECKSUM_LAST_FAILURE: Gauge = "pg_stat_database_checksum_last_failure" ["datid", "datname"] upstream unit(Unit::Seconds)
        source("stat_database checksum_last_failure");
    /// Parallel workers that queries planned to start, on 18 and later
    PARALLEL_WORKERS_TO_LAUNCH: Counter = "pg_stat_database_parallel_workers_to_launch_total"
        ["datid", "datname"] source("stat_database parallel_workers_to_launch");
    /// Parallel workers that queries started, on 18 and later
    PARALLEL_WORKERS_LAUNCHED: Counter = "pg_stat_database_parallel_workers_launched_total"
        ["datid", "datname"] source("stat_database parallel_workers_launched");
}
