//! What writes pages and log: `pg_stat_bgwriter`, `pg_stat_checkpointer`, `pg_stat_wal`.

/// `pg_stat_bgwriter` as it was before 17; later servers fill the same names from the views that took its columns over.
pub mod stat_bgwriter {
    use crate::Unit;

    crate::catalogue! {
        /// Checkpoints that were due by time
        CHECKPOINTS_TIMED: Counter = "pg_stat_bgwriter_checkpoints_timed_total" [] upstream source("stat_bgwriter checkpoints_timed");
        /// Checkpoints that were asked for, by the volume of WAL or by hand
        CHECKPOINTS_REQ: Counter = "pg_stat_bgwriter_checkpoints_req_total" [] upstream source("stat_bgwriter checkpoints_req");
        /// Milliseconds spent writing files in checkpoints
        CHECKPOINT_WRITE_TIME: Counter = "pg_stat_bgwriter_checkpoint_write_time_total"
            [] upstream unit(Unit::Milliseconds) source("stat_bgwriter checkpoint_write_time");
        /// Milliseconds spent synchronising files in checkpoints
        CHECKPOINT_SYNC_TIME: Counter = "pg_stat_bgwriter_checkpoint_sync_time_total"
            [] upstream unit(Unit::Milliseconds) source("stat_bgwriter checkpoint_sync_time");
        /// Buffers that checkpoints wrote
        BUFFERS_CHECKPOINT: Counter = "pg_stat_bgwriter_buffers_checkpoint_total" [] upstream source("stat_bgwriter buffers_checkpoint");
        /// Buffers that sessions had to write themselves
        BUFFERS_BACKEND: Counter = "pg_stat_bgwriter_buffers_backend_total" [] upstream source("stat_bgwriter buffers_backend");
        /// Times that a session had to synchronise a file itself
        BUFFERS_BACKEND_FSYNC: Counter = "pg_stat_bgwriter_buffers_backend_fsync_total" [] upstream source("stat_bgwriter buffers_backend_fsync");
        /// Buffers that the background writer wrote
        BUFFERS_CLEAN: Counter = "pg_stat_bgwriter_buffers_clean_total" [] upstream source("stat_bgwriter buffers_clean");
        /// Times that the background writer stopped because it had written too many buffers
        MAXWRITTEN_CLEAN: Counter = "pg_stat_bgwriter_maxwritten_clean_total" [] upstream source("stat_bgwriter maxwritten_clean");
        /// Buffers allocated
        BUFFERS_ALLOC: Counter = "pg_stat_bgwriter_buffers_alloc_total" [] upstream source("stat_bgwriter buffers_alloc");
        /// Time of the last reset of these statistics; a timestamp under the type that the upstream exporter gives it
        STATS_RESET: Counter = "pg_stat_bgwriter_stats_reset_total" [] upstream unit(Unit::Seconds) source("stat_bgwriter bgwriter_stats_reset");
        /// Time of the last reset of the background writer's statistics
        STATS_RESET_TIMESTAMP: Gauge = "pg_stat_bgwriter_stats_reset_timestamp_seconds" [] source("stat_bgwriter bgwriter_stats_reset");
    }
}

/// `pg_stat_checkpointer`; servers before 17 fill the names from `pg_stat_bgwriter` as far as it has them.
pub mod stat_checkpointer {
    use crate::Unit;

