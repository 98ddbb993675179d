//! `INFO replication`, as a replica: one series for each primary that the server follows.
//!
//! The field after `REPLICA ` is the one of the first primary; `KeyDB` numbers those of the others (`master_1_host`).

crate::catalogue! {
    /// The primary that the server follows and whether it takes writes itself; always 1
    REPLICA: Gauge = "redis_slave_info" ["master_host", "master_port", "read_only"] upstream;
    /// 1 if the link to the primary is up, 0 if not
    LINK_UP: Gauge = "redis_master_link_up" ["master_host", "master_port"] upstream source("REPLICA master_link_status");
    /// Seconds since the link to the primary went down; -1 while it was never up
    LINK_DOWN: Gauge = "redis_master_link_down_seconds" ["master_host", "master_port"] source("REPLICA master_link_down_since_seconds");
    /// Seconds since the primary last sent something; -1 while the link is down
    LAST_IO: Gauge = "redis_master_last_io_seconds_ago" ["master_host", "master_port"] upstream unit(crate::Unit::Seconds) source("REPLICA master_last_io_seconds_ago");
    /// 1 while the primary sends its whole data, 0 if not
    SYNC_IN_PROGRESS: Gauge = "redis_master_sync_in_progress" ["master_host", "master_port"] upstream source("REPLICA master_sync_in_progress");
    /// Bytes that the primary will send in the running synchronisation; 0 while unknown
    SYNC_SIZE: Gauge = "redis_master_sync_size_bytes" ["master_host", "master_port"] source("REPLICA master_sync_total_bytes");
    /// Bytes that the primary has sent in the running synchronisation
    SYNC_READ: Gauge = "redis_master_sync_read_bytes" ["master_host", "master_port"] source("REPLICA master_sync_read_bytes");
    /// Bytes that the primary has yet to send in the running synchronisation; negative while unknown
    SYNC_LEFT: Gauge = "redis_master_sync_left_bytes" ["master_host", "master_port"] source("REPLICA master_sync_left_bytes");
    /// Share of the running synchronisation that is done
    SYNC_RATIO: Gauge = "redis_master_sync_ratio" ["master_host", "master_port"] source("REPLICA master_sync_perc") times(0.01);
    /// Seconds since the primary last sent something of the running synchronisation
    SYNC_LAST_IO: Gauge = "redis_master_sync_last_io_seconds" ["master_host", "master_port"] source("REPLICA master_sync_last_io_seconds_ago");
    /// Replication offset that the replica has applied
    OFFSET: Gauge = "redis_slave_repl_offset" ["master_host", "master_port"] upstream source("REPLICA slave_repl_offset");
    /// Replication offset that the replica has read
    READ_OFFSET: Gauge = "redis_replica_read_offset_bytes" ["master_host", "master_port"] source("REPLICA slave_read_repl_offset");
    /// Rank of the replica when a new primary is chosen; lower goes first, 0 never
    PRIORITY: Gauge = "redis_slave_priority" [] upstream source("INFO slave_priority");
    /// 1 if Sentinel announces the replica, 0 if it is hidden
    ANNOUNCED: Gauge = "redis_replica_announced" [] source("INFO replica_announced");
}
