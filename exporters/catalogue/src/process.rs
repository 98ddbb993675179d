//! What every program says of its own process, under the names that all Prometheus clients use.

crate::catalogue! {
    /// User and system CPU time spent
    CPU_SECONDS: Counter = "process_cpu_seconds_total" [] upstream;
    /// Resident memory
    RESIDENT_MEMORY: Gauge = "process_resident_memory_bytes" [] upstream;
    /// Virtual memory
    VIRTUAL_MEMORY: Gauge = "process_virtual_memory_bytes" [] upstream;
    /// Most virtual memory that the process may have; absent without a limit
    VIRTUAL_MEMORY_MAX: Gauge = "process_virtual_memory_max_bytes" [] upstream;
    /// Open file descriptors
    OPEN_FDS: Gauge = "process_open_fds" [] upstream;
    /// Most file descriptors that the process may open
    MAX_FDS: Gauge = "process_max_fds" [] upstream;
    /// Operating system threads
    THREADS: Gauge = "process_threads" [] upstream;
    /// Time at which the process started
    START_TIME: Gauge = "process_start_time_seconds" [] upstream;
}
