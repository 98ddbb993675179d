//! `CONFIG GET`.
//!
//! A source `CONFIG <parameter>` is filled from that parameter; these are the parameters that the exporter asks for.

use crate::Unit;

crate::catalogue! {
    /// Configured memory limit in bytes; 0 is none
    MAXMEMORY: Gauge = "redis_config_maxmemory" [] upstream unit(Unit::Bytes) source("CONFIG maxmemory");
    /// Configured limit on connections of clients
    MAXCLIENTS: Gauge = "redis_config_maxclients" [] upstream source("CONFIG maxclients");
    /// Configured number of I/O threads
    IO_THREADS: Gauge = "redis_config_io_threads" [] upstream source("CONFIG io-threads");
    /// Configured size of the replication backlog in bytes
    REPL_BACKLOG_SIZE: Gauge = "redis_config_repl_backlog_size" [] upstream unit(Unit::Bytes) source("CONFIG repl-backlog-size");
    /// Output buffer at which clients of the class are disconnected, at once or after a time; 0 is no limit
    OUTPUT_BUFFER_LIMIT: Gauge = "redis_config_client_output_buffer_limit_bytes" ["class", "limit"] upstream closed(&[("limit", &["hard", "soft"])]);
    /// Seconds above the soft limit after which clients of the class are disconnected
    OUTPUT_BUFFER_OVERCOME: Gauge = "redis_config_client_output_buffer_limit_overcome_seconds" ["class", "limit"] upstream closed(&[("limit", &["soft"])]);
}
