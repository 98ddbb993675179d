//! Alerts about attacks.

mod limits;
mod logins;

use crate::spec::alert::Alert;

pub(super) fn all() -> Vec<Alert> {
    [logins::all(), limits::all()].into_iter().flatten().collect()
}
