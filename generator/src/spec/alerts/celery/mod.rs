//! Alerts about Celery.

mod broker;
mod events;
mod queues;
mod tasks;
mod workers;

use crate::spec::alert::Alert;

pub(crate) use broker::DOWN;
pub(crate) use workers::NO_WORKERS;

pub(super) fn all() -> Vec<Alert> {
    [vec![broker::down()], workers::all(), queues::all(), tasks::all(), events::all()].into_iter().flatten().collect()
}

/// Labels of the application of the examples.
const CELERY: &[(&str, &str)] = &[("job", "celery"), ("instance", "celery-exporter:9808")];
