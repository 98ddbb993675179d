//! node_exporter, as far as our rules read it.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "node-exporter", sections: &[("node", ALL), ("process", crate::process::ALL)] };

crate::catalogue! {
    /// Version and kernel of the host
    UNAME_INFO: Gauge = "node_uname_info" ["domainname", "machine", "nodename", "release", "sysname", "version"] upstream;
}
