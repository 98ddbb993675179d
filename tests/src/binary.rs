//! Our own binaries, built before they are run.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::program;

/// A command for one of the workspace's binaries, fresh from its sources.
#[must_use]
pub fn command(name: &str) -> Command {
    program::command(path(name))
}

/// Binaries that this process has built, by name.
static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// The path of a binary, built in the profile of the running test.
///
/// Cargo tells a test the paths of its own package's binaries only, and would leave those of others stale.
fn path(name: &str) -> PathBuf {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = built.get(name) {
        return path.clone();
    }
    // target/<profile>/deps/<test>-<hash>
    let test = env::current_exe().expect("a running program has a path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("cargo puts tests two folders deep");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Of the whole workspace and with a test, so that dependencies are built once, with the features that all members and their
    // tests need together.
    cargo.args(["build", "--quiet", "--workspace", "--bin", name, "--test", "dependencies"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    // What cargo tells a test of its package, build scripts would take for a change: ring's, and then all that is built on it.
    let told = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told)) {
        cargo.env_remove(name);
    }
    let status = program::spawn(&mut cargo).wait().expect("cargo can be waited for");
    assert!(status.success(), "cargo build --bin {name} failed");
    let path = profile.join(name);
    built.insert(name.to_owned(), path.clone());
    path
}
