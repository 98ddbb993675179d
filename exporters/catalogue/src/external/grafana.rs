//! Grafana, as far as our rules read it.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "grafana", sections: &[("grafana", ALL), ("process", crate::process::ALL)] };

crate::catalogue! {
    /// Version of the running program
    BUILD_INFO: Gauge = "grafana_build_info" ["branch", "edition", "goversion", "revision", "version"] upstream;
}
