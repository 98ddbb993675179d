//! The server itself: version, role, times, and how many connections it has left.

crate::catalogue! {
    /// Version of the server as labels; always 1
    STATIC: Gauge = "pg_static" ["server", "version", "short_version"] upstream;
    /// Identity of the cluster, which a restart or promotion does not change; always 1
    IDENTITY: Gauge = "pg_server_info" ["system_identifier", "short_version"];
    /// Time at which the server started
    START_TIME: Gauge = "pg_server_start_time_seconds" [] source("server start_time");
    /// Time at which the server last read its configuration files
    CONFIG_LOAD_TIME: Gauge = "pg_server_config_load_time_seconds" [] source("server config_load_time");
    /// Timeline of the last checkpoint
    TIMELINE: Gauge = "pg_server_timeline" [] source("server timeline");
    /// Time of the last checkpoint
    CHECKPOINT_TIME: Gauge = "pg_server_last_checkpoint_timestamp_seconds" [] source("server checkpoint_time");
    /// Position in the write-ahead log: written on a primary, received on a standby
    WAL_POSITION: Gauge = "pg_server_wal_position_bytes" [] source("server wal_position");
    /// Changes between primary and standby that the exporter has seen
    ROLE_CHANGES: Counter = "pg_server_role_changes_total" [];
    /// Changes of the timeline that the exporter has seen
    TIMELINE_CHANGES: Counter = "pg_server_timeline_changes_total" [];
    /// Restarts of the server that the exporter has seen
    RESTARTS: Counter = "pg_server_restarts_total" [];
    /// Client sessions
    CONNECTIONS: Gauge = "pg_connections" [] source("server connections");
    /// Most connections that the server takes
    CONNECTIONS_MAX: Gauge = "pg_connections_max" [] source("server connections_max");
    /// Connections kept back for superusers and for roles with a reservation
    CONNECTIONS_RESERVED: Gauge = "pg_connections_reserved" [] source("server connections_reserved");
    /// Share of the connections open to ordinary roles that is in use
    CONNECTIONS_USED: Gauge = "pg_connections_used_ratio" [] source("server connections_used");
}

/// `pg_postmaster_start_time()` under the upstream exporter's name.
pub mod postmaster {
    crate::catalogue! {
        /// Time at which the postmaster started
        START_TIME: Gauge = "pg_postmaster_start_time_seconds" [] upstream source("postmaster start_time");
    }
}

/// Recovery, as seen from the standby.
pub mod replication {
    use crate::Unit;

    crate::catalogue! {
        /// Seconds by which replay trails the primary; 0 on a primary and when all that was received is replayed
        LAG: Gauge = "pg_replication_lag_seconds" [] upstream source("replication lag");
        /// 1 on a standby, 0 on a primary
        IS_REPLICA: Gauge = "pg_replication_is_replica" [] upstream source("replication is_replica");
        /// Seconds since the last replayed transaction was committed on the primary
        LAST_REPLAY: Gauge = "pg_replication_last_replay_seconds" [] upstream source("replication last_replay");
        /// Bytes received and not yet replayed; absent on a primary
        REPLAY_BACKLOG: Gauge = "pg_replication_replay_backlog_bytes" [] source("replication replay_backlog");
        /// 1 while replay is paused; absent on a primary
        REPLAY_PAUSED: Gauge = "pg_replication_replay_paused" [] source("replication replay_paused");
        /// 1 while a receiver streams from the primary, 0 while the link is cut; absent on a primary
        RECEIVER_UP: Gauge = "pg_replication_receiver_up" [] source("replication receiver_up");
        /// Seconds since the last message of the primary arrived; grows while the link is silent
        RECEIVER_AGE: Gauge = "pg_replication_receiver_last_message_age_seconds" [] unit(Unit::Seconds) source("replication receiver_age");
    }
}

/// `pg_stat_archiver`.
pub mod stat_archiver {
    use crate::Unit;

    crate::catalogue! {
        /// WAL files archived
        ARCHIVED_COUNT: Counter = "pg_stat_archiver_archived_count" [] upstream source("stat_archiver archived_count");
        /// Failed attempts to archive a WAL file
        FAILED_COUNT: Counter = "pg_stat_archiver_failed_count" [] upstream source("stat_archiver failed_count");
        /// Seconds since a WAL file was last archived; absent before the first
        LAST_ARCHIVE_AGE: Gauge = "pg_stat_archiver_last_archive_age" [] upstream unit(Unit::Seconds) source("stat_archiver last_archive_age");
        /// Time at which a WAL file was last archived
        LAST_ARCHIVED: Gauge = "pg_stat_archiver_last_archived_timestamp_seconds" [] source("stat_archiver last_archived_time");
        /// Time at which archiving last failed
        LAST_FAILED: Gauge = "pg_stat_archiver_last_failed_timestamp_seconds" [] source("stat_archiver last_failed_time");
        /// 1 while the last attempt to archive failed and none has succeeded since
        FAILING: Gauge = "pg_stat_archiver_failing" [] source("stat_archiver archiver_failing");
    }
}

/// `pg_stat_wal_receiver` under the upstream exporter's names.
pub mod stat_wal_receiver {
    use crate::Unit;

    crate::catalogue! {
        /// Position at which the receiver started
        RECEIVE_START_LSN: Counter = "pg_stat_wal_receiver_receive_start_lsn"
            ["upstream_host", "slot_name", "status"] upstream unit(Unit::Bytes) source("stat_wal_receiver receive_start_lsn");
        /// Last position that is on the standby's disk
        FLUSHED_LSN: Counter = "pg_stat_wal_receiver_flushed_lsn"
            ["upstream_host", "slot_name", "status"] upstream unit(Unit::Bytes) source("stat_wal_receiver flushed_lsn");
        /// Timeline at which the receiver started
        RECEIVE_START_TLI: Gauge = "pg_stat_wal_receiver_receive_start_tli"
            ["upstream_host", "slot_name", "status"] upstream source("stat_wal_receiver receive_start_tli");
        /// Timeline of the last position on disk
        RECEIVED_TLI: Gauge = "pg_stat_wal_receiver_received_tli"
            ["upstream_host", "slot_name", "status"] upstream source("stat_wal_receiver received_tli");
        /// Time at which the primary sent its last message
        LAST_MSG_SEND_TIME: Counter = "pg_stat_wal_receiver_last_msg_send_time"
            ["upstream_host", "slot_name", "status"] upstream unit(Unit::Seconds) source("stat_wal_receiver last_msg_send_time");
        /// Time at which the last message of the primary arrived
        LAST_MSG_RECEIPT_TIME: Counter = "pg_stat_wal_receiver_last_msg_receipt_time"
            ["upstream_host", "slot_name", "status"] upstream unit(Unit::Seconds) source("stat_wal_receiver last_msg_receipt_time");
        /// Last position that was reported to the primary
        LATEST_END_LSN: Counter = "pg_stat_wal_receiver_latest_end_lsn"
            ["upstream_host", "slot_name", "status"] upstream unit(Unit::Bytes) source("stat_wal_receiver latest_end_lsn");
        /// Time of the last report to the primary
        LATEST_END_TIME: Counter = "pg_stat_wal_receiver_latest_end_time"
            ["upstream_host", "slot_name", "status"] upstream unit(Unit::Seconds) source("stat_wal_receiver latest_end_time");
        /// Node number of the primary, where the name of a repmgr slot holds one; -1 if not
        UPSTREAM_NODE: Gauge = "pg_stat_wal_receiver_upstream_node"
            ["upstream_host", "slot_name", "status"] upstream source("stat_wal_receiver upstream_node");
    }
}
