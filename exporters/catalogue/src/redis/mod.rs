//! redis-exporter: everything that it can expose, by INFO section or command.
//!
//! An entry whose source starts with `INFO ` is filled from that field without further code.

pub mod server;

/// What the exporter says of itself.
pub mod exporter {
    use crate::exporter::{entries, statics};

    entries!(statics "redis");
}

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program =
    crate::Program { name: "redis-exporter", sections: &[("server", server::ALL), ("exporter", exporter::ALL), ("process", crate::process::ALL)] };
