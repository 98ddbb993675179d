//! Every alert, by what it is about.

mod down;
mod host;
mod redis;
mod slo;
mod stack;

use super::alert::Alert;

pub(crate) use host::DOWN as HOST_DOWN;
pub(crate) use redis::DOWN as REDIS_DOWN;
pub(crate) use stack::{GRAFANA_DOWN, TARGET_DOWN};

/// Every alert. A service's Down alert stands before `TargetDown`, so that it is there to inhibit it.
pub(crate) fn all() -> Vec<Alert> {
    [host::all(), redis::all(), slo::all(), stack::all()].into_iter().flatten().collect()
}
