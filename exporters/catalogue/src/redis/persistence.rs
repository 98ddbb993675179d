//! `INFO persistence`: snapshots, the append-only file, loading.

use crate::Unit;

crate::catalogue! {
    /// 1 while the server loads a dump, 0 if not
    LOADING: Gauge = "redis_loading_dump_file" [] upstream source("INFO loading");
    /// 1 while a replica loads its primary's data and serves the old, 0 if not
    ASYNC_LOADING: Gauge = "redis_async_loading" [] upstream source("INFO async_loading");
    /// Time at which the load in progress began
    LOADING_START: Gauge = "redis_loading_start_timestamp_seconds" [] source("INFO loading_start_time");
    /// Size of the file being loaded
    LOADING_SIZE: Gauge = "redis_loading_file_size_bytes" [] source("INFO loading_total_bytes");
    /// Bytes of the file that are loaded
    LOADING_LOADED: Gauge = "redis_loading_loaded_bytes" [] source("INFO loading_loaded_bytes");
    /// Share of the file that is loaded
    LOADING_RATIO: Gauge = "redis_loading_loaded_ratio" [] source("INFO loading_loaded_perc") times(0.01);
    /// Seconds until the load is expected to end
    LOADING_ETA: Gauge = "redis_loading_remaining_seconds" [] source("INFO loading_eta_seconds");
    /// Memory that the server which wrote the file used when it did
    LOADING_RDB_MEMORY: Gauge = "redis_loading_rdb_used_memory_bytes" [] source("INFO loading_rdb_used_mem");
    /// Share of the current save, rewrite or sync that the child process has done
    FORK_RATIO: Gauge = "redis_child_progress_ratio" [] source("INFO current_fork_perc") times(0.01);
    /// Keys that the current save has processed
    SAVE_KEYS_PROCESSED: Gauge = "redis_child_save_processed_keys" [] source("INFO current_save_keys_processed");
    /// Keys at the start of the current save
    SAVE_KEYS: Gauge = "redis_child_save_keys" [] source("INFO current_save_keys_total");
    /// Bytes copied on write while the current child process runs
    COW_SIZE: Gauge = "redis_child_cow_size_bytes" [] source("INFO current_cow_size");
    /// Most bytes copied on write while the current child process ran
    COW_PEAK: Gauge = "redis_child_cow_peak_bytes" [] source("INFO current_cow_peak");
    /// Age of the figure for bytes copied on write
    COW_AGE: Gauge = "redis_child_cow_size_age_seconds" [] source("INFO current_cow_size_age");
    /// Writes since the last successful snapshot
    RDB_CHANGES: Gauge = "redis_rdb_changes_since_last_save" [] upstream source("INFO rdb_changes_since_last_save");
    /// 1 while a snapshot is written in the background, 0 if not
    RDB_IN_PROGRESS: Gauge = "redis_rdb_bgsave_in_progress" [] upstream source("INFO rdb_bgsave_in_progress");
    /// Time of the last successful snapshot
    RDB_LAST_SAVE: Gauge = "redis_rdb_last_save_timestamp_seconds" [] upstream source("INFO rdb_last_save_time");
    /// 1 if the last background snapshot succeeded, 0 if it failed
    RDB_LAST_STATUS: Gauge = "redis_rdb_last_bgsave_status" [] upstream source("INFO rdb_last_bgsave_status");
    /// Seconds that the last background snapshot took; -1 before the first
    RDB_LAST_DURATION: Gauge = "redis_rdb_last_bgsave_duration_sec" [] upstream unit(Unit::Seconds) source("INFO rdb_last_bgsave_time_sec");
    /// Seconds that the running background snapshot has taken; -1 while none runs
    RDB_CURRENT_DURATION: Gauge = "redis_rdb_current_bgsave_duration_sec" [] upstream unit(Unit::Seconds) source("INFO rdb_current_bgsave_time_sec");
    /// Snapshots written since the server started
    RDB_SAVES: Gauge = "redis_rdb_saves_total" [] upstream source("INFO rdb_saves");
    /// Snapshots written
    RDB_SNAPSHOTS: Counter = "redis_rdb_snapshots_total" [] source("INFO rdb_saves");
    /// Bytes copied on write during the last snapshot
    RDB_LAST_COW_SIZE: Gauge = "redis_rdb_last_cow_size_bytes" [] upstream source("INFO rdb_last_cow_size");
    /// Keys that the last load of a snapshot found expired
    RDB_LAST_LOAD_EXPIRED: Gauge = "redis_rdb_last_load_expired_keys" [] upstream source("INFO rdb_last_load_keys_expired");
    /// Keys that the last load of a snapshot read
    RDB_LAST_LOAD_LOADED: Gauge = "redis_rdb_last_load_loaded_keys" [] upstream source("INFO rdb_last_load_keys_loaded");
    /// 1 if the append-only file is on, 0 if not
    AOF_ENABLED: Gauge = "redis_aof_enabled" [] upstream source("INFO aof_enabled");
    /// 1 while the append-only file is rewritten, 0 if not
    AOF_REWRITE_IN_PROGRESS: Gauge = "redis_aof_rewrite_in_progress" [] upstream source("INFO aof_rewrite_in_progress");
    /// 1 if a rewrite of the append-only file waits for the snapshot to end, 0 if not
    AOF_REWRITE_SCHEDULED: Gauge = "redis_aof_rewrite_scheduled" [] upstream source("INFO aof_rewrite_scheduled");
    /// Seconds that the last rewrite of the append-only file took; -1 before the first
    AOF_LAST_REWRITE: Gauge = "redis_aof_last_rewrite_duration_sec" [] upstream unit(Unit::Seconds) source("INFO aof_last_rewrite_time_sec");
    /// Seconds that the running rewrite of the append-only file has taken; -1 while none runs
    AOF_CURRENT_REWRITE: Gauge = "redis_aof_current_rewrite_duration_sec" [] upstream unit(Unit::Seconds) source("INFO aof_current_rewrite_time_sec");
    /// 1 if the last rewrite of the append-only file succeeded, 0 if it failed
    AOF_LAST_REWRITE_STATUS: Gauge = "redis_aof_last_bgrewrite_status" [] upstream source("INFO aof_last_bgrewrite_status");
    /// 1 if the last write to the append-only file succeeded, 0 if it failed
    AOF_LAST_WRITE_STATUS: Gauge = "redis_aof_last_write_status" [] upstream source("INFO aof_last_write_status");
    /// Rewrites of the append-only file
    AOF_REWRITES: Counter = "redis_aof_rewrites_total" [] source("INFO aof_rewrites");
    /// Rewrites of the append-only file that failed since the last one that succeeded
    AOF_REWRITE_FAILURES: Gauge = "redis_aof_rewrite_consecutive_failures" [] source("INFO aof_rewrites_consecutive_failures");
    /// Bytes copied on write during the last rewrite of the append-only file
    AOF_LAST_COW_SIZE: Gauge = "redis_aof_last_cow_size_bytes" [] upstream source("INFO aof_last_cow_size");
    /// Size of the append-only file
    AOF_CURRENT_SIZE: Gauge = "redis_aof_current_size_bytes" [] upstream source("INFO aof_current_size");
    /// Size of the append-only file after its last rewrite or when the server started
    AOF_BASE_SIZE: Gauge = "redis_aof_base_size_bytes" [] upstream source("INFO aof_base_size");
    /// Bytes in the write buffer of the append-only file
    AOF_BUFFER_LENGTH: Gauge = "redis_aof_buffer_length" [] upstream unit(Unit::Bytes) source("INFO aof_buffer_length");
    /// Bytes in the rewrite buffer of the append-only file, on servers before 7.0
    AOF_REWRITE_BUFFER_LENGTH: Gauge = "redis_aof_rewrite_buffer_length" [] upstream unit(Unit::Bytes) source("INFO aof_rewrite_buffer_length");
    /// 1 if a rewrite of the append-only file is due after the snapshot, 0 if not
    AOF_PENDING_REWRITE: Gauge = "redis_aof_pending_rewrite" [] upstream source("INFO aof_pending_rewrite");
    /// Syncs of the append-only file to disk that wait for the background thread
    AOF_PENDING_FSYNC: Gauge = "redis_aof_pending_bio_fsync" [] upstream source("INFO aof_pending_bio_fsync");
    /// Writes to the append-only file that a sync in progress has held up since the server started
    AOF_DELAYED_FSYNC: Gauge = "redis_aof_delayed_fsync" [] upstream source("INFO aof_delayed_fsync");
    /// Writes to the append-only file that a sync in progress has held up
    AOF_DELAYED_FSYNCS: Counter = "redis_aof_delayed_fsyncs_total" [] source("INFO aof_delayed_fsync");
    /// 1 while a child process of a module runs, 0 if not
    MODULE_FORK_IN_PROGRESS: Gauge = "redis_module_fork_in_progress" [] upstream source("INFO module_fork_in_progress");
    /// Bytes copied on write while the last child process of a module ran
    MODULE_FORK_LAST_COW_SIZE: Gauge = "redis_module_fork_last_cow_size" [] upstream unit(Unit::Bytes) source("INFO module_fork_last_cow_size");
}
