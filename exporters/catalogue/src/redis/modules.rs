//! `INFO` fields of the bloom and JSON modules.

crate::catalogue! {
    /// Items that all bloom objects together have room for
    BLOOM_CAPACITY: Gauge = "redis_bf_bloom_capacity_across_objects" [] upstream source("INFO bf_bloom_capacity_across_objects");
    /// Parts of bloom objects that defragmentation has moved
    BLOOM_DEFRAG_HITS: Counter = "redis_bf_bloom_defrag_hits_total" [] upstream source("INFO bf_bloom_defrag_hits");
    /// Parts of bloom objects that defragmentation left in place
    BLOOM_DEFRAG_MISSES: Counter = "redis_bf_bloom_defrag_misses_total" [] upstream source("INFO bf_bloom_defrag_misses");
    /// Filters in all bloom objects
    BLOOM_FILTERS: Gauge = "redis_bf_bloom_num_filters_across_objects" [] upstream source("INFO bf_bloom_num_filters_across_objects");
    /// Items in all bloom objects
    BLOOM_ITEMS: Gauge = "redis_bf_bloom_num_items_across_objects" [] upstream source("INFO bf_bloom_num_items_across_objects");
    /// Bloom objects
    BLOOM_OBJECTS: Gauge = "redis_bf_bloom_num_objects" [] upstream source("INFO bf_bloom_num_objects");
    /// Bytes of all bloom objects
    BLOOM_MEMORY: Gauge = "redis_bf_bloom_total_memory_bytes" [] upstream source("INFO bf_bloom_total_memory_bytes");
    /// JSON documents
    JSON_DOCUMENTS: Gauge = "redis_json_num_documents" [] upstream source("INFO json_num_documents");
    /// Bytes of all JSON documents
    JSON_MEMORY: Gauge = "redis_json_total_memory_bytes" [] upstream source("INFO json_total_memory_bytes");
}
