//! Alerts about Redis.

mod clients;
mod commands;
mod data;
mod down;
mod memory;

use crate::spec::alert::Alert;

pub(crate) use down::DOWN;

pub(super) fn all() -> Vec<Alert> {
    [vec![down::alert()], memory::all(), data::all(), clients::all(), commands::all()].into_iter().flatten().collect()
}

/// Labels of the server of the examples.
const REDIS: &[(&str, &str)] = &[("job", "redis"), ("instance", "redis-exporter:9121")];
