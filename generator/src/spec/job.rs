//! What Prometheus scrapes.

use std::panic::Location;

use super::component::{self, Component, Limits};
use super::site::Site;
use super::variable::{self, Variable};

/// A scrape job: one part of the stack at its targets.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) component: &'static Component,
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
    /// Value of the label `job`.
    pub(crate) name: String,
    /// Each `host:port`, and so a value of the label `instance`.
    pub(crate) targets: Vec<String>,
    pub(crate) limits: Limits,
    /// The secret that it wants to be asked with.
    pub(crate) token: Option<&'static Variable>,
}

impl Job {
    /// Value of the label `job`.
    pub(crate) fn label(&self) -> &str {
        &self.name
    }
}

/// A job for every part of the stack, at the compose network's addresses unless the site has others for it.
pub(crate) fn all(site: &Site) -> Vec<Job> {
    let job = |component: &'static Component| Job {
        component,
        location: Location::caller(),
        name: site.job_name(component).to_owned(),
        targets: site.targets_of(component),
        limits: component.limits,
        token: (site.metrics_token.is_set() && component.name == component::API.name).then_some(&variable::METRICS_TOKEN),
    };
    component::ALL.into_iter().map(job).collect()
}
