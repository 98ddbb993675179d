//! What an administrator has set: parameters and roles.

/// `pg_settings`: one family for each parameter that is a number or a switch.
pub mod settings {
    crate::catalogue! {
        /// Value of the parameter, in seconds or bytes where it has such a unit
        SETTING: Dynamic = "pg_settings_" [] upstream;
        /// Parameters whose value in a file waits for a restart
        PENDING_RESTART: Gauge = "pg_config_settings_pending_restart" [];
        /// Parameters with a unit that the exporter does not know, left out
        UNKNOWN_UNITS: Gauge = "pg_config_settings_unknown_unit" [];
    }
}

/// `pg_roles`.
pub mod roles {
    crate::catalogue! {
        /// Sessions that the role may have; -1 is no limit
        CONNECTION_LIMIT: Gauge = "pg_roles_connection_limit" ["rolname"] upstream source("roles rolconnlimit");
        /// Time from which the role's password is no longer valid; absent where it always is
        VALID_UNTIL: Gauge = "pg_roles_valid_until_timestamp_seconds" ["rolname"] source("roles valid_until");
    }
}
