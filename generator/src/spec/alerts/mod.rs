//! Every alert, by what it is about.

mod api;
mod business;
mod celery;
#[cfg(test)]
mod contract;
mod down;
mod host;
mod postgres;
mod redis;
mod security;
mod slo;
mod stack;

use super::alert::Alert;

pub(crate) use api::DOWN as API_DOWN;
pub(crate) use celery::{DOWN as CELERY_BROKER_DOWN, NO_WORKERS as CELERY_NO_WORKERS};
pub(crate) use host::DOWN as HOST_DOWN;
pub(crate) use postgres::DOWN as POSTGRES_DOWN;
pub(crate) use redis::DOWN as REDIS_DOWN;
pub(crate) use stack::{ALERTMANAGER_DOWN, GRAFANA_DOWN, PROMETHEUS_DOWN, TARGET_DOWN};

/// Every alert. A service's Down alert stands before `TargetDown`, so that it is there to inhibit it.
pub(crate) fn all() -> Vec<Alert> {
    let areas = [host::all(), api::all(), postgres::all(), redis::all(), celery::all(), business::all(), security::all(), slo::all(), stack::all()];
    areas.into_iter().flatten().collect()
}
