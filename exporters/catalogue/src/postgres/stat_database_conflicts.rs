//! `pg_stat_database_conflicts`: queries that recovery cancelled on a standby, by cause.

crate::catalogue! {
    /// Queries cancelled because a tablespace was dropped
    TABLESPACE: Counter = "pg_stat_database_conflicts_confl_tablespace"
        ["server", "datid", "datname"] upstream source("stat_database_conflicts confl_tablespace");
    /// Queries cancelled because they waited too long for a lock
    LOCK: Counter = "pg_stat_database_conflicts_confl_lock" ["server", "datid", "datname"] upstream source("stat_database_conflicts confl_lock");
    /// Queries cancelled because they needed rows that were already removed on the primary
    SNAPSHOT: Counter = "pg_stat_database_conflicts_confl_snapshot"
        ["server", "datid", "datname"] upstream source("stat_database_conflicts confl_snapshot");
    /// Queries cancelled because they held a buffer pinned
    BUFFERPIN: Counter = "pg_stat_database_conflicts_confl_bufferpin"
        ["server", "datid", "datname"] upstream source("stat_database_conflicts confl_bufferpin");
    /// Queries cancelled because of a deadlock with recovery
    DEADLOCK: Counter = "pg_stat_database_conflicts_confl_deadlock"
        ["server", "datid", "datname"] upstream source("stat_database_conflicts confl_deadlock");
    /// Uses of logical slots cancelled by recovery, on 16 and later
    ACTIVE_LOGICAL_SLOT: Counter = "pg_stat_database_conflicts_confl_active_logicalslot" ["server", "datid", "datname"] upstream
        source("stat_database_conflicts confl_active_logicalslot");
}
