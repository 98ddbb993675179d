//! postgres-exporter: everything that it can expose, by view.
//!
//! The exporter fills a metric from the column that its source names after the collector, and its labels from the columns of their names, so
//! that a column of a view is mapped by its entry here alone. One column may feed several metrics; a column that a version
//! of the server does not have leaves its metrics out.

pub mod activity;
pub mod background;
pub mod compat;
pub mod config;
pub mod database;
pub mod io;
pub mod progress;
pub mod replication;
pub mod server;
pub mod stat_database;
pub mod stat_database_conflicts;
pub mod statements;
pub mod tables;
pub mod writers;

/// What the exporter says of itself.
pub mod exporter {
    use crate::exporter::{entries, statics};

    entries!(statics "pg");
}

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program {
    name: "postgres-exporter",
    sections: &[
        ("server", server::ALL),
        ("postmaster", server::postmaster::ALL),
        ("replication", server::replication::ALL),
        ("stat_archiver", server::stat_archiver::ALL),
        ("stat_wal_receiver", server::stat_wal_receiver::ALL),
        ("stat_bgwriter", writers::stat_bgwriter::ALL),
        ("stat_checkpointer", writers::stat_checkpointer::ALL),
        ("stat_wal", writers::stat_wal::ALL),
        ("database", database::ALL),
        ("database_wraparound", database::wraparound::ALL),
        ("stat_database", stat_database::ALL),
        ("stat_database_conflicts", stat_database_conflicts::ALL),
        ("stat_activity", activity::stat_activity::ALL),
        ("sessions", activity::sessions::ALL),
        ("stat_activity_autovacuum", activity::stat_activity_autovacuum::ALL),
        ("long_running_transactions", activity::long_running_transactions::ALL),
        ("process_idle", activity::process_idle::ALL),
        ("locks", activity::locks::ALL),
        ("lock_waits", activity::lock_waits::ALL),
        ("xmin_horizon", activity::xmin_horizon::ALL),
        ("stat_replication", replication::stat_replication::ALL),
        ("replication_slots", replication::replication_slots::ALL),
        ("stat_subscription", replication::stat_subscription::ALL),
        ("stat_io", io::stat_io::ALL),
        ("stat_slru", io::stat_slru::ALL),
        ("buffercache_summary", io::buffercache_summary::ALL),
        ("stat_user_tables", tables::stat_user_tables::ALL),
        ("statio_user_tables", tables::statio_user_tables::ALL),
        ("table", tables::table::ALL),
        ("index_use", tables::index_use::ALL),
        ("statio_user_indexes", tables::statio_user_indexes::ALL),
        ("budget", tables::budget::ALL),
        ("user_indexes_budget", tables::user_indexes_budget::ALL),
        ("stat_progress_vacuum", progress::stat_progress_vacuum::ALL),
        ("progress", progress::command::ALL),
        ("settings", config::settings::ALL),
        ("roles", config::roles::ALL),
        ("stat_statements", statements::ALL),
        ("stat_statements_budget", statements::budget::ALL),
        ("background", background::ALL),
        ("wal", background::wal::ALL),
        ("temp_files", background::temp_files::ALL),
        ("sequences", background::sequences::ALL),
        ("sequence_rights", background::sequences::rights::ALL),
        ("compat", compat::ALL),
        ("exporter", exporter::ALL),
        ("process", crate::process::ALL),
    ],
};
