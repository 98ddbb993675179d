//! Series that Prometheus computes for dashboards and SLOs: `level:metric:operation`.

mod business;
pub(crate) mod example;
mod host;
mod http;
mod postgres;
mod redis;
mod slo;

use std::num::NonZeroU32;
use std::panic::Location;

use super::alert::Allowance;
use super::duration;
use super::site::Site;
use super::slo as objectives;
use example::Example;

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

    /// The same rule with a site's job names.
    pub(crate) fn at(mut self, site: &Site) -> Self {
        self.expr = site.job_names.within(&self.expr);
        self
    }

    /// The same rule over divided windows; the name stays, so that what reads it needs no change.
    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        self.expr = duration::divide_promql(&self.expr, scale);
        self
    }
}

/// Every recording rule, each after those that it reads.
pub(crate) fn all() -> Vec<Recording> {
    let slos = objectives::all();
    [host::all(), postgres::all(), redis::all(), http::all(), business::all(), slos.iter().flat_map(objectives::Slo::recordings).collect()]
        .into_iter()
        .flatten()
        .collect()
}

/// What they make of raw series, each of them in one example.
pub(crate) fn examples() -> Vec<Example> {
    vec![host::example(), postgres::example(), redis::example(), business::example(), slo::example()]
}
