//! Alerts about objectives whose budget of errors goes too fast.

mod availability;
mod latency;
mod tasks;

use crate::spec::alert::Alert;

pub(super) fn all() -> Vec<Alert> {
    [availability::all(), latency::all(), tasks::all()].into_iter().flatten().collect()
}

/// Labels of the API of the examples.
const API: &[(&str, &str)] = &[("job", "selextract-api")];
