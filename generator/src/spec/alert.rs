//! What is watched, and what a person is told.

use std::num::NonZeroU32;

use super::component::{GRAFANA, PROMETHEUS};
use super::duration::{self, Duration};
use super::example::Example;
use super::service::Service;
use super::severity::Severity;

/// One alert: its rule, its texts, its runbook and the examples that its tests are made of.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) name: &'static str,
    pub(crate) expr: String,
    /// How long the expression must hold.
    pub(crate) lasting: Duration,
    pub(crate) severity: Severity,
    pub(crate) service: Service,
    /// One line; may use `{{ $labels.… }}` and `{{ $value }}`.
    pub(crate) summary: String,
    /// What it means for users, and where to look first.
    pub(crate) description: String,
    /// The runbook's first paragraph.
    pub(crate) meaning: &'static str,
    /// Likely causes, the likeliest first.
    pub(crate) causes: &'static [&'static str],
    /// What to do, in this order.
    pub(crate) actions: &'static [&'static str],
    /// The page to open first.
    pub(crate) page: Page,
    pub(crate) examples: Vec<Example>,
}

/// A page of the stack that shows an alert's subject.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    /// Prometheus' list of targets, narrowed to one job.
    Targets(&'static str),
    /// Prometheus' list of targets.
    AllTargets,
    /// Prometheus' list of alerts.
    Alerts,
}

impl Alert {
    /// The same alert with its times divided.
    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        self.expr = duration::divide_promql(&self.expr, scale);
        self.lasting = self.lasting.divided_by(scale);
        self.examples = self.examples.into_iter().map(|example| example.divided_by(scale)).collect();
        self
    }

    /// Path of the runbook in the rendered set.
    pub(crate) fn runbook_path(&self) -> String {
        format!("runbooks/{}.md", self.name)
    }

    /// Where the runbook can be read: Grafana serves the mounted directory among its static files.
    pub(crate) fn runbook_url(&self) -> String {
        format!("{}/public/{}", GRAFANA.url(), self.runbook_path())
    }

    /// Annotation `dashboard_url`.
    pub(crate) fn dashboard_url(&self) -> String {
        let prometheus = PROMETHEUS.url();
        match self.page {
            Page::Targets(job) => format!("{prometheus}/targets?search={job}"),
            Page::AllTargets => format!("{prometheus}/targets"),
            Page::Alerts => format!("{prometheus}/alerts"),
        }
    }
}
