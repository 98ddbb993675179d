//! Sessions and locks: `pg_stat_activity`, `pg_locks`, `pg_prepared_xacts`.

/// `pg_stat_activity` under the upstream exporter's names.
pub mod stat_activity {
    use crate::Unit;

    crate::catalogue! {
        /// Sessions in this state; application names past the budget are counted as "other"
        COUNT: Gauge = "pg_stat_activity_count"
            ["datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"] upstream;
        /// Seconds for which the longest transaction among these sessions has been open
        MAX_TX_DURATION: Gauge = "pg_stat_activity_max_tx_duration"
            ["datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"] upstream unit(Unit::Seconds);
    }
}

/// All backends, those without a database too.
pub mod sessions {
    crate::catalogue! {
        /// Backends of every type, by state and class of what they wait for
        COUNT: Gauge = "pg_sessions" ["backend_type", "state", "wait_event_type"];
        /// Seconds for which the longest transaction of a client has been open, by state
        LONGEST_TRANSACTION: Gauge = "pg_sessions_longest_transaction_seconds" ["state"];
        /// Seconds for which the longest statement of a client has been running; 0 if none runs
        LONGEST_QUERY: Gauge = "pg_sessions_longest_query_seconds" [];
        /// Seconds for which a client has been idle inside a transaction at most; 0 if none is
        LONGEST_IDLE: Gauge = "pg_sessions_longest_idle_in_transaction_seconds" [];
    }
}

/// Autovacuum workers, under the upstream exporter's name and with schema and database.
pub mod stat_activity_autovacuum {
    crate::catalogue! {
        /// Time at which the autovacuum worker began with the table
        TIMESTAMP: Gauge = "pg_stat_activity_autovacuum_timestamp_seconds" ["relname"] upstream source("stat_activity_autovacuum started");
        /// Time at which the autovacuum worker began with the table
        WORKER_START: Gauge = "pg_autovacuum_worker_start_timestamp_seconds"
            ["datname", "schemaname", "relname"] source("stat_activity_autovacuum worker_started");
    }
}

/// Transactions open for more than a minute.
pub mod long_running_transactions {
    crate::catalogue! {
        /// Transactions that have been open for more than a minute
        COUNT: Gauge = "pg_long_running_transactions" [] upstream source("long_running_transactions transactions");
        /// Age, not a timestamp, of the oldest transaction that has been open for more than a minute
        OLDEST: Gauge = "pg_long_running_transactions_oldest_timestamp_seconds" [] upstream source("long_running_transactions oldest");
        /// Age of the oldest transaction that has been open for more than a minute
        OLDEST_AGE: Gauge = "pg_long_running_transactions_oldest_age_seconds" [] source("long_running_transactions oldest_age");
    }
}

/// How long idle sessions have been idle.
pub mod process_idle {
    crate::catalogue! {
        /// Seconds for which idle sessions have been idle
        SECONDS: Histogram = "pg_process_idle_seconds" ["state", "application_name"] upstream
            bounds(&[1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 90.0, 120.0, 300.0]);
    }
}

/// `pg_locks`.
pub mod locks {
    crate::catalogue! {
        /// Locks held or awaited, by database and mode
        COUNT: Gauge = "pg_locks_count" ["datname", "mode"] upstream source("locks count");
        /// Locks awaited, by database and mode
        WAITING: Gauge = "pg_locks_waiting" ["datname", "mode"] source("locks waiting");
    }
}

/// Who waits for whom.
pub mod lock_waits {
    crate::catalogue! {
        /// Sessions that wait for a lock
        SESSIONS: Gauge = "pg_lock_waits_blocked_sessions" [] source("lock_waits blocked");
        /// Seconds for which a session has waited for its lock at most; 0 if none waits
        LONGEST: Gauge = "pg_lock_waits_longest_seconds" [] source("lock_waits longest");
        /// Sessions that block others and wait for nobody themselves: the ends of all chains
        ROOTS: Gauge = "pg_lock_waits_root_blockers" [] source("lock_waits roots");
        /// Sessions that one session blocks directly, at most
        WIDEST: Gauge = "pg_lock_waits_blocked_directly_max" [] source("lock_waits widest");
        /// Seconds for which the transaction of a root blocker has been open at most; 0 if there is none
        ROOT_TRANSACTION: Gauge = "pg_lock_waits_root_transaction_seconds" [] source("lock_waits root_transaction");
    }
}

/// What keeps dead rows from being removed.
pub mod xmin_horizon {
    /// Who can hold the horizon back.
    pub const HOLDERS: &[&str] = &["session", "prepared_transaction", "replication_slot", "replication_slot_catalog", "standby"];

    crate::catalogue! {
        /// Transactions since the oldest one that this kind of holder still has to see; absent if it holds nothing
        AGE: Gauge = "pg_xmin_horizon_age" ["holder"] source("xmin_horizon age") closed(&[("holder", HOLDERS)]);
        /// Transactions prepared for two-phase commit and neither committed nor rolled back
        PREPARED: Gauge = "pg_prepared_transactions" [] source("xmin_horizon prepared");
        /// Seconds since the oldest of them was prepared; 0 if there is none
        PREPARED_OLDEST: Gauge = "pg_prepared_transactions_oldest_seconds" [] source("xmin_horizon prepared_oldest");
    }
}
