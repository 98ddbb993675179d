//! `INFO` fields of `KeyDB` alone.

crate::catalogue! {
    /// Keys held in memory in front of the storage provider
    CACHED_KEYS: Counter = "redis_cached_keys_total" [] upstream source("INFO cached_keys");
    /// Number of the thread that answered the exporter
    CLIENT_THREAD: Gauge = "redis_current_client_thread" [] upstream source("INFO current_client_thread");
    /// Long waits for the global lock since the server started
    LONG_LOCK_WAITS: Gauge = "redis_long_lock_waits_total" [] upstream source("INFO long_lock_waits");
    /// Threads that serve clients
    SERVER_THREADS: Gauge = "redis_server_threads_total" [] upstream source("INFO server_threads");
    /// Reads that the storage provider answered
    STORAGE_HITS: Counter = "redis_storage_provider_read_hits" [] upstream source("INFO storage_provider_read_hits");
    /// Reads that the storage provider could not answer
    STORAGE_MISSES: Counter = "redis_storage_provider_read_misses" [] upstream source("INFO storage_provider_read_misses");
}
