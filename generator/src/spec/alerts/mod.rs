//! Every alert, by what it is about.

mod down;
mod redis;
mod targets;
mod watchdog;

use super::alert::Alert;

pub(crate) use redis::DOWN as REDIS_DOWN;
pub(crate) use targets::DOWN as TARGET_DOWN;

/// Every alert. A service's Down alert stands before `TargetDown`, so that it is there to inhibit it.
pub(crate) fn all() -> Vec<Alert> {
    [redis::all(), targets::all(), watchdog::all()].into_iter().flatten().collect()
}
