//! Commands under way: the `pg_stat_progress_*` views.

/// Vacuum, under the upstream exporter's names.
pub mod stat_progress_vacuum {
    crate::catalogue! {
        /// 1 for the phase that the vacuum of the table is in
        PHASE: Gauge = "pg_stat_progress_vacuum_phase" ["datname", "relname", "phase"] upstream source("stat_progress_vacuum present");
        /// Blocks of the table when the vacuum began
        HEAP_BLKS: Gauge = "pg_stat_progress_vacuum_heap_blks" ["datname", "relname"] upstream source("stat_progress_vacuum heap_blks");
        /// Blocks scanned so far
        HEAP_BLKS_SCANNED: Gauge = "pg_stat_progress_vacuum_heap_blks_scanned"
            ["datname", "relname"] upstream source("stat_progress_vacuum heap_blks_scanned");
        /// Blocks vacuumed so far
        HEAP_BLKS_VACUUMED: Gauge = "pg_stat_progress_vacuum_heap_blks_vacuumed"
            ["datname", "relname"] upstream source("stat_progress_vacuum heap_blks_vacuumed");
        /// Rounds over the indexes that are complete
        INDEX_VACUUMS: Gauge = "pg_stat_progress_vacuum_index_vacuums" ["datname", "relname"] upstream source("stat_progress_vacuum index_vacuums");
        /// Dead rows that fit into memory before the indexes are vacuumed, before 17
        MAX_DEAD_TUPLES: Gauge = "pg_stat_progress_vacuum_max_dead_tuples"
            ["datname", "relname"] upstream source("stat_progress_vacuum max_dead_tuples");
        /// Dead rows collected since the last round over the indexes
        NUM_DEAD_TUPLES: Gauge = "pg_stat_progress_vacuum_num_dead_tuples"
            ["datname", "relname"] upstream source("stat_progress_vacuum num_dead_tuples");
        /// Memory for dead rows before the indexes are vacuumed, on 17 and later
        MAX_DEAD_TUPLE_BYTES: Gauge = "pg_stat_progress_vacuum_max_dead_tuple_bytes"
            ["datname", "relname"] source("stat_progress_vacuum max_dead_tuple_bytes");
        /// Memory that dead rows take since the last round over the indexes, on 17 and later
        DEAD_TUPLE_BYTES: Gauge = "pg_stat_progress_vacuum_dead_tuple_bytes" ["datname", "relname"] source("stat_progress_vacuum dead_tuple_bytes");
    }
}

/// Every command that reports progress.
pub mod command {
    /// The commands.
    pub const COMMANDS: &[&str] = &["vacuum", "analyze", "create_index", "cluster", "base_backup", "copy"];

    crate::catalogue! {
        /// Share of the present phase that is done; absent where its end is not known
        DONE: Gauge = "pg_progress_done_ratio" ["command", "datname", "relname", "pid"] source("progress ratio");
        /// 1 for the phase that the command is in
        PHASE: Gauge = "pg_progress_phase" ["command", "datname", "relname", "pid", "phase"] source("progress present");
        /// Seconds for which the command has been running
        RUNNING: Gauge = "pg_progress_running_seconds" ["command", "datname", "relname", "pid"] source("progress running");
    }
}
