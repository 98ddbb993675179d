//! `INFO` fields of Redis' search module.

use crate::Unit;

crate::catalogue! {
    /// Search indexes
    INDEXES: Gauge = "redis_search_number_of_indexes" [] upstream source("INFO search_number_of_indexes");
    /// Search indexes that are in use
    ACTIVE_INDEXES: Gauge = "redis_search_number_of_active_indexes" [] upstream source("INFO search_number_of_active_indexes");
    /// Search indexes that are being filled
    INDEXING: Gauge = "redis_search_number_of_active_indexes_indexing" [] upstream source("INFO search_number_of_active_indexes_indexing");
    /// Search indexes that answer queries now
    QUERYING: Gauge = "redis_search_number_of_active_indexes_running_queries" [] upstream source("INFO search_number_of_active_indexes_running_queries");
    /// Threads that write to search indexes now
    WRITE_THREADS: Gauge = "redis_search_total_active_write_threads" [] upstream source("INFO search_total_active_write_threads");
    /// Documents in all search indexes
    DOCUMENTS: Gauge = "redis_search_total_num_docs_in_indexes" [] upstream source("INFO search_total_num_docs_in_indexes");
    /// Bytes of all search indexes
    INDEX_MEMORY: Gauge = "redis_search_used_memory_indexes_bytes" [] upstream source("INFO search_used_memory_indexes");
    /// Bytes of the smallest search index
    SMALLEST_INDEX: Gauge = "redis_search_smallest_memory_index_bytes" [] upstream source("INFO search_smallest_memory_index");
    /// Bytes of the largest search index
    LARGEST_INDEX: Gauge = "redis_search_largest_memory_index_bytes" [] upstream source("INFO search_largest_memory_index");
    /// Bytes of the vectors in all search indexes
    VECTOR_MEMORY: Gauge = "redis_search_used_memory_vector_index_bytes" [] upstream source("INFO search_used_memory_vector_index");
    /// Milliseconds spent on indexing
    INDEXING_TIME: Counter = "redis_search_indexing_time_ms_total" [] upstream unit(Unit::Milliseconds) source("INFO search_total_indexing_time");
    /// Documents that could not be indexed
    INDEXING_FAILURES: Gauge = "redis_search_errors_indexing_failures" [] upstream source("INFO search_errors_indexing_failures");
    /// 1 if a query in dialect 1 was seen, 0 if not
    DIALECT_1: Gauge = "redis_search_dialect_1" [] upstream source("INFO search_dialect_1");
    /// 1 if a query in dialect 2 was seen, 0 if not
    DIALECT_2: Gauge = "redis_search_dialect_2" [] upstream source("INFO search_dialect_2");
    /// 1 if a query in dialect 3 was seen, 0 if not
    DIALECT_3: Gauge = "redis_search_dialect_3" [] upstream source("INFO search_dialect_3");
    /// 1 if a query in dialect 4 was seen, 0 if not
    DIALECT_4: Gauge = "redis_search_dialect_4" [] upstream source("INFO search_dialect_4");
    /// Queries that were answered in full
    QUERIES: Counter = "redis_search_queries_processed_total" [] upstream source("INFO search_total_queries_processed");
    /// Commands that began or continued a query
    QUERY_COMMANDS: Counter = "redis_search_query_commands_total" [] upstream source("INFO search_total_query_commands");
    /// Milliseconds spent on queries
    QUERY_TIME: Counter = "redis_search_query_execution_time_ms_total" [] upstream unit(Unit::Milliseconds) source("INFO search_total_query_execution_time_ms");
    /// Queries that run in the background
    ACTIVE_QUERIES: Counter = "redis_search_active_queries_total" [] upstream source("INFO search_total_active_queries");
    /// Bytes that garbage collection has freed, on Redis 8
    GC_COLLECTED: Gauge = "redis_search_gc_collected_bytes" [] upstream source("INFO search_gc_bytes_collected");
    /// Rounds of garbage collection, on Redis 8
    GC_CYCLES: Counter = "redis_search_gc_cycles_total" [] upstream source("INFO search_gc_total_cycles");
    /// Milliseconds of garbage collection, on Redis 8
    GC_TIME: Counter = "redis_search_gc_run_ms_total" [] upstream unit(Unit::Milliseconds) source("INFO search_gc_total_ms_run");
    /// Deleted documents whose memory is not yet collected
    GC_DOCS_LEFT: Gauge = "redis_search_gc_total_docs_not_collected" [] upstream source("INFO search_gc_total_docs_not_collected");
    /// Vectors that are marked as deleted
    GC_MARKED_VECTORS: Gauge = "redis_search_gc_marked_deleted_vectors" [] upstream source("INFO search_gc_marked_deleted_vectors");
    /// Bytes that garbage collection has freed, on Redis Stack 7
    COLLECTED: Gauge = "redis_search_collected_bytes" [] upstream source("INFO search_bytes_collected");
    /// Rounds of garbage collection, on Redis Stack 7
    CYCLES: Counter = "redis_search_cycles_total" [] upstream source("INFO search_total_cycles");
    /// Milliseconds of garbage collection, on Redis Stack 7
    RUN_TIME: Counter = "redis_search_run_ms_total" [] upstream unit(Unit::Milliseconds) source("INFO search_total_ms_run");
    /// Cursors that wait for the next read, on Redis Stack 7
    CURSORS_IDLE: Gauge = "redis_search_global_idle" [] upstream source("INFO search_global_idle");
    /// Cursors, on Redis Stack 7
    CURSORS: Gauge = "redis_search_global_total" [] upstream source("INFO search_global_total");
    /// Cursors of users that wait for the next read
    USER_CURSORS_IDLE: Gauge = "redis_search_global_idle_user" [] upstream source("INFO search_global_idle_user");
    /// Cursors of the cluster that wait for the next read
    INTERNAL_CURSORS_IDLE: Gauge = "redis_search_global_idle_internal" [] upstream source("INFO search_global_idle_internal");
    /// Cursors of users
    USER_CURSORS: Gauge = "redis_search_global_total_user" [] upstream source("INFO search_global_total_user");
    /// Cursors of the cluster
    INTERNAL_CURSORS: Gauge = "redis_search_global_total_internal" [] upstream source("INFO search_global_total_internal");
}
