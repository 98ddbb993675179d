//! `INFO memory`.

use crate::Unit;

crate::catalogue! {
    /// Bytes that the server has allocated
    USED: Gauge = "redis_memory_used_bytes" [] upstream source("INFO used_memory");
    /// Resident set of the server as the operating system sees it
    USED_RSS: Gauge = "redis_memory_used_rss_bytes" [] upstream source("INFO used_memory_rss");
    /// Most bytes that the server had allocated since it started
    USED_PEAK: Gauge = "redis_memory_used_peak_bytes" [] upstream source("INFO used_memory_peak");
    /// Bytes allocated now as a share of the peak
    USED_PEAK_RATIO: Gauge = "redis_memory_used_peak_ratio" [] source("INFO used_memory_peak_perc") times(0.01);
    /// Bytes spent on the server's own bookkeeping
    USED_OVERHEAD: Gauge = "redis_memory_used_overhead_bytes" [] upstream source("INFO used_memory_overhead");
    /// Bytes that the server had allocated right after it started
    USED_STARTUP: Gauge = "redis_memory_used_startup_bytes" [] upstream source("INFO used_memory_startup");
    /// Bytes of data: allocated less the overhead
    USED_DATASET: Gauge = "redis_memory_used_dataset_bytes" [] upstream source("INFO used_memory_dataset");
    /// Bytes of data as a share of what was allocated since the start
    USED_DATASET_RATIO: Gauge = "redis_memory_used_dataset_ratio" [] source("INFO used_memory_dataset_perc") times(0.01);
    /// Bytes of the Lua engine of EVAL scripts
    USED_LUA: Gauge = "redis_memory_used_lua_bytes" [] upstream source("INFO used_memory_lua");
    /// Bytes of the virtual machine that runs EVAL scripts, outside the allocated total
    USED_VM_EVAL: Gauge = "redis_memory_used_vm_eval_bytes" [] upstream source("INFO used_memory_vm_eval");
    /// Bytes of the virtual machine that runs functions, outside the allocated total
    USED_VM_FUNCTIONS: Gauge = "redis_memory_used_vm_functions_bytes" [] upstream source("INFO used_memory_vm_functions");
    /// Bytes of both scripting virtual machines
    USED_VM_TOTAL: Gauge = "redis_memory_used_vm_total" [] upstream unit(Unit::Bytes) source("INFO used_memory_vm_total");
    /// Bytes that scripts and functions take inside the allocated total
    USED_SCRIPTS: Gauge = "redis_memory_used_scripts_bytes" [] upstream source("INFO used_memory_scripts");
    /// Bytes that cached EVAL scripts take
    USED_SCRIPTS_EVAL: Gauge = "redis_memory_used_scripts_eval_bytes" [] upstream source("INFO used_memory_scripts_eval");
    /// Bytes that functions take
    USED_FUNCTIONS: Gauge = "redis_memory_used_functions_bytes" [] upstream source("INFO used_memory_functions");
    /// EVAL scripts in the script cache
    CACHED_SCRIPTS: Gauge = "redis_number_of_cached_scripts" [] upstream source("INFO number_of_cached_scripts");
    /// Functions that are loaded
    FUNCTIONS: Gauge = "redis_number_of_functions" [] upstream source("INFO number_of_functions");
    /// Function libraries that are loaded
    LIBRARIES: Gauge = "redis_number_of_libraries" [] upstream source("INFO number_of_libraries");
    /// Memory of the machine
    SYSTEM: Gauge = "redis_total_system_memory_bytes" [] upstream source("INFO total_system_memory");
    /// Memory limit of the server; 0 is none
    MAX: Gauge = "redis_memory_max_bytes" [] upstream source("INFO maxmemory");
    /// Bytes set aside from the memory limit, on managed servers
    MAX_RESERVATION: Gauge = "redis_memory_max_reservation_bytes" [] upstream source("INFO maxmemory_reservation");
    /// Bytes that should be set aside from the memory limit, on managed servers
    MAX_RESERVATION_DESIRED: Gauge = "redis_memory_max_reservation_desired_bytes" [] upstream source("INFO maxmemory_desired_reservation");
    /// Bytes set aside for fragmentation, on managed servers
    MAX_FRAGMENTATION: Gauge = "redis_memory_max_fragmentation_reservation_bytes" [] upstream source("INFO maxfragmentationmemory_reservation");
    /// Bytes that should be set aside for fragmentation, on managed servers
    MAX_FRAGMENTATION_DESIRED: Gauge = "redis_memory_max_fragmentation_reservation_desired_bytes" [] upstream source("INFO maxfragmentationmemory_desired_reservation");
    /// Resident set over allocated bytes
    FRAGMENTATION_RATIO: Gauge = "redis_mem_fragmentation_ratio" [] upstream source("INFO mem_fragmentation_ratio");
    /// Resident set less allocated bytes
    FRAGMENTATION: Gauge = "redis_mem_fragmentation_bytes" [] upstream source("INFO mem_fragmentation_bytes");
    /// Resident set over resident bytes of the allocator
    RSS_OVERHEAD_RATIO: Gauge = "redis_memory_rss_overhead_ratio" [] source("INFO rss_overhead_ratio");
    /// Resident set less resident bytes of the allocator
    RSS_OVERHEAD: Gauge = "redis_memory_rss_overhead_bytes" [] source("INFO rss_overhead_bytes");
    /// Bytes that do not count when keys are evicted: buffers of replicas and of the append-only file
    NOT_COUNTED_FOR_EVICTION: Gauge = "redis_mem_not_counted_for_eviction_bytes" [] upstream source("INFO mem_not_counted_for_evict");
    /// Bytes of the replication backlog
    REPLICATION_BACKLOG: Gauge = "redis_mem_replication_backlog_bytes" [] upstream source("INFO mem_replication_backlog");
    /// Bytes of all replication buffers, the backlog included
    REPLICATION_BUFFERS: Gauge = "redis_mem_total_replication_buffers_bytes" [] upstream source("INFO mem_total_replication_buffers");
    /// Bytes of the buffers of clients
    CLIENTS_NORMAL: Gauge = "redis_mem_clients_normal" [] upstream unit(Unit::Bytes) source("INFO mem_clients_normal");
    /// Bytes of the buffers of replicas
    CLIENTS_REPLICAS: Gauge = "redis_mem_clients_slaves" [] upstream unit(Unit::Bytes) source("INFO mem_clients_slaves");
    /// Bytes of the links between cluster nodes
    CLUSTER_LINKS: Gauge = "redis_mem_cluster_links_bytes" [] upstream source("INFO mem_cluster_links");
    /// Bytes of the buffers of the append-only file
    AOF_BUFFER: Gauge = "redis_mem_aof_buffer_bytes" [] upstream source("INFO mem_aof_buffer");
    /// Bytes of key tables that are being resized
    REHASHING: Gauge = "redis_mem_overhead_db_hashtable_rehashing_bytes" [] upstream source("INFO mem_overhead_db_hashtable_rehashing");
}
