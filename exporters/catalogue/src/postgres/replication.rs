//! What leaves the server: streaming standbys, slots, subscriptions.

/// `pg_stat_replication`, seen from the server that sends.
pub mod stat_replication {
    crate::catalogue! {
        /// Position in the write-ahead log of the server that sends
        CURRENT_LSN: Gauge = "pg_stat_replication_pg_current_wal_lsn_bytes"
            ["application_name", "client_addr", "state", "slot_name", "pid"] upstream source("stat_replication current_lsn");
        /// Bytes between the server's position and what the standby has replayed
        LSN_DIFF: Gauge = "pg_stat_replication_pg_wal_lsn_diff"
            ["application_name", "client_addr", "state", "slot_name", "pid"] upstream source("stat_replication replay_bytes");
        /// Bytes not yet sent to the standby
        SENT_LAG_BYTES: Gauge = "pg_stat_replication_send_lag_bytes"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication sent_bytes");
        /// Bytes not yet written by the standby
        WRITE_LAG_BYTES: Gauge = "pg_stat_replication_write_lag_bytes"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication write_bytes");
        /// Bytes not yet on the standby's disk
        FLUSH_LAG_BYTES: Gauge = "pg_stat_replication_flush_lag_bytes"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication flush_bytes");
        /// Bytes not yet replayed by the standby
        REPLAY_LAG_BYTES: Gauge = "pg_stat_replication_replay_lag_bytes"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication replay_lag_bytes");
        /// Seconds from the local flush of recent WAL until the standby had written it; absent while nothing is written
        WRITE_LAG: Gauge = "pg_stat_replication_write_lag_seconds"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication write_lag");
        /// Seconds from the local flush of recent WAL until it was on the standby's disk; absent while nothing is written
        FLUSH_LAG: Gauge = "pg_stat_replication_flush_lag_seconds"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication flush_lag");
        /// Seconds from the local flush of recent WAL until the standby had replayed it; absent while nothing is written
        REPLAY_LAG: Gauge = "pg_stat_replication_replay_lag_seconds"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication replay_lag");
        /// Seconds since the standby last reported; grows while the link is cut
        REPLY_AGE: Gauge = "pg_stat_replication_reply_age_seconds"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication reply_age");
        /// 1 if commits wait for the standby, 0 if not
        SYNCHRONOUS: Gauge = "pg_stat_replication_synchronous"
            ["application_name", "client_addr", "slot_name", "pid"] source("stat_replication synchronous");
    }
}

