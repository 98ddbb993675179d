//! What Prometheus scrapes.

use std::collections::BTreeMap;

use super::component::{self, Component};

/// A scrape job: one part of the stack at its targets.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) component: &'static Component,
    /// Each `host:port`, and so a value of the label `instance`.
    pub(crate) targets: Vec<String>,
}

impl Job {
    /// Value of the label `job`.
    pub(crate) fn label(&self) -> &'static str {
        self.component.job
    }
}

/// A job for every part of the stack, at the compose network's address unless `targets` has others for it.
pub(crate) fn all(targets: &BTreeMap<&'static str, Vec<String>>) -> Vec<Job> {
    let job =
        |component: &'static Component| Job { component, targets: targets.get(component.job).cloned().unwrap_or_else(|| vec![component.address()]) };
    component::ALL.into_iter().map(job).collect()
}
