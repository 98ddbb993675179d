//! `INFO replication`, as a primary.

crate::catalogue! {
    /// Replicas that are connected
    CONNECTED: Gauge = "redis_connected_slaves" [] upstream source("INFO connected_slaves");
    /// Replication offset that the replica has confirmed
    REPLICA_OFFSET: Gauge = "redis_connected_slave_offset_bytes" ["slave_ip", "slave_port", "slave_state"] upstream;
    /// Seconds since the replica last confirmed its offset
    REPLICA_LAG: Gauge = "redis_connected_slave_lag_seconds" ["slave_ip", "slave_port", "slave_state"] upstream;
    /// Replicas whose lag is low enough to count for min-replicas-to-write
    GOOD_REPLICAS: Gauge = "redis_replication_good_replicas" [] source("INFO min_slaves_good_slaves");
    /// 1 for the state that a coordinated failover of this server is in
    FAILOVER_STATE: Gauge = "redis_failover_state" ["state"] closed(&[("state", &["no-failover", "waiting-for-sync", "failover-in-progress", "unknown"])]);
    /// Replication offset of the server
    OFFSET: Gauge = "redis_master_repl_offset" [] upstream source("INFO master_repl_offset");
    /// Offset up to which the former primary's replication identifier is accepted; -1 without one
    SECOND_OFFSET: Gauge = "redis_second_repl_offset" [] upstream source("INFO second_repl_offset");
    /// 1 if the replication backlog is in use, 0 if not
    BACKLOG_ACTIVE: Gauge = "redis_repl_backlog_is_active" [] upstream source("INFO repl_backlog_active");
    /// Size of the replication backlog
    BACKLOG_SIZE: Gauge = "redis_replication_backlog_bytes" [] upstream source("INFO repl_backlog_size");
    /// Replication offset of the oldest byte in the backlog
    BACKLOG_FIRST_OFFSET: Gauge = "redis_repl_backlog_first_byte_offset" [] upstream source("INFO repl_backlog_first_byte_offset");
    /// Bytes of data in the replication backlog
    BACKLOG_HISTORY: Gauge = "redis_repl_backlog_history_bytes" [] upstream source("INFO repl_backlog_histlen");
    /// Full synchronisations of replicas since the server started
    FULL_RESYNCS: Gauge = "redis_replica_resyncs_full" [] upstream source("INFO sync_full");
    /// Requests for a partial synchronisation that were granted since the server started
    PARTIAL_ACCEPTED: Gauge = "redis_replica_partial_resync_accepted" [] upstream source("INFO sync_partial_ok");
    /// Requests for a partial synchronisation that were denied since the server started
    PARTIAL_DENIED: Gauge = "redis_replica_partial_resync_denied" [] upstream source("INFO sync_partial_err");
    /// Full synchronisations of replicas
    FULL_RESYNCS_TOTAL: Counter = "redis_replica_full_resyncs_total" [] source("INFO sync_full");
    /// Requests for a partial synchronisation that were granted
    PARTIAL_ACCEPTED_TOTAL: Counter = "redis_replica_partial_resyncs_accepted_total" [] source("INFO sync_partial_ok");
    /// Requests for a partial synchronisation that were denied
    PARTIAL_DENIED_TOTAL: Counter = "redis_replica_partial_resyncs_denied_total" [] source("INFO sync_partial_err");
}
