//! Prometheus, as far as our rules read it.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "prometheus", sections: &[("prometheus", ALL), ("process", crate::process::ALL)] };

crate::catalogue! {
    /// Version of the running program
    BUILD_INFO: Gauge = "prometheus_build_info" ["branch", "goarch", "goos", "goversion", "revision", "tags", "version"] upstream;
}
