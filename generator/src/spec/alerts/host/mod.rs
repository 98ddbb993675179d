//! Alerts about the machine that everything runs on, as `node_exporter` sees it.

mod disk;
mod disk_trend;
mod down;
mod memory;
mod network;
mod processor;
mod system;

use crate::spec::alert::Alert;

pub(crate) use down::DOWN;

pub(super) fn all() -> Vec<Alert> {
    [down::all(), processor::all(), memory::all(), disk::all(), disk_trend::all(), network::all(), system::all()].into_iter().flatten().collect()
}

/// Labels of the host of the examples where an expression keeps those of its series.
const HOST: &[(&str, &str)] = &[("job", "node"), ("instance", "web-1:9100")];

/// Labels of the host of the examples where an expression keeps the instance alone.
const INSTANCE: &[(&str, &str)] = &[("instance", "web-1:9100")];
