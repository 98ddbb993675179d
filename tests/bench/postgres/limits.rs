//! A process under the limits that the compose file sets: 128 MiB of memory and a tenth of a CPU.

use std::fs;
use std::path::{Path, PathBuf};

const MEMORY: &str = "134217728";
const PERIOD: &str = "100000";
const QUOTA: &str = "10000";

/// A file of a group, and what is written to it.
type Setting = (&'static str, &'static str);

/// Groups of the kernel that hold one process; gone when dropped, and the process is moved out before.
pub(crate) struct Limits {
    groups: Vec<PathBuf>,
    roots: Vec<PathBuf>,
}

impl Limits {
    /// Puts a process under the limits; none where we may not make groups.
    pub(crate) fn hold(process: u32) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let (roots, settings): (Vec<PathBuf>, Vec<&[Setting]>) = if root.join("cgroup.controllers").exists() {
            let _ = fs::write(root.join("cgroup.subtree_control"), "+cpu +memory");
            (vec![root.to_owned()], vec![&[("memory.max", MEMORY), ("cpu.max", "10000 100000")]])
        } else {
            let memory: &[Setting] = &[("memory.limit_in_bytes", MEMORY)];
            (vec![root.join("memory"), root.join("cpu")], vec![memory, &[("cpu.cfs_period_us", PERIOD), ("cpu.cfs_quota_us", QUOTA)]])
        };
        let mut limits = Self { groups: Vec::new(), roots };
        for (root, settings) in limits.roots.clone().iter().zip(settings) {
            let group = root.join(format!("postgres-bench-{process}"));
            fs::create_dir(&group).ok()?;
            limits.groups.push(group.clone());
            for (name, value) in settings {
                fs::write(group.join(name), value).ok()?;
            }
            fs::write(group.join("cgroup.procs"), process.to_string()).ok()?;
        }
        Some(limits)
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        for (group, root) in self.groups.iter().zip(&self.roots) {
            for process in fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default().lines() {
                let _ = fs::write(root.join("cgroup.procs"), process);
            }
            let _ = fs::remove_dir(group);
        }
    }
}
