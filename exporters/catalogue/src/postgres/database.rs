//! `pg_database`: limits, age and size of each database.

crate::catalogue! {
    /// Size of the database on disk, as last measured in the background
    SIZE: Gauge = "pg_database_size_bytes" ["datname"] upstream;
    /// Sessions that the database admits; -1 is no limit
    CONNECTION_LIMIT: Gauge = "pg_database_connection_limit" ["datname"] upstream source("database datconnlimit");
    /// 1 if the database admits connections, 0 if not
    ALLOWS_CONNECTIONS: Gauge = "pg_database_allows_connections" ["datname"] source("database datallowconn");
    /// Transactions since the oldest row of the database that is not yet frozen
    FROZEN_AGE: Gauge = "pg_database_frozen_transaction_age" ["datname"] source("database frozen_age");
    /// Multixact ids since the oldest one that the database still refers to
    MULTIXACT_AGE: Gauge = "pg_database_frozen_multixact_age" ["datname"] source("database multixact_age");
}

/// Names of the upstream exporter that say seconds and mean transactions.
pub mod wraparound {
    crate::catalogue! {
        /// Transactions, not seconds, since the oldest row of the database that is not yet frozen
        DATFROZENXID: Gauge = "pg_database_wraparound_age_datfrozenxid_seconds" ["datname"] upstream source("database_wraparound frozen_age");
        /// Multixact ids, not seconds, since the oldest one that the database still refers to
        DATMINMXID: Gauge = "pg_database_wraparound_age_datminmxid_seconds" ["datname"] upstream source("database_wraparound multixact_age");
    }
}
