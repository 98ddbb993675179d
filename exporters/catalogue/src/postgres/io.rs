//! Reads, writes and caches: `pg_stat_io`, `pg_stat_slru`, `pg_buffercache`.

/// `pg_stat_io`, on 16 and later.
pub mod stat_io {
    crate::catalogue! {
        /// Read operations
        READS: Counter = "pg_stat_io_reads_total" ["backend_type", "object", "context"] source("stat_io reads");
        /// Bytes read
        READ_BYTES: Counter = "pg_stat_io_read_bytes_total" ["backend_type", "object", "context"] source("stat_io read_bytes");
        /// Seconds spent reading, where track_io_timing is on
        READ_SECONDS: Counter = "pg_stat_io_read_seconds_total" ["backend_type", "object", "context"] source("stat_io read_time") times(1e-3);
        /// Write operations
        WRITES: Counter = "pg_stat_io_writes_total" ["backend_type", "object", "context"] source("stat_io writes");
        /// Bytes written
        WRITE_BYTES: Counter = "pg_stat_io_write_bytes_total" ["backend_type", "object", "context"] source("stat_io write_bytes");
        /// Seconds spent writing, where track_io_timing is on
        WRITE_SECONDS: Counter = "pg_stat_io_write_seconds_total" ["backend_type", "object", "context"] source("stat_io write_time") times(1e-3);
        /// Writes that the kernel was asked to begin
        WRITEBACKS: Counter = "pg_stat_io_writebacks_total" ["backend_type", "object", "context"] source("stat_io writebacks");
        /// Seconds spent asking the kernel to write, where track_io_timing is on
        WRITEBACK_SECONDS: Counter = "pg_stat_io_writeback_seconds_total"
            ["backend_type", "object", "context"] source("stat_io writeback_time") times(1e-3);
        /// Operations that made a relation longer
        EXTENDS: Counter = "pg_stat_io_extends_total" ["backend_type", "object", "context"] source("stat_io extends");
        /// Bytes by which relations became longer
        EXTEND_BYTES: Counter = "pg_stat_io_extend_bytes_total" ["backend_type", "object", "context"] source("stat_io extend_bytes");
        /// Seconds spent making relations longer, where track_io_timing is on
        EXTEND_SECONDS: Counter = "pg_stat_io_extend_seconds_total" ["backend_type", "object", "context"] source("stat_io extend_time") times(1e-3);
        /// Blocks found in the buffer cache
        HITS: Counter = "pg_stat_io_hits_total" ["backend_type", "object", "context"] source("stat_io hits");
        /// Buffers written out to make room for another block
        EVICTIONS: Counter = "pg_stat_io_evictions_total" ["backend_type", "object", "context"] source("stat_io evictions");
        /// Buffers of a ring that were used again
        REUSES: Counter = "pg_stat_io_reuses_total" ["backend_type", "object", "context"] source("stat_io reuses");
        /// Files synchronised
        FSYNCS: Counter = "pg_stat_io_fsyncs_total" ["backend_type", "object", "context"] source("stat_io fsyncs");
        /// Seconds spent synchronising files, where track_io_timing is on
        FSYNC_SECONDS: Counter = "pg_stat_io_fsync_seconds_total" ["backend_type", "object", "context"] source("stat_io fsync_time") times(1e-3);
    }
}

/// `pg_stat_slru`: the small caches of transaction status and the like.
pub mod stat_slru {
    crate::catalogue! {
        /// Blocks set to zero
        ZEROED: Counter = "pg_stat_slru_blocks_zeroed_total" ["name"] source("stat_slru blks_zeroed");
        /// Blocks found in the cache
        HIT: Counter = "pg_stat_slru_blocks_hit_total" ["name"] source("stat_slru blks_hit");
        /// Blocks read
        READ: Counter = "pg_stat_slru_blocks_read_total" ["name"] source("stat_slru blks_read");
        /// Blocks written
        WRITTEN: Counter = "pg_stat_slru_blocks_written_total" ["name"] source("stat_slru blks_written");
        /// Blocks of which only the existence was checked
        EXISTS: Counter = "pg_stat_slru_blocks_exists_total" ["name"] source("stat_slru blks_exists");
        /// Flushes of dirty blocks
        FLUSHES: Counter = "pg_stat_slru_flushes_total" ["name"] source("stat_slru flushes");
        /// Truncations
        TRUNCATES: Counter = "pg_stat_slru_truncates_total" ["name"] source("stat_slru truncates");
    }
}

/// `pg_buffercache_summary()`, on 16 and later with the extension `pg_buffercache`.
pub mod buffercache_summary {
    crate::catalogue! {
        /// Shared buffers in use
        USED: Gauge = "pg_buffercache_summary_buffers_used" [] upstream source("buffercache_summary buffers_used");
        /// Shared buffers not in use
        UNUSED: Gauge = "pg_buffercache_summary_buffers_unused" [] upstream source("buffercache_summary buffers_unused");
        /// Shared buffers that still have to be written
        DIRTY: Gauge = "pg_buffercache_summary_buffers_dirty" [] upstream source("buffercache_summary buffers_dirty");
        /// Shared buffers pinned by somebody
        PINNED: Gauge = "pg_buffercache_summary_buffers_pinned" [] upstream source("buffercache_summary buffers_pinned");
        /// Average usage count of the shared buffers in use
        USAGECOUNT: Gauge = "pg_buffercache_summary_usagecount_avg" [] upstream source("buffercache_summary usagecount_avg");
    }
}
