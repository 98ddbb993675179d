//! `INFO memory` and `INFO stats`: the allocator, active defragmentation, lazy freeing.

crate::catalogue! {
    /// Bytes allocated from the allocator, its internal fragmentation included
    ALLOCATED: Gauge = "redis_allocator_allocated_bytes" [] upstream source("INFO allocator_allocated");
    /// Bytes in the allocator's active pages, external fragmentation included
    ACTIVE: Gauge = "redis_allocator_active_bytes" [] upstream source("INFO allocator_active");
    /// Bytes resident in the allocator, pages that it could give back included
    RESIDENT: Gauge = "redis_allocator_resident_bytes" [] upstream source("INFO allocator_resident");
    /// Bytes that the allocator has marked as free for the operating system to take
    MUZZY: Gauge = "redis_allocator_muzzy_bytes" [] upstream source("INFO allocator_muzzy");
    /// Active over allocated bytes of the allocator: external fragmentation
    FRAGMENTATION_RATIO: Gauge = "redis_allocator_frag_ratio" [] upstream source("INFO allocator_frag_ratio");
    /// Active less allocated bytes of the allocator
    FRAGMENTATION: Gauge = "redis_allocator_frag_bytes" [] upstream source("INFO allocator_frag_bytes");
    /// Resident over active bytes of the allocator
    RSS_RATIO: Gauge = "redis_allocator_rss_ratio" [] upstream source("INFO allocator_rss_ratio");
    /// Resident less active bytes of the allocator
    RSS: Gauge = "redis_allocator_rss_bytes" [] upstream source("INFO allocator_rss_bytes");
    /// Share of CPU that active defragmentation wants to use now, in percent; 0 while it rests
    DEFRAG_RUNNING: Gauge = "redis_active_defrag_running" [] upstream source("INFO active_defrag_running");
    /// Values that active defragmentation has moved since the server started
    DEFRAG_HITS: Gauge = "redis_defrag_hits" [] upstream source("INFO active_defrag_hits");
    /// Values that active defragmentation looked at and left in place
    DEFRAG_MISSES: Gauge = "redis_defrag_misses" [] upstream source("INFO active_defrag_misses");
    /// Keys of which active defragmentation has moved something
    DEFRAG_KEY_HITS: Gauge = "redis_defrag_key_hits" [] upstream source("INFO active_defrag_key_hits");
    /// Keys that active defragmentation looked at and left in place
    DEFRAG_KEY_MISSES: Gauge = "redis_defrag_key_misses" [] upstream source("INFO active_defrag_key_misses");
    /// Values that active defragmentation has moved
    DEFRAG_MOVED: Counter = "redis_active_defrag_moved_values_total" [] source("INFO active_defrag_hits");
    /// Values that active defragmentation looked at and left in place
    DEFRAG_SKIPPED: Counter = "redis_active_defrag_skipped_values_total" [] source("INFO active_defrag_misses");
    /// Keys of which active defragmentation has moved something
    DEFRAG_MOVED_KEYS: Counter = "redis_active_defrag_moved_keys_total" [] source("INFO active_defrag_key_hits");
    /// Keys that active defragmentation looked at and left in place
    DEFRAG_SKIPPED_KEYS: Counter = "redis_active_defrag_skipped_keys_total" [] source("INFO active_defrag_key_misses");
    /// Seconds during which fragmentation was above the limit that starts active defragmentation
    DEFRAG_SECONDS: Counter = "redis_active_defrag_seconds_total" [] source("INFO total_active_defrag_time") times(1e-3);
    /// Seconds since fragmentation last rose above the limit that starts active defragmentation
    DEFRAG_CURRENT: Gauge = "redis_active_defrag_current_seconds" [] source("INFO current_active_defrag_time") times(1e-3);
    /// Objects that wait to be freed in the background
    LAZYFREE_PENDING: Gauge = "redis_lazyfree_pending_objects" [] upstream source("INFO lazyfree_pending_objects");
    /// Objects freed in the background since the server started
    LAZYFREED: Gauge = "redis_lazyfreed_objects" [] upstream source("INFO lazyfreed_objects");
    /// Objects freed in the background
    LAZYFREED_TOTAL: Counter = "redis_lazyfree_freed_objects_total" [] source("INFO lazyfreed_objects");
}
