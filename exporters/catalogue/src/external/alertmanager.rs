//! Alertmanager, as far as our rules read it.

/// The program's entry in [`PROGRAMS`](crate::PROGRAMS).
pub const PROGRAM: crate::Program = crate::Program { name: "alertmanager", sections: &[("alertmanager", ALL), ("process", crate::process::ALL)] };

crate::catalogue! {
    /// Version of the running program
    BUILD_INFO: Gauge = "alertmanager_build_info" ["branch", "goarch", "goos", "goversion", "revision", "tags", "version"] upstream;
}
