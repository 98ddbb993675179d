//! Tables and indexes of a database. Past the budget of a family, what is left over is summed under the name "other".

/// `pg_stat_user_tables`, from one pass over `pg_class` that takes no lock on any table.
pub mod stat_user_tables {
    use crate::Unit;

    crate::catalogue! {
        /// Sequential scans of the table
        SEQ_SCAN: Counter = "pg_stat_user_tables_seq_scan" ["datname", "schemaname", "relname"] upstream source("stat_user_tables seq_scan");
        /// Live rows fetched by sequential scans
        SEQ_TUP_READ: Counter = "pg_stat_user_tables_seq_tup_read"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables seq_tup_read");
        /// Index scans of the table
        IDX_SCAN: Counter = "pg_stat_user_tables_idx_scan" ["datname", "schemaname", "relname"] upstream source("stat_user_tables idx_scan");
        /// Live rows fetched by index scans
        IDX_TUP_FETCH: Counter = "pg_stat_user_tables_idx_tup_fetch"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables idx_tup_fetch");
        /// Rows inserted
        N_TUP_INS: Counter = "pg_stat_user_tables_n_tup_ins" ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_tup_ins");
        /// Rows updated
        N_TUP_UPD: Counter = "pg_stat_user_tables_n_tup_upd" ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_tup_upd");
        /// Rows deleted
        N_TUP_DEL: Counter = "pg_stat_user_tables_n_tup_del" ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_tup_del");
        /// Rows updated without a new index entry
        N_TUP_HOT_UPD: Counter = "pg_stat_user_tables_n_tup_hot_upd"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_tup_hot_upd");
        /// Live rows, as the server estimates them
        N_LIVE_TUP: Gauge = "pg_stat_user_tables_n_live_tup" ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_live_tup");
        /// Dead rows, as the server estimates them
        N_DEAD_TUP: Gauge = "pg_stat_user_tables_n_dead_tup" ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_dead_tup");
        /// Rows changed since the table was last analyzed, as the server estimates them
        N_MOD_SINCE_ANALYZE: Gauge = "pg_stat_user_tables_n_mod_since_analyze"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables n_mod_since_analyze");
        /// Time at which the table was last vacuumed by hand; 0 if never
        LAST_VACUUM: Gauge = "pg_stat_user_tables_last_vacuum"
            ["datname", "schemaname", "relname"] upstream unit(Unit::Seconds) source("stat_user_tables last_vacuum");
        /// Time at which the table was last vacuumed by autovacuum; 0 if never
        LAST_AUTOVACUUM: Gauge = "pg_stat_user_tables_last_autovacuum"
            ["datname", "schemaname", "relname"] upstream unit(Unit::Seconds) source("stat_user_tables last_autovacuum");
        /// Time at which the table was last analyzed by hand; 0 if never
        LAST_ANALYZE: Gauge = "pg_stat_user_tables_last_analyze"
            ["datname", "schemaname", "relname"] upstream unit(Unit::Seconds) source("stat_user_tables last_analyze");
        /// Time at which the table was last analyzed by autovacuum; 0 if never
        LAST_AUTOANALYZE: Gauge = "pg_stat_user_tables_last_autoanalyze"
            ["datname", "schemaname", "relname"] upstream unit(Unit::Seconds) source("stat_user_tables last_autoanalyze");
        /// Times that the table was vacuumed by hand
        VACUUM_COUNT: Counter = "pg_stat_user_tables_vacuum_count"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables vacuum_count");
        /// Times that the table was vacuumed by autovacuum
        AUTOVACUUM_COUNT: Counter = "pg_stat_user_tables_autovacuum_count"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables autovacuum_count");
        /// Times that the table was analyzed by hand
        ANALYZE_COUNT: Counter = "pg_stat_user_tables_analyze_count"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables analyze_count");
        /// Times that the table was analyzed by autovacuum
        AUTOANALYZE_COUNT: Counter = "pg_stat_user_tables_autoanalyze_count"
            ["datname", "schemaname", "relname"] upstream source("stat_user_tables autoanalyze_count");
        /// Size of the table with its TOAST table and maps, as last measured in the background
        TABLE_SIZE: Gauge = "pg_stat_user_tables_table_size_bytes" ["datname", "schemaname", "relname"] upstream;
        /// Size of the indexes of the table, as last measured in the background
        INDEX_SIZE: Gauge = "pg_stat_user_tables_index_size_bytes" ["datname", "schemaname", "relname"] upstream;
        /// Rows inserted since the table was last vacuumed, as the server estimates them
        N_INS_SINCE_VACUUM: Gauge = "pg_stat_user_tables_n_ins_since_vacuum"
            ["datname", "schemaname", "relname"] source("stat_user_tables n_ins_since_vacuum");
    }
}

