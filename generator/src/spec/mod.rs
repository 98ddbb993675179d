//! Everything that the rendered files say, as values.

use std::num::NonZeroU32;
use std::panic::Location;

pub(crate) mod alert;
pub(crate) mod alerts;
pub(crate) mod component;
pub(crate) mod dashboard;
pub(crate) mod duration;
pub(crate) mod example;
pub(crate) mod inhibition;
pub(crate) mod job;
pub(crate) mod recordings;
pub(crate) mod route;
pub(crate) mod secret;
pub(crate) mod service;
pub(crate) mod severity;
pub(crate) mod site;
pub(crate) mod slo;
pub(crate) mod threshold;
pub(crate) mod variable;

use alert::Alert;
use component::PROMETHEUS;
use dashboard::Dashboard;
use duration::Duration;
use inhibition::Inhibition;
use job::Job;
use recordings::Recording;
use route::Route;
use site::Site;
use slo::Slo;

/// Fast enough that a Down alert of one minute has seen its target fail four times.
const SCRAPE_INTERVAL: Duration = Duration::seconds(15);

/// Leaves exporters ten seconds and Prometheus five to store the page before the next scrape.
const SCRAPE_TIMEOUT: Duration = Duration::seconds(10);

/// What our exporters keep from the timeout for themselves, so that a page is cut short rather than lost.
pub(crate) const EXPORTER_MARGIN: Duration = Duration::milliseconds(500);

/// Where these stand, for what is found wrong with them.
pub(crate) const TIMES: &Location<'static> = Location::caller();

/// How long values of bounded families stay as they are; a new one is first exposed at 0 for as long.
pub(crate) const BOUNDED_EPOCH: Duration = Duration::seconds(30);

/// What SLOs over 30 days need.
pub(crate) const RETENTION: Duration = Duration::days(30);

/// After this long without news from Prometheus, Alertmanager calls an alert resolved.
const RESOLVE_TIMEOUT: Duration = Duration::minutes(5);

/// External label that tells one Prometheus of a pair from the other. Alerts leave without it, or each would be sent twice.
pub(crate) const REPLICA: &str = "replica";

/// One whole stack.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) site: Site,
    pub(crate) scrape_interval: Duration,
    pub(crate) scrape_timeout: Duration,
    pub(crate) evaluation_interval: Duration,
    pub(crate) resolve_timeout: Duration,
    /// How long samples are kept.
    pub(crate) retention: Duration,
    pub(crate) jobs: Vec<Job>,
    pub(crate) recordings: Vec<Recording>,
    pub(crate) recording_examples: Vec<recordings::example::Example>,
    pub(crate) slos: Vec<Slo>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) routes: Vec<Route>,
    pub(crate) inhibitions: Vec<Inhibition>,
    pub(crate) dashboards: Vec<Dashboard>,
}

impl Spec {
    /// The stack of one site, its times divided by the site's scale.
    pub(crate) fn new(site: &Site) -> Self {
        Self::whole(site).divided_by(site.time_scale)
    }

    /// The same with times as they are.
    fn whole(site: &Site) -> Self {
        let alerts: Vec<Alert> = alerts::all().into_iter().filter(|alert| alert.belongs_to(site)).map(|alert| alert.at(site)).collect();
        let mut routes = route::all();
        for route in &mut routes {
            route.repeat_interval = site.repeat_intervals.get(route.severity.name()).copied().unwrap_or(route.repeat_interval);
        }
        let mut spec = Self {
            scrape_interval: site.scrape_interval,
            scrape_timeout: site.scrape_timeout,
            evaluation_interval: site.evaluation_interval,
            resolve_timeout: RESOLVE_TIMEOUT,
            retention: RETENTION,
            jobs: job::all(site),
            recordings: recordings::all().into_iter().map(|recording| recording.at(site)).collect(),
            recording_examples: recordings::examples(),
            slos: slo::all(),
            inhibitions: inhibition::all(&alerts),
            alerts,
            routes,
            dashboards: Vec::new(),
            site: site.clone(),
        };
        spec.drop_examples_of_other_rules();
        spec
    }

    /// Names of the labels of everything that leaves this Prometheus.
    pub(crate) fn external_labels(&self) -> impl Iterator<Item = &str> {
        let replica = self.has_replicas().then_some(REPLICA).into_iter();
        self.site.external_labels.keys().map(String::as_str).chain(replica)
    }

    /// Whether each Prometheus has a label of its own. A site that gives it renders one set for each itself.
    pub(crate) fn has_replicas(&self) -> bool {
        self.site.has_several(&PROMETHEUS) && !self.site.external_labels.contains_key(REPLICA)
    }

    /// Examples are of the spec's own numbers and intervals: those of an alert that the site changed say nothing.
    fn drop_examples_of_other_rules(&mut self) {
        let intervals_differ = self.site.scrape_interval != SCRAPE_INTERVAL || self.site.evaluation_interval != SCRAPE_INTERVAL;
        if intervals_differ {
            self.recording_examples.clear();
        }
        let originals = alerts::all().into_iter().filter(|alert| alert.belongs_to(&self.site));
        for (alert, original) in self.alerts.iter_mut().zip(originals) {
            let original = original.at(&Site::default());
            if intervals_differ || alert.expr != original.expr || alert.summary != original.summary {
                alert.examples.clear();
            }
        }
    }

    /// The same stack with every time divided, so that what takes minutes can be watched in seconds. Retention stays: it
    /// is a promise about disks, and no test waits for it.
    fn divided_by(mut self, scale: NonZeroU32) -> Self {
        if scale != NonZeroU32::MIN {
            // Rates are per second, which no scale divides.
            self.recording_examples.clear();
        }
        self.scrape_interval = self.scrape_interval.divided_by(scale);
        self.scrape_timeout = self.scrape_timeout.divided_by(scale);
        self.evaluation_interval = self.evaluation_interval.divided_by(scale);
        self.resolve_timeout = self.resolve_timeout.divided_by(scale);
        self.recordings = self.recordings.into_iter().map(|recording| recording.divided_by(scale)).collect();
        self.alerts = self.alerts.into_iter().map(|alert| alert.divided_by(scale)).collect();
        self.routes = self.routes.into_iter().map(|route| route.divided_by(scale)).collect();
        self
    }
}
