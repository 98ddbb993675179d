//! Series that Prometheus computes for dashboards and SLOs: `level:metric:operation`.

mod redis;

use std::num::NonZeroU32;

use super::duration;

/// One recording rule.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) name: &'static str,
    pub(crate) expr: String,
}

impl Recording {
    /// The same rule over divided windows; the name stays, so that what reads it needs no change.
    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        self.expr = duration::divide_promql(&self.expr, scale);
        self
    }
}

/// Every recording rule.
pub(crate) fn all() -> Vec<Recording> {
    redis::all()
}
