//! `INFO clients`.

use crate::Unit;

crate::catalogue! {
    /// Connections of clients, without those of replicas
    CONNECTED: Gauge = "redis_connected_clients" [] upstream source("INFO connected_clients");
    /// Connections at which the server refuses further ones
    MAX: Gauge = "redis_max_clients" [] upstream source("INFO maxclients");
    /// Clients that wait in a blocking command
    BLOCKED: Gauge = "redis_blocked_clients" [] upstream source("INFO blocked_clients");
    /// Clients for which the server tracks keys for client-side caching
    TRACKING: Gauge = "redis_tracking_clients" [] upstream source("INFO tracking_clients");
    /// Clients in publish or subscribe mode
    PUBSUB: Gauge = "redis_pubsub_clients" [] upstream source("INFO pubsub_clients");
    /// Clients that watch keys for a transaction
    WATCHING: Gauge = "redis_watching_clients" [] upstream source("INFO watching_clients");
    /// Clients that the server will time out from a blocking command
    IN_TIMEOUT_TABLE: Gauge = "redis_clients_in_timeout_table" [] upstream source("INFO clients_in_timeout_table");
    /// Keys that clients watch for a transaction
    WATCHED_KEYS: Gauge = "redis_total_watched_keys" [] upstream source("INFO total_watched_keys");
    /// Keys that clients wait for in a blocking command
    BLOCKING_KEYS: Gauge = "redis_total_blocking_keys" [] upstream source("INFO total_blocking_keys");
    /// Keys that clients wait for in a blocking command and want to be told of when deleted
    BLOCKING_KEYS_ON_NOKEY: Gauge = "redis_total_blocking_keys_on_nokey" [] upstream source("INFO total_blocking_keys_on_nokey");
    /// Largest recent input buffer of a client
    RECENT_MAX_INPUT_BUFFER: Gauge = "redis_client_recent_max_input_buffer_bytes" [] upstream source("INFO client_recent_max_input_buffer");
    /// Largest recent output buffer of a client
    RECENT_MAX_OUTPUT_BUFFER: Gauge = "redis_client_recent_max_output_buffer_bytes" [] upstream source("INFO client_recent_max_output_buffer");
    /// Largest input buffer of a client, on servers before 5.0
    BIGGEST_INPUT_BUFFER: Gauge = "redis_client_biggest_input_buf" [] upstream unit(Unit::Bytes) source("INFO client_biggest_input_buf");
    /// Longest output list of a client, on servers before 5.0
    LONGEST_OUTPUT_LIST: Gauge = "redis_client_longest_output_list" [] upstream source("INFO client_longest_output_list");
}
