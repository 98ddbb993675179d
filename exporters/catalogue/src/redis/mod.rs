//! redis-exporter: everything that it can expose, by INFO section or command.
//!
//! The exporter builds its tables from the sources given here, so that a field is mapped by its entry alone. The first
//! words of a source name the table: `INFO hz`, `CLUSTER INFO cluster_size`, `CONFIG maxmemory`, `COMMANDSTATS calls`,
//! `KEYSPACE keys`, `REPLICA slave_repl_offset`, `SENTINEL MASTERS quorum`. One field may feed several metrics.

pub mod allocator;
pub mod clients;
pub mod cluster;
pub mod commandlog;
pub mod commands;
pub mod config;
pub mod cpu;
pub mod eventloop;
pub mod internal;
pub mod keydb;
pub mod keyspace;
pub mod latency;
pub mod memory;
pub mod modules;
pub mod persistence;
pub mod replica;
pub mod replication;
pub mod search;
pub mod sentinel;
pub mod server;
pub mod slowlog;
pub mod stats;
pub mod valkey_search;

/// What the exporter says of itself.
pub mod exporter {
    use crate::exporter::{entries, statics};

    entries!(statics "redis");
}

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program {
    name: "redis-exporter",
    sections: &[
        ("server", server::ALL),
        ("clients", clients::ALL),
        ("memory", memory::ALL),
        ("allocator", allocator::ALL),
        ("persistence", persistence::ALL),
        ("stats", stats::ALL),
        ("eventloop", eventloop::ALL),
        ("replication", replication::ALL),
        ("replica", replica::ALL),
        ("cpu", cpu::ALL),
        ("commands", commands::ALL),
        ("latency", latency::ALL),
        ("keyspace", keyspace::ALL),
        ("cluster", cluster::ALL),
        ("config", config::ALL),
        ("slowlog", slowlog::ALL),
        ("commandlog", commandlog::ALL),
        ("sentinel", sentinel::ALL),
        ("keydb", keydb::ALL),
        ("modules", modules::ALL),
        ("search", search::ALL),
        ("valkey_search", valkey_search::ALL),
        ("internal", internal::ALL),
        ("exporter", exporter::ALL),
        ("process", crate::process::ALL),
    ],
};
