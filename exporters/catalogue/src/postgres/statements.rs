//! `pg_stat_statements`: the statements that took the most time; the others are summed under the name "other".

crate::catalogue! {
    /// Times that the statement was executed
    CALLS: Counter = "pg_stat_statements_calls_total" ["user", "datname", "queryid"] upstream source("stat_statements calls");
    /// Seconds spent executing the statement
    SECONDS: Counter = "pg_stat_statements_seconds_total" ["user", "datname", "queryid"] upstream source("stat_statements seconds");
    /// Rows that the statement returned or changed
    ROWS: Counter = "pg_stat_statements_rows_total" ["user", "datname", "queryid"] upstream source("stat_statements rows");
    /// Seconds that the statement spent reading blocks, where track_io_timing is on
    READ_SECONDS: Counter = "pg_stat_statements_block_read_seconds_total"
        ["user", "datname", "queryid"] upstream source("stat_statements read_seconds");
    /// Seconds that the statement spent writing blocks, where track_io_timing is on
    WRITE_SECONDS: Counter = "pg_stat_statements_block_write_seconds_total"
        ["user", "datname", "queryid"] upstream source("stat_statements write_seconds");
    /// The beginning of the statement's text, read in the background; always 1
    QUERY: Counter = "pg_stat_statements_query_id" ["queryid", "query"] upstream;
}

/// How many of the statements fit the limit.
pub mod budget {
    crate::catalogue! {
        /// Statements that are counted under "other" because they are past the limit
        OTHER: Gauge = "pg_stat_statements_other" [];
        /// Times that a statement took the place of another within the limit
        EVICTIONS: Counter = "pg_stat_statements_budget_evictions_total" [];
    }
}
