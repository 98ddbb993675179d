//! Alerts about what users do and pay for.

mod growth;
mod tasks;
mod units;

use crate::spec::alert::Alert;

pub(super) fn all() -> Vec<Alert> {
    [tasks::all(), units::all(), growth::all()].into_iter().flatten().collect()
}

/// Labels of the whole service: its instances share users, tasks and money.
const SERVICE: &[(&str, &str)] = &[("job", "selextract-api")];
