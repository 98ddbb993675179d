//! Alerts about the API.

mod clients;
mod down;
mod errors;
mod handlers;
mod pool;

use crate::spec::alert::Alert;
use crate::spec::threshold::Threshold;

pub(crate) use down::DOWN;

pub(super) fn all() -> Vec<Alert> {
    [vec![down::alert()], errors::all(), clients::all(), handlers::all(), pool::all()].into_iter().flatten().collect()
}

/// Requests per second below which a share of them is that of a handful.
static REQUESTS: Threshold =
    Threshold::number("API_REQUESTS", 0.1, 1e6, "Thirty requests in five minutes: with fewer, one error is a rate of several percent");

/// Labels of the instance of the examples.
const API: &[(&str, &str)] = &[("job", "selextract-api"), ("instance", "api:8000")];
