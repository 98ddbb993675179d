//! The site file, `site.yaml`: what an operator changes without knowing Rust.

use super::tree::{self, Node, Section};
use super::{Site, SiteError, env};
use crate::spec::alerts;
use crate::spec::component::{self, Component, Image};
use crate::spec::duration::{Duration, minutes, seconds};
use crate::spec::route;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

/// What the file may hold; everything is optional.
const KEYS: [&str; 11] = ["domain", "email", "slack", "webhook", "urls", "external_labels", "intervals", "images", "network", "jobs", "thresholds"];

/// Labels that alerts have of their own, and the one that tells a Prometheus from its twin is among those that may be set.
const TAKEN_LABELS: [&str; 5] = ["job", "instance", "severity", "service", "team"];

/// Containers of one part.
const MOST_INSTANCES: u8 = 9;

/// Four scrapes must fit into the shortest window of the rules, two minutes.
const SCRAPE_INTERVALS: (Duration, Duration) = (seconds(5), seconds(30));

/// Two evaluations must fit into the shortest `for` of the alerts, half a minute.
const EVALUATION_INTERVALS: (Duration, Duration) = (seconds(5), seconds(15));
const TIMEOUTS: (Duration, Duration) = (seconds(1), seconds(30));
const REPEATS: (Duration, Duration) = (minutes(1), Duration::days(7));

impl Site {
    /// Takes over what a site file says.
    ///
    /// # Errors
    /// When it is not YAML, or holds an unknown key, a value of another type or one out of its range; the error names the
    /// line and what is allowed.
    pub fn read_file(&mut self, text: &str) -> Result<(), SiteError> {
        let mut document = tree::parse(text)?.section(&KEYS)?;
        self.take_mail(&mut document)?;
        self.take_addresses(&mut document)?;
        self.take_external_labels(document.keys("external_labels")?)?;
        self.take_intervals(document.section("intervals", &["scrape", "scrape_timeout", "evaluation", "repeat"])?)?;
        self.take_images(document.keys("images")?)?;
        if let Some(network) = document.take("network") {
            self.network = Some(host(&network, "network")?);
        }
        for (name, job) in document.keys("jobs")? {
            self.take_job(&name, job)?;
        }
        self.take_thresholds(document.keys("thresholds")?)
    }

    fn take_mail(&mut self, document: &mut Section) -> Result<(), SiteError> {
        if let Some(domain) = document.take("domain") {
            let host = host(&domain, "domain")?;
            self.email_to = format!("admin@{host}");
            self.email_from = format!("alerts@{host}");
            self.smtp_user.clone_from(&self.email_from);
            self.smtp_host = format!("smtp.{host}:587");
        }
        let mut email = document.section("email", &["to", "from", "smarthost", "user", "require_tls"])?;
        set(&mut self.email_to, email.take("to"), |value| env::address("email.to", value))?;
        set(&mut self.email_from, email.take("from"), |value| env::address("email.from", value))?;
        set(&mut self.smtp_host, email.take("smarthost"), |value| env::smart_host("email.smarthost", value))?;
        set(&mut self.smtp_user, email.take("user"), |value| env::plain_text("email.user", value))?;
        if let Some(require_tls) = email.take("require_tls") {
            self.smtp_require_tls = require_tls.flag()?;
        }
        let mut slack = document.section("slack", &["channel"])?;
        set(&mut self.slack_channel, slack.take("channel"), |value| env::plain_text("slack.channel", value))
    }

    fn take_addresses(&mut self, document: &mut Section) -> Result<(), SiteError> {
        let mut webhook = document.section("webhook", &["url", "user"])?;
        set(&mut self.webhook_url, webhook.take("url"), |value| env::url("webhook.url", value))?;
        set(&mut self.webhook_user, webhook.take("user"), |value| env::plain_text("webhook.user", value))?;
        let base = |name: &'static str| move |value: &str| env::url(name, value).map(|url| url.trim_end_matches('/').to_owned());
        let mut urls = document.section("urls", &["prometheus", "alertmanager", "grafana"])?;
        set(&mut self.prometheus_url, urls.take("prometheus"), base("urls.prometheus"))?;
        set(&mut self.alertmanager_url, urls.take("alertmanager"), base("urls.alertmanager"))?;
        set(&mut self.grafana_url, urls.take("grafana"), base("urls.grafana"))
    }

    fn take_external_labels(&mut self, labels: Vec<(String, Node)>) -> Result<(), SiteError> {
        for (name, value) in labels {
            if !is_label(&name) || TAKEN_LABELS.contains(&name.as_str()) {
                let taken = "job, instance, severity, service and team are taken";
                return Err(value.error(format!("external_labels: {name} cannot be one: a name is [a-zA-Z_][a-zA-Z0-9_]*, and {taken}")));
            }
            let text = env::plain_text("external_labels", value.text()?).map_err(|error| value.error(error))?;
            self.set_external_label(&name, &text);
        }
        Ok(())
    }

    fn take_intervals(&mut self, mut intervals: Section) -> Result<(), SiteError> {
        duration(&mut self.scrape_interval, intervals.take("scrape").as_ref(), "intervals.scrape", SCRAPE_INTERVALS)?;
        duration(&mut self.scrape_timeout, intervals.take("scrape_timeout").as_ref(), "intervals.scrape_timeout", TIMEOUTS)?;
        duration(&mut self.evaluation_interval, intervals.take("evaluation").as_ref(), "intervals.evaluation", EVALUATION_INTERVALS)?;
        for (name, value) in intervals.keys("repeat")? {
            let routes = route::all();
            let Some(route) = routes.iter().find(|route| route.severity != Severity::None && route.severity.name() == name) else {
                return Err(value.error(format!("intervals.repeat: {name} is no severity, only critical, warning and info")));
            };
            let mut repeat = route.repeat_interval;
            duration(&mut repeat, Some(&value), &format!("intervals.repeat.{name}"), REPEATS)?;
            self.repeat_intervals.insert(route.severity.name(), repeat);
        }
        Ok(())
    }

