//! `INFO` fields of Valkey's search module.

crate::catalogue! {
    /// Documents in all indexes of Valkey's search module
    DOCUMENTS: Gauge = "redis_search_total_indexed_documents" [] upstream source("INFO search_total_indexed_documents");
    /// Attributes in all indexes
    ATTRIBUTES: Gauge = "redis_search_number_of_attributes" [] upstream source("INFO search_number_of_attributes");
    /// Bytes that the search module has allocated
    MEMORY: Gauge = "redis_search_used_memory_bytes" [] upstream source("INFO search_used_memory_bytes");
    /// Strings that indexes share
    INTERNED_STRINGS: Gauge = "redis_search_string_interning_store_size" [] upstream source("INFO search_string_interning_store_size");
    /// Queries that succeeded
    SUCCESSFUL: Counter = "redis_search_successful_requests_count" [] upstream source("INFO search_successful_requests_count");
    /// Queries that failed
    FAILED: Counter = "redis_search_failure_requests_count" [] upstream source("INFO search_failure_requests_count");
    /// Queries that combined a vector with a filter
    HYBRID: Counter = "redis_search_hybrid_requests_count" [] upstream source("INFO search_hybrid_requests_count");
    /// Queries that filtered while the vector index was searched
    INLINE_FILTERING: Counter = "redis_search_inline_filtering_requests_count" [] upstream source("INFO search_inline_filtering_requests_count");
    /// Vectors that could not be added to an HNSW index
    HNSW_ADD_EXCEPTIONS: Counter = "redis_search_hnsw_add_exceptions_count" [] upstream source("INFO search_hnsw_add_exceptions_count");
    /// HNSW indexes that could not be created
    HNSW_CREATE_EXCEPTIONS: Counter = "redis_search_hnsw_create_exceptions_count" [] upstream source("INFO search_hnsw_create_exceptions_count");
    /// Vectors that could not be changed in an HNSW index
    HNSW_MODIFY_EXCEPTIONS: Counter = "redis_search_hnsw_modify_exceptions_count" [] upstream source("INFO search_hnsw_modify_exceptions_count");
    /// Vectors that could not be removed from an HNSW index
    HNSW_REMOVE_EXCEPTIONS: Counter = "redis_search_hnsw_remove_exceptions_count" [] upstream source("INFO search_hnsw_remove_exceptions_count");
    /// Searches of an HNSW index that failed
    HNSW_SEARCH_EXCEPTIONS: Counter = "redis_search_hnsw_search_exceptions_count" [] upstream source("INFO search_hnsw_search_exceptions_count");
    /// Queries that wait for a reader thread
    QUERY_QUEUE: Gauge = "redis_search_query_queue_size" [] upstream source("INFO search_query_queue_size");
    /// Changes that wait for a writer thread
    WRITER_QUEUE: Gauge = "redis_search_writer_queue_size" [] upstream source("INFO search_writer_queue_size");
    /// Times that the threads of the module were suspended
    WORKER_SUSPENSIONS: Counter = "redis_search_worker_pool_suspend_count" [] upstream source("INFO search_worker_pool_suspend_cnt");
    /// Times that the reader threads resumed
    READER_RESUMED: Counter = "redis_search_reader_resumed_count" [] upstream source("INFO search_reader_resumed_cnt");
    /// Times that the writer threads resumed
    WRITER_RESUMED: Counter = "redis_search_writer_resumed_count" [] upstream source("INFO search_writer_resumed_cnt");
    /// Times that the suspension of the writer threads ran out
    WRITER_SUSPENSION_EXPIRED: Counter = "redis_search_writer_suspension_expired_count" [] upstream source("INFO search_writer_suspension_expired_cnt");
    /// Loads of indexes from a snapshot that failed
    RDB_LOAD_FAILURES: Counter = "redis_search_rdb_load_failure_count" [] upstream source("INFO search_rdb_load_failure_cnt");
    /// Loads of indexes from a snapshot that succeeded
    RDB_LOAD_SUCCESSES: Counter = "redis_search_rdb_load_success_count" [] upstream source("INFO search_rdb_load_success_cnt");
    /// Saves of indexes to a snapshot that failed
    RDB_SAVE_FAILURES: Counter = "redis_search_rdb_save_failure_count" [] upstream source("INFO search_rdb_save_failure_cnt");
    /// Saves of indexes to a snapshot that succeeded
    RDB_SAVE_SUCCESSES: Counter = "redis_search_rdb_save_success_count" [] upstream source("INFO search_rdb_save_success_cnt");
    /// Vectors that are shared with the key instead of copied
    EXTERNED: Counter = "redis_search_vector_externing_entry_count" [] upstream source("INFO search_vector_externing_entry_count");
    /// Vectors whose sharing with the key was put off
    EXTERNED_DEFERRED: Counter = "redis_search_vector_externing_deferred_entry_count" [] upstream source("INFO search_vector_externing_deferred_entry_cnt");
    /// Values rebuilt from a shared vector
    EXTERNED_GENERATED: Counter = "redis_search_vector_externing_generated_value_count" [] upstream source("INFO search_vector_externing_generated_value_cnt");
    /// Vectors that could not be shared with their hash
    EXTERNED_ERRORS: Gauge = "redis_search_vector_externing_hash_extern_errors" [] upstream source("INFO search_vector_externing_hash_extern_errors");
    /// Shared vectors that were moved to the front of the cache
    EXTERNED_PROMOTED: Counter = "redis_search_vector_externing_lru_promote_count" [] upstream source("INFO search_vector_externing_lru_promote_cnt");
    /// Shared vectors in the cache
    EXTERNED_CACHED: Gauge = "redis_search_vector_externing_num_lru_entries" [] upstream source("INFO search_vector_externing_num_lru_entries");
}
