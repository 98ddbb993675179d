//! `INFO server`: the process itself.

use crate::Unit;

crate::catalogue! {
    /// Identity and role of the server as labels; always 1
    INSTANCE: Gauge = "redis_instance_info"
        ["role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id", "process_id", "master_replid",
         "valkey_version", "valkey_release_stage"] upstream optional(2);
    /// Time at which the server started, on its own clock where it tells it; held steady for the life of a run
    START_TIME: Gauge = "redis_start_time_seconds" [] upstream;
    /// Seconds since the server started
    UPTIME: Gauge = "redis_uptime_in_seconds" [] upstream unit(Unit::Seconds) source("INFO uptime_in_seconds");
    /// The server's clock
    TIME: Gauge = "redis_time_seconds" [] source("INFO server_time_usec") times(1e-6);
    /// Process identifier of the server
    PROCESS_ID: Gauge = "redis_process_id" [] upstream source("INFO process_id");
    /// Rounds of background work per second that the server runs at now
    HZ: Gauge = "redis_hz" [] upstream source("INFO hz");
    /// Rounds of background work per second that the server is configured for
    CONFIGURED_HZ: Gauge = "redis_configured_hz" [] upstream source("INFO configured_hz");
    /// 1 while the I/O threads are in use, 0 while the main thread does their work
    IO_THREADS_ACTIVE: Gauge = "redis_io_threads_active" [] upstream source("INFO io_threads_active");
    /// Numeric INFO fields that the exporter has no metric of its own for
    UNMAPPED: Gauge = "redis_info_unmapped" ["section", "field"];
    /// Numeric INFO fields without a metric of their own that the server sent, exposed or not
    UNMAPPED_FIELDS: Gauge = "redis_info_unmapped_fields" [];
}