    fn take_images(&mut self, images: Vec<(String, Node)>) -> Result<(), SiteError> {
        let upstream = |component: &&'static Component| matches!(component.image, Image::Upstream { .. });
        let known: Vec<_> = component::ALL.into_iter().filter(upstream).collect();
        for (name, value) in images {
            let Some(component) = known.iter().find(|component| component.name == name) else {
                let names = known.iter().map(|component| component.name).collect::<Vec<_>>().join(", ");
                return Err(value.error(format!("images: {name} is none of {names}")));
            };
            let version = value.text()?;
            let odd = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_');
            if version.contains(odd) || !version.contains(|letter: char| letter.is_ascii_digit()) {
                return Err(value.error(format!("images.{name}: \"{version}\" is no version, such as v3.14.0")));
            }
            self.versions.insert(component.name, version.to_owned());
        }
        Ok(())
    }

    fn take_job(&mut self, name: &str, job: Node) -> Result<(), SiteError> {
        let Some(component) = component::ALL.into_iter().find(|component| component.job == name) else {
            let jobs = component::ALL.map(|component| component.job).join(", ");
            return Err(job.error(format!("jobs: {name} is none of {jobs}")));
        };
        let mut job = job.section(&["name", "targets", "instances"])?;
        if let Some(label) = job.take("name") {
            let text = label.text()?;
            let odd = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_' | '.');
            if text.is_empty() || text.contains(odd) {
                return Err(label.error(format!("jobs.{name}.name: \"{text}\" must be letters, digits, -, _ and .")));
            }
            self.job_names.insert(component.job, text.to_owned());
        }
        let (targets, instances) = (job.take("targets"), job.take("instances"));
        if let (Some(_), Some(instances)) = (&targets, &instances) {
            return Err(instances.error(format!("jobs.{name}: targets are addresses, instances makes containers: give one of the two")));
        }
        if let Some(instances) = instances {
            self.instances.insert(component.job, number_of_containers(component, &instances)?);
        }
        for target in targets.map_or_else(|| Ok(Vec::new()), Node::list)? {
            let address = target.text()?;
            self.add_target(&format!("{name}={address}"))
                .map_err(|_| target.error(format!("jobs.{name}.targets: \"{address}\" must be host:port")))?;
        }
        Ok(())
    }

    fn take_thresholds(&mut self, thresholds: Vec<(String, Node)>) -> Result<(), SiteError> {
        let known = all_thresholds();
        for (key, value) in thresholds {
            let Some(threshold) = known.iter().find(|threshold| threshold.key() == *key) else {
                return Err(value.error(format!("thresholds: there is no {key}; `generator --print-site` lists them")));
            };
            let Threshold { name, least, most, .. } = threshold;
            let number = value.number()?;
            if !(*least..=*most).contains(&number) {
                return Err(value.error(format!("thresholds.{key}: {number} is not between {least} and {most}")));
            }
            self.thresholds.insert(name, number);
        }
        Ok(())
    }
}

fn number_of_containers(component: &Component, value: &Node) -> Result<u8, SiteError> {
    let number = value.number()?;
    let job = component.job;
    let Some(count) = (1..=MOST_INSTANCES).find(|count| f64::from(*count).to_bits() == number.to_bits()) else {
        return Err(value.error(format!("jobs.{job}.instances: {number} must be a whole number from 1 to {MOST_INSTANCES}")));
    };
    if count > 1 && !component.several {
        let able = component::ALL.into_iter().filter(|component| component.several).map(|component| component.job).collect::<Vec<_>>().join(", ");
        return Err(value.error(format!("jobs.{job}.instances: only {able} can have several containers; name further targets with `targets`")));
    }
    Ok(count)
}

/// Every threshold of an alert, once each.
pub(super) fn all_thresholds() -> Vec<&'static Threshold> {
    let mut all: Vec<&'static Threshold> = Vec::new();
    for threshold in alerts::all().iter().flat_map(|alert| alert.thresholds.iter().copied()) {
        if !all.iter().any(|other| other.name == threshold.name) {
            all.push(threshold);
        }
    }
    all
}

fn set(field: &mut String, value: Option<Node>, read: impl Fn(&str) -> Result<String, SiteError>) -> Result<(), SiteError> {
    if let Some(value) = value {
        *field = read(value.text()?).map_err(|error| value.error(error))?;
    }
    Ok(())
}

fn duration(field: &mut Duration, value: Option<&Node>, key: &str, (least, most): (Duration, Duration)) -> Result<(), SiteError> {
    let Some(value) = value else { return Ok(()) };
    let text = value.text()?;
    let read = Duration::parse(text).filter(|read| (least..=most).contains(read));
    *field = read.ok_or_else(|| value.error(format!("{key}: \"{text}\" must be a length of time between {least} and {most}, such as {least}")))?;
    Ok(())
}

fn host(value: &Node, key: &str) -> Result<String, SiteError> {
    let text = value.text()?;
    let odd = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_');
    if text.is_empty() || text.contains(odd) {
        return Err(value.error(format!("{key}: \"{text}\" must be letters, digits, ., - and _")));
    }
    Ok(text.to_owned())
}

fn is_label(name: &str) -> bool {
    !name.starts_with(|letter: char| letter.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
