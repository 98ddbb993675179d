//! `INFO keyspace`: by database.
//!
//! A source `KEYSPACE <key>` is filled from that key of each `dbN` line.

crate::catalogue! {
    /// Keys in the database
    KEYS: Gauge = "redis_db_keys" ["db"] upstream source("KEYSPACE keys");
    /// Keys in the database that have an expiry
    KEYS_EXPIRING: Gauge = "redis_db_keys_expiring" ["db"] upstream source("KEYSPACE expires");
    /// Average time to live of the keys that have an expiry, as the server estimates it
    AVERAGE_TTL: Gauge = "redis_db_avg_ttl_seconds" ["db"] upstream source("KEYSPACE avg_ttl") times(1e-3);
    /// Keys of the database that are held in memory, where the rest is on disk
    KEYS_CACHED: Gauge = "redis_db_keys_cached" ["db"] upstream source("KEYSPACE cached_keys");
    /// Hashes in the database of which fields have an expiry of their own, on Redis 7.4
    KEYS_EXPIRING_FIELDS: Gauge = "redis_db_keys_expiring_fields" ["db"] source("KEYSPACE subexpiry");
    /// Keys in the database of which items have an expiry of their own, on Valkey 9
    KEYS_VOLATILE_ITEMS: Gauge = "redis_db_keys_volatile_items" ["db"] source("KEYSPACE keys_with_volatile_items");
}
