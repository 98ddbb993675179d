//! Everything that the rendered files say, as values.

use std::num::NonZeroU32;

pub(crate) mod alert;
pub(crate) mod alerts;
pub(crate) mod component;
pub(crate) mod duration;
pub(crate) mod example;
pub(crate) mod inhibition;
pub(crate) mod job;
pub(crate) mod recordings;
pub(crate) mod route;
pub(crate) mod service;
pub(crate) mod severity;
pub(crate) mod site;
pub(crate) mod variable;

use alert::Alert;
use duration::Duration;
use inhibition::Inhibition;
use job::Job;
use recordings::Recording;
use route::Route;
use site::Site;

/// Fast enough that a Down alert of one minute has seen its target fail four times.
const SCRAPE_INTERVAL: Duration = Duration::seconds(15);

/// Leaves exporters ten seconds and Prometheus five to store the page before the next scrape.
const SCRAPE_TIMEOUT: Duration = Duration::seconds(10);

/// What SLOs over 30 days need.
pub(crate) const RETENTION: Duration = Duration::days(30);

/// After this long without news from Prometheus, Alertmanager calls an alert resolved.
const RESOLVE_TIMEOUT: Duration = Duration::minutes(5);

/// One whole stack.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) site: Site,
    pub(crate) scrape_interval: Duration,
    pub(crate) scrape_timeout: Duration,
    pub(crate) evaluation_interval: Duration,
    pub(crate) resolve_timeout: Duration,
    pub(crate) jobs: Vec<Job>,
    pub(crate) recordings: Vec<Recording>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) routes: Vec<Route>,
    pub(crate) inhibitions: Vec<Inhibition>,
}

impl Spec {
    /// The stack of one site, its times divided by the site's scale.
    pub(crate) fn new(site: &Site) -> Self {
        let spec = Self {
            scrape_interval: SCRAPE_INTERVAL,
            scrape_timeout: SCRAPE_TIMEOUT,
            evaluation_interval: SCRAPE_INTERVAL,
            resolve_timeout: RESOLVE_TIMEOUT,
            jobs: job::all(&site.targets),
            recordings: recordings::all(),
            alerts: alerts::all(),
            routes: route::all(),
            inhibitions: inhibition::all(),
            site: site.clone(),
        };
        spec.divided_by(site.time_scale)
    }

    /// The same stack with every time divided, so that what takes minutes can be watched in seconds. Retention stays: it
    /// is a promise about disks, and no test waits for it.
    fn divided_by(mut self, scale: NonZeroU32) -> Self {
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
