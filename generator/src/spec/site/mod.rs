//! What differs between two sites with the same spec.

mod env;
mod file;
mod job_names;
mod printed;
mod tree;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::component::{self, ALERTMANAGER, Component, GRAFANA, PROMETHEUS};
use super::duration::Duration;
use super::secret::Secret;
use super::threshold::Threshold;
use super::variable::{self, Variable};
use super::{SCRAPE_INTERVAL, SCRAPE_TIMEOUT};

pub(crate) use job_names::JobNames;

/// Where secrets are inside a container.
const SECRETS_DIRECTORY: &str = "/run/secrets";

/// An operator's choices; by default those of `.env.example`.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub(crate) email_to: String,
    pub(crate) email_from: String,
    pub(crate) smtp_host: String,
    /// Empty: the mail server asks for no password.
    pub(crate) smtp_user: String,
    pub(crate) smtp_require_tls: bool,
    pub(crate) slack: Secret,
    pub(crate) slack_channel: String,
    pub(crate) webhook_url: String,
    pub(crate) webhook_user: String,
    pub(crate) heartbeat_url: Option<String>,
    pub(crate) metrics_token: Secret,
    pub(crate) external_labels: BTreeMap<String, String>,
    pub(crate) prometheus_url: String,
    pub(crate) grafana_url: String,
    pub(crate) alertmanager_url: String,
    pub(crate) scrape_interval: Duration,
    pub(crate) scrape_timeout: Duration,
    pub(crate) evaluation_interval: Duration,
    /// By severity, where it is not the spec's.
    pub(crate) repeat_intervals: BTreeMap<&'static str, Duration>,
    /// By the threshold's name, where it is not the spec's.
    pub(crate) thresholds: BTreeMap<&'static str, f64>,
    /// By component, where it is not the spec's.
    pub(crate) versions: BTreeMap<&'static str, String>,
    /// Docker network of the watched services, where it is not that of `.env`.
    pub(crate) network: Option<String>,
    pub(crate) job_names: JobNames,
    pub(crate) targets: BTreeMap<&'static str, Vec<String>>,
    /// Containers of a job's component, where there are several.
    pub(crate) instances: BTreeMap<&'static str, u8>,
    pub(crate) secrets_directory: String,
    pub(crate) time_scale: NonZeroU32,
}

/// What is wrong with an operator's choice. Values that may be secret are never repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// A line of the environment file is no assignment.
    #[error("line {line}: expected NAME=value")]
    Assignment {
        /// Counted from 1.
        line: usize,
    },
    /// A value begins with a quote that does not end.
    #[error("line {line}: {name} begins with a quote that is not closed on the same line")]
    Quote {
        /// Counted from 1.
        line: usize,
        /// The variable.
        name: String,
    },
    /// A required value is empty.
    #[error("{name} is empty, and the stack is not safe without it: give it a value, or take the line out and set it in Compose's environment")]
    Empty {
        /// The variable.
        name: &'static str,
    },
    /// A value asks for the expansion that only Compose does.
    #[error("{name} holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out")]
    Expansion {
        /// The variable.
        name: &'static str,
    },
    /// A value is no URL.
    #[error("{name} must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space")]
    Url {
        /// The variable or flag.
        name: &'static str,
    },
    /// A value is no mail address.
    #[error("{name} must be name@host, or several with commas between them")]
    Address {
        /// The variable or key.
        name: &'static str,
    },
    /// A value is no address of a mail server.
    #[error("{name} must be host:port")]
    SmartHost {
        /// The variable or key.
        name: &'static str,
    },
    /// A file is not of its form.
    #[error("line {line}: {problem}")]
    File {
        /// Counted from 1.
        line: u64,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// A scale that times cannot be divided by.
    #[error("time scale {found}: {interval} must divide by it into whole milliseconds, as it does by {dividing}")]
    TimeScale {
        /// What was given.
        found: NonZeroU32,
        /// The interval that does not divide.
        interval: String,
        /// Some scales that divide it.
        dividing: String,
    },
    /// A target is not `job=host:port`.
    #[error("target \"{found}\": expected JOB=HOST:PORT")]
    Target {
        /// What was given.
        found: String,
    },
    /// A target names a job that the spec has not.
    #[error("target \"{found}\": there is no such job, only {known}")]
    Job {
        /// What was given.
        found: String,
        /// The jobs of the spec.
        known: String,
    },
}

