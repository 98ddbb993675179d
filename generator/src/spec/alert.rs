//! What is watched, and what a person is told.

use std::num::NonZeroU32;
use std::panic::Location;

use super::component::{Component, GRAFANA, PROMETHEUS};
use super::duration::{self, Duration};
use super::example::Example;
use super::service::Service;
use super::severity::Severity;
use super::site::{JobNames, Site};
use super::threshold::{self, Threshold};

/// One alert: its rule, its texts, its runbook and the examples that its tests are made of.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) name: &'static str,
    /// Where it stands in the spec.
    pub(crate) location: &'static Location<'static>,
    /// `PromQL`, in which the names of `thresholds` stand for their values.
    pub(crate) expr: String,
    pub(crate) thresholds: Vec<&'static Threshold>,
    /// How long the expression must hold.
    pub(crate) lasting: Duration,
    pub(crate) severity: Severity,
    pub(crate) service: Service,
    /// One line; may use `{{ $labels.… }}` and `{{ $value }}`.
    pub(crate) summary: String,
    /// What it means for users.
    pub(crate) description: String,
    /// The runbook's first paragraph.
    pub(crate) meaning: &'static str,
    /// Likely causes, the likeliest first.
    pub(crate) causes: &'static [&'static str],
    /// What to look at first: a title and an expression each.
    pub(crate) queries: &'static [(&'static str, &'static str)],
    /// What to do, in this order.
    pub(crate) actions: &'static [&'static str],
    /// The page to open first.
    pub(crate) page: Page,
    pub(crate) examples: Vec<Example>,
    /// Whether the examples hold at other time scales too: not if seconds are counted, or compared with seconds.
    pub(crate) scales: bool,
    /// What the site must have several of, so that one can watch the other; otherwise the alert is left out.
    pub(crate) among_several: Option<&'static Component>,
    /// Checks that it need not pass.
    pub(crate) allowed: Vec<Allowance>,
    /// Mutants that no test can tell from it.
    pub(crate) equivalents: Vec<Equivalent>,
    /// Where Prometheus and Grafana are, for people.
    pub(crate) links: Links,
    /// What the site calls the jobs that its queries and its page name.
    pub(crate) job_names: JobNames,
}

/// An exception from a check, with the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) rule: &'static str,
    pub(crate) reason: &'static str,
}

/// A change that changes nothing, with the reason why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Equivalent {
    /// As `--mutate` calls it.
    pub(crate) change: &'static str,
    pub(crate) reason: &'static str,
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
    /// Prometheus' list of rules.
    Rules,
    /// The graph of an expression.
    Graph(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Links {
    prometheus: String,
    grafana: String,
}

impl Alert {
    /// An alert of which everything else is still to be said.
    #[track_caller]
    pub(crate) fn owned_by(service: Service) -> Self {
        Self {
            name: "",
            location: Location::caller(),
            expr: String::new(),
            thresholds: Vec::new(),
            lasting: Duration::ZERO,
            severity: Severity::Warning,
            service,
            summary: String::new(),
            description: String::new(),
            meaning: "",
            causes: &[],
            queries: &[],
            actions: &[],
            page: Page::Alerts,
            examples: Vec::new(),
            scales: true,
            among_several: None,
            allowed: Vec::new(),
            equivalents: Vec::new(),
            links: Links { prometheus: PROMETHEUS.url(), grafana: GRAFANA.url() },
            job_names: JobNames::default(),
        }
    }

    /// Excuses it from a check.
    pub(crate) fn allow(mut self, rule: &'static str, reason: &'static str) -> Self {
        self.allowed.push(Allowance { rule, reason });
        self
    }

    /// Whether it can be evaluated where the site is.
    pub(crate) fn belongs_to(&self, site: &Site) -> bool {
        self.among_several.is_none_or(|component| site.has_several(component))
    }

    /// Says of a mutant that it is the same alert.
    pub(crate) fn same_with(mut self, change: &'static str, reason: &'static str) -> Self {
        self.equivalents.push(Equivalent { change, reason });
        self
    }

    /// The same alert with a site's numbers, job names and addresses.
    pub(crate) fn at(mut self, site: &Site) -> Self {
        let words: Vec<_> = self.thresholds.iter().map(|threshold| (threshold.name, site.threshold(threshold).to_string())).collect();
        self.expr = site.job_names.within(&threshold::fill(&self.expr, &words));
        self.summary = site.job_names.within(&self.summary);
        self.description = site.job_names.within(&self.description);
        self.job_names = site.job_names.clone();
        self.links = Links { prometheus: site.prometheus_url.clone(), grafana: site.grafana_url.clone() };
        self
    }

    /// The same alert with its times divided.
    pub(crate) fn divided_by(mut self, scale: NonZeroU32) -> Self {
        self.expr = duration::divide_promql(&self.expr, scale);
        self.lasting = self.lasting.divided_by(scale);
        if scale != NonZeroU32::MIN && !self.scales {
            self.examples.clear();
        }
        self.examples = self.examples.into_iter().map(|example| example.divided_by(scale)).collect();
        self
    }

    /// What to look at first, with the site's names.
    pub(crate) fn first_queries(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.queries.iter().map(|(title, query)| (*title, self.job_names.within(query)))
    }

    /// The expression whose graph is the page to open, with the site's names.
    pub(crate) fn graph(&self) -> Option<String> {
        match self.page {
            Page::Graph(expression) => Some(self.job_names.within(expression)),
            _ => None,
        }
    }

    /// Path of the runbook in the rendered set.
    pub(crate) fn runbook_path(&self) -> String {
        format!("runbooks/{}.md", self.name)
    }

    /// Where the runbook can be read: Grafana serves the mounted directory among its static files.
    pub(crate) fn runbook_url(&self) -> String {
        format!("{}/public/{}", self.links.grafana, self.runbook_path())
    }

    /// Annotation `dashboard_url`.
    pub(crate) fn dashboard_url(&self) -> String {
        let prometheus = &self.links.prometheus;
        match self.page {
            Page::Targets(job) => format!("{prometheus}/targets?search={}", self.job_names.of(job)),
            Page::AllTargets => format!("{prometheus}/targets"),
            Page::Alerts => format!("{prometheus}/alerts"),
            Page::Rules => format!("{prometheus}/rules"),
            Page::Graph(expression) => self.graph_url(&self.job_names.within(expression)),
        }
    }

    /// Prometheus' graph of an expression.
    pub(crate) fn graph_url(&self, expression: &str) -> String {
        format!("{}/graph?g0.tab=0&g0.expr={}", self.links.prometheus, percent_encoded(expression))
    }
}

/// Text as a part of a URL's query.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.extend(['%', hexadecimal(byte >> 4), hexadecimal(byte & 15)]),
        }
    }
    encoded
}

/// Half a byte as a digit.
fn hexadecimal(half: u8) -> char {
    char::from_digit(u32::from(half), 16).unwrap_or_default().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_links() {
        let url = Alert::owned_by(Service::Host).graph_url("up{a=\"b\"} > 1");
        assert_eq!(url, "http://127.0.0.1:9090/graph?g0.tab=0&g0.expr=up%7Ba%3D%22b%22%7D%20%3E%201");
    }

    #[test]
    fn an_alert_knows_its_line() {
        let line = line!() + 1;
        let alert = Alert::owned_by(Service::Host);
        assert_eq!((alert.location.file().rsplit('/').next(), alert.location.line()), (Some("alert.rs"), line));
    }
}