/// `pg_replication_slots` and `pg_stat_replication_slots`.
pub mod replication_slots {
    crate::catalogue! {
        /// 1 if the slot is in use, 0 if not
        ACTIVE: Gauge = "pg_replication_slots_active" ["slot_name", "database"] upstream source("replication_slots active");
        /// Bytes of WAL that the slot keeps
        WAL_LSN_DIFF: Gauge = "pg_replication_slots_pg_wal_lsn_diff" ["slot_name", "database"] upstream source("replication_slots retained");
        /// Position in the write-ahead log
        CURRENT_WAL_LSN: Gauge = "pg_replication_slots_slot_current_wal_lsn"
            ["slot_name", "slot_type"] upstream source("replication_slots current_lsn");
        /// Position that the consumer of the slot has confirmed
        CONFIRMED_FLUSH_LSN: Gauge = "pg_replication_slots_slot_confirmed_flush_lsn"
            ["slot_name", "slot_type"] upstream source("replication_slots confirmed_flush_lsn");
        /// 1 if the slot is in use, 0 if not
        IS_ACTIVE: Gauge = "pg_replication_slots_slot_is_active" ["slot_name", "slot_type"] upstream source("replication_slots is_active");
        /// Bytes that may still be written before the slot is in danger of being lost
        SAFE_WAL_SIZE: Gauge = "pg_replication_slots_safe_wal_size_bytes"
            ["slot_name", "slot_type"] upstream source("replication_slots safe_wal_size");
        /// 1 for the availability of the WAL that the slot needs
        WAL_STATUS: Gauge = "pg_replication_slots_wal_status" ["slot_name", "slot_type", "wal_status"] upstream source("replication_slots present");
        /// Bytes between the server's position and what the consumer of the slot has confirmed
        CONFIRMED_LAG: Gauge = "pg_replication_slots_confirmed_flush_lag_bytes" ["slot_name", "slot_type"] source("replication_slots confirmed_lag");
        /// Transactions since the oldest row that the slot keeps
        XMIN_AGE: Gauge = "pg_replication_slots_xmin_age" ["slot_name", "slot_type"] source("replication_slots xmin_age");
        /// Transactions since the oldest row of the system catalogues that the slot keeps
        CATALOG_XMIN_AGE: Gauge = "pg_replication_slots_catalog_xmin_age" ["slot_name", "slot_type"] source("replication_slots catalog_xmin_age");
        /// Time since which the slot is not in use, on 17 and later
        INACTIVE_SINCE: Gauge = "pg_replication_slots_inactive_since_timestamp_seconds"
            ["slot_name", "slot_type"] source("replication_slots inactive_since");
        /// 1 if a logical slot was invalidated by recovery, 0 if not, on 16 and later
        CONFLICTING: Gauge = "pg_replication_slots_conflicting" ["slot_name", "slot_type"] source("replication_slots conflicting");
        /// Transactions that a logical slot wrote to disk because they exceeded its memory
        SPILL_TXNS: Counter = "pg_stat_replication_slots_spill_transactions_total" ["slot_name"] source("replication_slots spill_txns");
        /// Times that a logical slot wrote transactions to disk
        SPILL_COUNT: Counter = "pg_stat_replication_slots_spills_total" ["slot_name"] source("replication_slots spill_count");
        /// Bytes that a logical slot wrote to disk
        SPILL_BYTES: Counter = "pg_stat_replication_slots_spill_bytes_total" ["slot_name"] source("replication_slots spill_bytes");
        /// Transactions in progress that a logical slot sent because they exceeded its memory
        STREAM_TXNS: Counter = "pg_stat_replication_slots_stream_transactions_total" ["slot_name"] source("replication_slots stream_txns");
        /// Times that a logical slot sent transactions in progress
        STREAM_COUNT: Counter = "pg_stat_replication_slots_streams_total" ["slot_name"] source("replication_slots stream_count");
        /// Bytes of transactions in progress that a logical slot sent
        STREAM_BYTES: Counter = "pg_stat_replication_slots_stream_bytes_total" ["slot_name"] source("replication_slots stream_bytes");
        /// Transactions that a logical slot decoded
        TOTAL_TXNS: Counter = "pg_stat_replication_slots_transactions_total" ["slot_name"] source("replication_slots total_txns");
        /// Bytes that a logical slot decoded
        TOTAL_BYTES: Counter = "pg_stat_replication_slots_bytes_total" ["slot_name"] source("replication_slots total_bytes");
    }
}

/// `pg_subscription` with its statistics.
pub mod stat_subscription {
    crate::catalogue! {
        /// 1 if the subscription is enabled, 0 if not
        ENABLED: Gauge = "pg_subscription_enabled" ["datname", "subname"] source("stat_subscription enabled");
        /// Workers of the subscription that run
        WORKERS: Gauge = "pg_subscription_workers" ["datname", "subname"] source("stat_subscription workers");
        /// Position up to which the subscription has received
        RECEIVED_LSN: Gauge = "pg_subscription_received_lsn_bytes" ["datname", "subname"] source("stat_subscription received_lsn");
        /// Seconds since the publisher's last message arrived; grows while the link is cut
        MESSAGE_AGE: Gauge = "pg_subscription_last_message_age_seconds" ["datname", "subname"] source("stat_subscription message_age");
        /// Errors while changes were applied, on 15 and later
        APPLY_ERRORS: Counter = "pg_subscription_apply_errors_total" ["datname", "subname"] source("stat_subscription apply_error_count");
        /// Errors while tables were first copied, on 15 and later
        SYNC_ERRORS: Counter = "pg_subscription_sync_errors_total" ["datname", "subname"] source("stat_subscription sync_error_count");
        /// Tables of the subscriptions of the database the exporter is connected to, by state of their synchronisation
        TABLES: Gauge = "pg_subscription_tables" ["datname", "subname", "state"] source("stat_subscription tables");
    }
}