/// `pg_statio_user_tables`, from the same pass.
pub mod statio_user_tables {
    crate::catalogue! {
        /// Blocks of the table that had to be read
        HEAP_BLOCKS_READ: Counter = "pg_statio_user_tables_heap_blocks_read"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables heap_blocks_read");
        /// Blocks of the table found in the buffer cache
        HEAP_BLOCKS_HIT: Counter = "pg_statio_user_tables_heap_blocks_hit"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables heap_blocks_hit");
        /// Blocks of its indexes that had to be read
        IDX_BLOCKS_READ: Counter = "pg_statio_user_tables_idx_blocks_read"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables idx_blocks_read");
        /// Blocks of its indexes found in the buffer cache
        IDX_BLOCKS_HIT: Counter = "pg_statio_user_tables_idx_blocks_hit"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables idx_blocks_hit");
        /// Blocks of its TOAST table that had to be read
        TOAST_BLOCKS_READ: Counter = "pg_statio_user_tables_toast_blocks_read"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables toast_blocks_read");
        /// Blocks of its TOAST table found in the buffer cache
        TOAST_BLOCKS_HIT: Counter = "pg_statio_user_tables_toast_blocks_hit"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables toast_blocks_hit");
        /// Blocks of its TOAST table's index that had to be read
        TIDX_BLOCKS_READ: Counter = "pg_statio_user_tables_tidx_blocks_read"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables tidx_blocks_read");
        /// Blocks of its TOAST table's index found in the buffer cache
        TIDX_BLOCKS_HIT: Counter = "pg_statio_user_tables_tidx_blocks_hit"
            ["datname", "schemaname", "relname"] upstream source("statio_user_tables tidx_blocks_hit");
    }
}

/// Size, age and bloat of tables as the catalogue tells them, from the same pass.
pub mod table {
    crate::catalogue! {
        /// Size of the table and its TOAST table as of the last vacuum or analyze, without a look at the files
        SIZE: Gauge = "pg_table_estimated_size_bytes" ["datname", "schemaname", "relname"] source("table estimated_size");
        /// Part of that size which dead rows take, as far as statistics tell
        BLOAT: Gauge = "pg_table_estimated_bloat_bytes" ["datname", "schemaname", "relname"] source("table estimated_bloat");
        /// Transactions since the oldest row of the table that is not yet frozen
        FROZEN_AGE: Gauge = "pg_table_frozen_transaction_age" ["datname", "schemaname", "relname"] source("table frozen_age");
    }
}

/// Indexes that cost and do not serve.
pub mod index_use {
    /// What can be wrong with an index.
    pub const STATES: &[&str] = &["unused", "invalid", "used"];

    crate::catalogue! {
        /// Indexes of the database by use: never scanned since statistics were reset and not there for a constraint, invalid, or used
        COUNT: Gauge = "pg_indexes" ["datname", "state"] closed(&[("state", STATES)]);
        /// Size of these indexes as of the last vacuum or analyze
        BYTES: Gauge = "pg_indexes_estimated_size_bytes" ["datname", "state"] closed(&[("state", STATES)]);
        /// Size of the largest indexes that are unused or invalid, by name
        WORST: Gauge = "pg_index_wasted_bytes" ["datname", "schemaname", "relname", "indexrelname", "state"];
    }
}

/// `pg_stat_user_indexes` and `pg_statio_user_indexes`.
pub mod statio_user_indexes {
    crate::catalogue! {
        /// Blocks of the index that had to be read
        IDX_BLKS_READ: Counter = "pg_statio_user_indexes_idx_blks_read_total"
            ["schemaname", "relname", "indexrelname", "datname"] upstream source("statio_user_indexes idx_blks_read");
        /// Blocks of the index found in the buffer cache
        IDX_BLKS_HIT: Counter = "pg_statio_user_indexes_idx_blks_hit_total"
            ["schemaname", "relname", "indexrelname", "datname"] upstream source("statio_user_indexes idx_blks_hit");
        /// Scans that used the index
        IDX_SCAN: Counter = "pg_stat_user_indexes_idx_scan_total"
            ["schemaname", "relname", "indexrelname", "datname"] source("statio_user_indexes idx_scan");
        /// Entries returned by scans of the index
        IDX_TUP_READ: Counter = "pg_stat_user_indexes_idx_tup_read_total"
            ["schemaname", "relname", "indexrelname", "datname"] source("statio_user_indexes idx_tup_read");
        /// Live rows fetched by simple scans of the index
        IDX_TUP_FETCH: Counter = "pg_stat_user_indexes_idx_tup_fetch_total"
            ["schemaname", "relname", "indexrelname", "datname"] source("statio_user_indexes idx_tup_fetch");
    }
}

/// How many of the indexes fit the budget.
pub mod user_indexes_budget {
    crate::catalogue! {
        /// Indexes of the database that are counted under "other" because they are past the budget
        OTHER: Gauge = "pg_user_indexes_other" ["datname"];
        /// Times that an index took the place of another within the budget
        EVICTIONS: Counter = "pg_user_indexes_budget_evictions_total" ["datname"];
    }
}

/// How many of the tables fit the budget.
pub mod budget {
    crate::catalogue! {
        /// Tables of the database that the exporter has seen
        TABLES: Gauge = "pg_tables" ["datname"];
        /// Tables of the database that are counted under "other" because they are past the budget
        TABLES_OTHER: Gauge = "pg_tables_other" ["datname"];
        /// Times that a table took the place of another within the budget
        EVICTIONS: Counter = "pg_tables_budget_evictions_total" ["datname"];
    }
}
