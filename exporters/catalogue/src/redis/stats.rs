//! `INFO stats`: traffic, keys, clients and limits since the server started.

use crate::Unit;

crate::catalogue! {
    /// Connections that the server accepted
    CONNECTIONS: Counter = "redis_connections_received_total" [] upstream source("INFO total_connections_received");
    /// Connections that the server refused because of its limit on clients
    REJECTED_CONNECTIONS: Counter = "redis_rejected_connections_total" [] upstream source("INFO rejected_connections");
    /// Commands that the server processed
    COMMANDS: Counter = "redis_commands_processed_total" [] upstream source("INFO total_commands_processed");
    /// Commands per second, as the server averages them
    OPERATIONS_RATE: Gauge = "redis_instantaneous_operations_per_second" [] source("INFO instantaneous_ops_per_sec");
    /// Bytes read from clients
    NET_INPUT: Counter = "redis_net_input_bytes_total" [] upstream source("INFO total_net_input_bytes");
    /// Bytes written to clients
    NET_OUTPUT: Counter = "redis_net_output_bytes_total" [] upstream source("INFO total_net_output_bytes");
    /// Bytes read for replication
    NET_REPL_INPUT: Counter = "redis_net_repl_input_bytes_total" [] upstream source("INFO total_net_repl_input_bytes");
    /// Bytes written for replication
    NET_REPL_OUTPUT: Counter = "redis_net_repl_output_bytes_total" [] upstream source("INFO total_net_repl_output_bytes");
    /// Bytes per second read from clients, as the server averages them
    INPUT_RATE: Gauge = "redis_instantaneous_input_bytes_per_second" [] source("INFO instantaneous_input_kbps") times(1024.0);
    /// Bytes per second written to clients, as the server averages them
    OUTPUT_RATE: Gauge = "redis_instantaneous_output_bytes_per_second" [] source("INFO instantaneous_output_kbps") times(1024.0);
    /// Bytes per second read for replication, as the server averages them
    REPL_INPUT_RATE: Gauge = "redis_instantaneous_repl_input_bytes_per_second" [] source("INFO instantaneous_input_repl_kbps") times(1024.0);
    /// Bytes per second written for replication, as the server averages them
    REPL_OUTPUT_RATE: Gauge = "redis_instantaneous_repl_output_bytes_per_second" [] source("INFO instantaneous_output_repl_kbps") times(1024.0);
    /// Look-ups that found the key
    KEYSPACE_HITS: Counter = "redis_keyspace_hits_total" [] upstream source("INFO keyspace_hits");
    /// Look-ups that did not find the key
    KEYSPACE_MISSES: Counter = "redis_keyspace_misses_total" [] upstream source("INFO keyspace_misses");
    /// Keys that expired
    EXPIRED_KEYS: Counter = "redis_expired_keys_total" [] upstream source("INFO expired_keys");
    /// Fields of hashes that expired
    EXPIRED_SUBKEYS: Counter = "redis_expired_subkeys_total" [] upstream source("INFO expired_subkeys");
    /// Estimated share of keys that have expired and are not yet deleted, in percent
    EXPIRED_STALE: Gauge = "redis_expired_stale_percentage" [] upstream unit(Unit::Percent) source("INFO expired_stale_perc");
    /// Estimated share of keys that have expired and are not yet deleted
    EXPIRED_STALE_RATIO: Gauge = "redis_expired_stale_ratio" [] source("INFO expired_stale_perc") times(0.01);
    /// Rounds of deleting expired keys that ended because their time was up
    EXPIRED_TIME_CAP: Counter = "redis_expired_time_cap_reached_total" [] upstream source("INFO expired_time_cap_reached_count");
    /// Milliseconds of CPU spent on deleting expired keys
    EXPIRE_CYCLE_MILLISECONDS: Counter = "redis_expire_cycle_cpu_time_ms_total" [] upstream unit(Unit::Milliseconds) source("INFO expire_cycle_cpu_milliseconds");
    /// Seconds of CPU spent on deleting expired keys
    EXPIRE_CYCLE_SECONDS: Counter = "redis_expire_cycle_cpu_seconds_total" [] source("INFO expire_cycle_cpu_milliseconds") times(1e-3);
    /// Keys evicted because of the memory limit
    EVICTED_KEYS: Counter = "redis_evicted_keys_total" [] upstream source("INFO evicted_keys");
    /// Clients evicted because of the limit on their memory
    EVICTED_CLIENTS: Counter = "redis_evicted_clients_total" [] upstream source("INFO evicted_clients");
    /// EVAL scripts evicted from the script cache
    EVICTED_SCRIPTS: Counter = "redis_evicted_scripts_total" [] upstream source("INFO evicted_scripts");
    /// Milliseconds during which memory was above its limit
    EVICTION_EXCEEDED_MILLISECONDS: Counter = "redis_eviction_exceeded_time_ms_total" [] upstream unit(Unit::Milliseconds) source("INFO total_eviction_exceeded_time");
    /// Seconds during which memory was above its limit
    EVICTION_EXCEEDED_SECONDS: Counter = "redis_eviction_exceeded_seconds_total" [] source("INFO total_eviction_exceeded_time") times(1e-3);
    /// Milliseconds since memory last rose above its limit; 0 while below
    EVICTION_CURRENT_MILLISECONDS: Gauge = "redis_current_eviction_exceeded_time_ms" [] upstream unit(Unit::Milliseconds) source("INFO current_eviction_exceeded_time");
    /// Seconds since memory last rose above its limit; 0 while below
    EVICTION_CURRENT_SECONDS: Gauge = "redis_current_eviction_exceeded_seconds" [] source("INFO current_eviction_exceeded_time") times(1e-3);
    /// Channels with at least one subscriber
    PUBSUB_CHANNELS: Gauge = "redis_pubsub_channels" [] upstream source("INFO pubsub_channels");
    /// Patterns with at least one subscriber
    PUBSUB_PATTERNS: Gauge = "redis_pubsub_patterns" [] upstream source("INFO pubsub_patterns");
    /// Shard channels with at least one subscriber
    PUBSUB_SHARD_CHANNELS: Gauge = "redis_pubsubshard_channels" [] upstream source("INFO pubsubshard_channels");
    /// Seconds that the last fork took
    LATEST_FORK: Gauge = "redis_latest_fork_seconds" [] upstream source("INFO latest_fork_usec") times(1e-6);
    /// Forks for snapshots, rewrites and modules
    FORKS: Counter = "redis_forks_total" [] source("INFO total_forks");
    /// Sockets kept open for MIGRATE
    MIGRATE_SOCKETS: Gauge = "redis_migrate_cached_sockets_total" [] upstream source("INFO migrate_cached_sockets");
    /// Keys with an expiry that a writable replica tracks
    REPLICA_EXPIRES_TRACKED: Gauge = "redis_slave_expires_tracked_keys" [] upstream source("INFO slave_expires_tracked_keys");
    /// Keys tracked for client-side caching
    TRACKING_KEYS: Gauge = "redis_tracking_total_keys" [] upstream source("INFO tracking_total_keys");
    /// Pairs of key and client tracked for client-side caching
    TRACKING_ITEMS: Gauge = "redis_tracking_total_items" [] upstream source("INFO tracking_total_items");
    /// Prefixes tracked in broadcast mode of client-side caching
    TRACKING_PREFIXES: Gauge = "redis_tracking_total_prefixes" [] upstream source("INFO tracking_total_prefixes");
    /// Clients disconnected because of their output buffer
    OUTPUT_BUFFER_DISCONNECTIONS: Counter = "redis_client_output_buffer_limit_disconnections_total" [] upstream source("INFO client_output_buffer_limit_disconnections");
    /// Clients disconnected because of their query buffer
    QUERY_BUFFER_DISCONNECTIONS: Counter = "redis_client_query_buffer_limit_disconnections_total" [] upstream source("INFO client_query_buffer_limit_disconnections");
    /// Failed authentications
    ACL_DENIED_AUTH: Counter = "redis_acl_access_denied_auth_total" [] upstream source("INFO acl_access_denied_auth");
    /// Commands refused because the user may not run them
    ACL_DENIED_COMMAND: Counter = "redis_acl_access_denied_cmd_total" [] upstream source("INFO acl_access_denied_cmd");
    /// Commands refused because the user may not use a key
    ACL_DENIED_KEY: Counter = "redis_acl_access_denied_key_total" [] upstream source("INFO acl_access_denied_key");
    /// Commands refused because the user may not use a channel
    ACL_DENIED_CHANNEL: Counter = "redis_acl_access_denied_channel_total" [] upstream source("INFO acl_access_denied_channel");
    /// Commands refused because the user may not use a database
    ACL_DENIED_DATABASE: Counter = "redis_acl_access_denied_database_total" [] source("INFO acl_access_denied_db");
}
