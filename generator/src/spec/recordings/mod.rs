//! Series that Prometheus computes for dashboards and SLOs: `level:metric:operation`.

mod host;
mod http;
mod redis;

use std::num::NonZeroU32;
use std::panic::Location;

use super::alert::Allowance;
use super::duration;
use super::slo;

/// One recording rule.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) expr: String,
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
    /// Checks that it need not pass.
    pub(crate) allowed: Vec<Allowance>,
}

impl Recording {
    #[track_caller]
    pub(crate) fn new(name: impl Into<String>, expr: impl Into<String>) -> Self {
        Self { name: name.into(), expr: expr.into(), location: Location::caller(), allowed: Vec::new() }
    }

    /// The same rule over divided windows; the name stays, so that what reads it needs no change.
    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        self.expr = duration::divide_promql(&self.expr, scale);
        self
    }
}

/// Every recording rule, each after those that it reads.
pub(crate) fn all() -> Vec<Recording> {
    let slos = slo::all();
    [host::all(), redis::all(), http::all(), slos.iter().flat_map(slo::Slo::recordings).collect()].into_iter().flatten().collect()
}