impl Default for Site {
    fn default() -> Self {
        let labels = [("cluster", &variable::CLUSTER), ("environment", &variable::ENVIRONMENT)];
        Self {
            email_to: variable::ADMIN_EMAIL.default().to_owned(),
            email_from: variable::SMTP_FROM.default().to_owned(),
            smtp_host: variable::SMTP_HOST.default().to_owned(),
            smtp_user: variable::SMTP_USER.default().to_owned(),
            smtp_require_tls: true,
            slack: Secret::default(),
            slack_channel: variable::SLACK_CHANNEL.default().to_owned(),
            webhook_url: variable::WEBHOOK_URL.default().to_owned(),
            webhook_user: variable::WEBHOOK_USER.default().to_owned(),
            heartbeat_url: None,
            metrics_token: Secret::default(),
            external_labels: labels.into_iter().map(|(name, variable)| (name.to_owned(), variable.default().to_owned())).collect(),
            prometheus_url: PROMETHEUS.url(),
            grafana_url: GRAFANA.url(),
            alertmanager_url: ALERTMANAGER.url(),
            scrape_interval: SCRAPE_INTERVAL,
            scrape_timeout: SCRAPE_TIMEOUT,
            evaluation_interval: SCRAPE_INTERVAL,
            repeat_intervals: BTreeMap::new(),
            thresholds: BTreeMap::new(),
            versions: BTreeMap::new(),
            network: None,
            job_names: JobNames::default(),
            targets: BTreeMap::new(),
            instances: BTreeMap::new(),
            secrets_directory: SECRETS_DIRECTORY.to_owned(),
            time_scale: NonZeroU32::MIN,
        }
    }
}

impl Site {
    /// Sends alerts to another webhook.
    ///
    /// # Errors
    /// When it is no URL.
    pub fn set_webhook(&mut self, value: &str) -> Result<(), SiteError> {
        self.webhook_url = env::url("--webhook", value)?;
        Ok(())
    }

    /// Adds a target, `job=host:port`. A job with targets of the site's own has none of the spec's.
    ///
    /// # Errors
    /// When it is of another form, or there is no such job.
    pub fn add_target(&mut self, text: &str) -> Result<(), SiteError> {
        let malformed = || SiteError::Target { found: text.to_owned() };
        let (job, address) = text.split_once('=').ok_or_else(malformed)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
        let odd = |letter: char| !letter.is_ascii_graphic() || matches!(letter, '/' | '"' | '\'' | '@' | ',');
        if host.is_empty() || host.contains(odd) || port.parse::<u16>().is_err() {
            return Err(malformed());
        }
        let component = component::ALL
            .into_iter()
            .find(|component| component.job == job)
            .ok_or_else(|| SiteError::Job { found: text.to_owned(), known: component::ALL.map(|component| component.job).join(", ") })?;
        self.targets.entry(component.job).or_default().push(address.to_owned());
        Ok(())
    }

    /// Looks for secret files in another directory: absolute, or relative to the rendered files.
    pub fn set_secrets_directory(&mut self, directory: &str) {
        directory.trim_end_matches('/').clone_into(&mut self.secrets_directory);
    }

    /// Divides every time, so that what takes minutes can be watched in seconds.
    ///
    /// # Errors
    /// When the site's scrape or evaluation interval does not divide into whole milliseconds: `for` and evaluations would
    /// drift apart.
    pub fn set_time_scale(&mut self, scale: NonZeroU32) -> Result<(), SiteError> {
        for interval in [self.scrape_interval, self.evaluation_interval] {
            if !interval.divides_evenly_by(scale) {
                let dividing = (2..=60).filter_map(NonZeroU32::new).filter(|scale| interval.divides_evenly_by(*scale));
                let dividing = dividing.map(|scale| scale.to_string()).collect::<Vec<_>>().join(", ");
                return Err(SiteError::TimeScale { found: scale, interval: interval.to_string(), dividing });
            }
        }
        self.time_scale = scale;
        Ok(())
    }

    fn set_external_label(&mut self, name: &str, value: &str) {
        self.external_labels.insert(name.to_owned(), value.to_owned());
    }

    /// The site's number for a threshold.
    pub(crate) fn threshold(&self, threshold: &Threshold) -> f64 {
        self.thresholds.get(threshold.name).copied().unwrap_or(threshold.value)
    }

    /// Containers of a component.
    pub(crate) fn instances(&self, component: &Component) -> u8 {
        self.instances.get(component.job).copied().unwrap_or(1)
    }

    /// Where Prometheus finds a component: at the site's own addresses, or at those of its containers.
    pub(crate) fn targets_of(&self, component: &Component) -> Vec<String> {
        let containers = || (1..=self.instances(component)).map(|number| component.address_of(number)).collect();
        self.targets.get(component.job).cloned().unwrap_or_else(containers)
    }

    /// Whether one of a component can watch another.
    pub(crate) fn has_several(&self, component: &Component) -> bool {
        self.targets_of(component).len() > 1
    }

    /// The site's value of the label `job`.
    pub(crate) fn job_name(&self, component: &'static Component) -> &str {
        self.job_names.of(component.job)
    }

    /// Path of a secret's file, as the program that reads it sees it.
    pub(crate) fn secret_path(&self, variable: &Variable) -> String {
        format!("{}/{}", self.secrets_directory, variable.secret_file())
    }
}