    crate::catalogue! {
        /// Checkpoints that were due by time
        NUM_TIMED: Counter = "pg_stat_checkpointer_num_timed_total" [] upstream source("stat_checkpointer checkpoints_timed");
        /// Checkpoints that were asked for, by the volume of WAL or by hand
        NUM_REQUESTED: Counter = "pg_stat_checkpointer_num_requested_total" [] upstream source("stat_checkpointer checkpoints_req");
        /// Checkpoints that were carried out, on 18 and later
        NUM_DONE: Counter = "pg_stat_checkpointer_num_done_total" [] source("stat_checkpointer num_done");
        /// Restartpoints that were due by time
        RESTARTPOINTS_TIMED: Counter = "pg_stat_checkpointer_restartpoints_timed_total" [] upstream source("stat_checkpointer restartpoints_timed");
        /// Restartpoints that were asked for
        RESTARTPOINTS_REQ: Counter = "pg_stat_checkpointer_restartpoints_req_total" [] upstream source("stat_checkpointer restartpoints_req");
        /// Restartpoints that were carried out
        RESTARTPOINTS_DONE: Counter = "pg_stat_checkpointer_restartpoints_done_total" [] upstream source("stat_checkpointer restartpoints_done");
        /// Milliseconds spent writing files in checkpoints and restartpoints
        WRITE_TIME: Counter = "pg_stat_checkpointer_write_time_total"
            [] upstream unit(Unit::Milliseconds) source("stat_checkpointer checkpoint_write_time");
        /// Seconds spent writing files in checkpoints and restartpoints
        WRITE_SECONDS: Counter = "pg_stat_checkpointer_write_seconds_total" [] source("stat_checkpointer checkpoint_write_time") times(1e-3);
        /// Milliseconds spent synchronising files in checkpoints and restartpoints
        SYNC_TIME: Counter = "pg_stat_checkpointer_sync_time_total"
            [] upstream unit(Unit::Milliseconds) source("stat_checkpointer checkpoint_sync_time");
        /// Seconds spent synchronising files in checkpoints and restartpoints
        SYNC_SECONDS: Counter = "pg_stat_checkpointer_sync_seconds_total" [] source("stat_checkpointer checkpoint_sync_time") times(1e-3);
        /// Buffers that checkpoints and restartpoints wrote
        BUFFERS_WRITTEN: Counter = "pg_stat_checkpointer_buffers_written_total" [] upstream source("stat_checkpointer buffers_checkpoint");
        /// Buffers of the transaction status caches that checkpoints wrote, on 18 and later
        SLRU_WRITTEN: Counter = "pg_stat_checkpointer_slru_written_total" [] source("stat_checkpointer slru_written");
        /// Time of the last reset of these statistics; a timestamp under the type that the upstream exporter gives it
        STATS_RESET: Counter = "pg_stat_checkpointer_stats_reset_total"
            [] upstream unit(Unit::Seconds) source("stat_checkpointer checkpointer_stats_reset");
    }
}

/// `pg_stat_wal`.
pub mod stat_wal {
    crate::catalogue! {
        /// Records written to the write-ahead log
        RECORDS: Counter = "pg_stat_wal_records_total" [] source("stat_wal wal_records");
        /// Full page images written to the write-ahead log
        FPI: Counter = "pg_stat_wal_full_page_images_total" [] source("stat_wal wal_fpi");
        /// Bytes of write-ahead log generated
        BYTES: Counter = "pg_stat_wal_bytes_total" [] source("stat_wal wal_bytes");
        /// Times that the log was written because its buffers were full
        BUFFERS_FULL: Counter = "pg_stat_wal_buffers_full_total" [] source("stat_wal wal_buffers_full");
        /// Times that log buffers were written to disk
        WRITE: Counter = "pg_stat_wal_writes_total" [] source("stat_wal wal_write");
        /// Times that log files were synchronised
        SYNC: Counter = "pg_stat_wal_syncs_total" [] source("stat_wal wal_sync");
        /// Seconds spent writing log buffers, where track_wal_io_timing is on
        WRITE_SECONDS: Counter = "pg_stat_wal_write_seconds_total" [] source("stat_wal wal_write_time") times(1e-3);
        /// Seconds spent synchronising log files, where track_wal_io_timing is on
        SYNC_SECONDS: Counter = "pg_stat_wal_sync_seconds_total" [] source("stat_wal wal_sync_time") times(1e-3);
    }
}
