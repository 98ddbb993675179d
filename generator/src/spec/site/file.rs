//! The site file, `site.yaml`: what an operator changes without knowing Rust.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml::{Options, Spanned, options};

use super::{Site, SiteError, env};
use crate::spec::alerts;
use crate::spec::component::{self, Component, Image};
use crate::spec::duration::{Duration, minutes, seconds};
use crate::spec::route;
use crate::spec::severity::Severity;
use crate::spec::threshold::Threshold;

/// What the file may hold; everything is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    domain: Option<Spanned<String>>,
    email: Email,
    slack: Slack,
    webhook: Webhook,
    urls: Urls,
    external_labels: BTreeMap<String, Spanned<String>>,
    intervals: Intervals,
    images: BTreeMap<String, Spanned<String>>,
    network: Option<Spanned<String>>,
    jobs: BTreeMap<String, Spanned<Job>>,
    thresholds: BTreeMap<String, Spanned<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Email {
    to: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    smarthost: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
    require_tls: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Slack {
    channel: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Webhook {
    url: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Urls {
    prometheus: Option<Spanned<String>>,
    alertmanager: Option<Spanned<String>>,
    grafana: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Intervals {
    scrape: Option<Spanned<String>>,
    scrape_timeout: Option<Spanned<String>>,
    evaluation: Option<Spanned<String>>,
    repeat: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Job {
    name: Option<Spanned<String>>,
    targets: Vec<Spanned<String>>,
}

/// Four scrapes must fit into the shortest window of the rules, two minutes.
const SCRAPE_INTERVALS: (Duration, Duration) = (seconds(5), seconds(30));
const TIMEOUTS: (Duration, Duration) = (seconds(1), seconds(30));
const REPEATS: (Duration, Duration) = (minutes(1), Duration::days(7));

impl Site {
    /// Takes over what a site file says.
    ///
    /// # Errors
    /// When it is not YAML, or holds an unknown key, a value of another type or one out of its range; the error names the
    /// line and what is allowed.
    pub fn read_file(&mut self, text: &str) -> Result<(), SiteError> {
        let document: Document = if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            Document::default()
        } else {
            serde_yaml::from_str_with_options(text, strict()).map_err(|error| malformed(&error))?
        };
        self.take_mail(&document)?;
        self.take_addresses(&document)?;
        self.take_intervals(&document.intervals)?;
        self.take_parts(&document)?;
        self.take_thresholds(&document.thresholds)
    }

    fn take_mail(&mut self, document: &Document) -> Result<(), SiteError> {
        let Document { domain, email, slack, .. } = document;
        if let Some(domain) = domain {
            let host = host(domain, "domain")?;
            self.email_to = format!("admin@{host}");
            self.email_from = format!("alerts@{host}");
            self.smtp_user.clone_from(&self.email_from);
            self.smtp_host = format!("smtp.{host}:587");
        }
        set(&mut self.email_to, email.to.as_ref(), |value| env::address("email.to", value))?;
        set(&mut self.email_from, email.from.as_ref(), |value| env::address("email.from", value))?;
        set(&mut self.smtp_host, email.smarthost.as_ref(), |value| env::smart_host("email.smarthost", value))?;
        set(&mut self.smtp_user, email.user.as_ref(), |value| env::plain_text("email.user", value))?;
        self.smtp_require_tls = email.require_tls.unwrap_or(self.smtp_require_tls);
        set(&mut self.slack_channel, slack.channel.as_ref(), |value| env::plain_text("slack.channel", value))
    }

    fn take_addresses(&mut self, document: &Document) -> Result<(), SiteError> {
        let Document { webhook, urls, external_labels, .. } = document;
        set(&mut self.webhook_url, webhook.url.as_ref(), |value| env::url("webhook.url", value))?;
        set(&mut self.webhook_user, webhook.user.as_ref(), |value| env::plain_text("webhook.user", value))?;
        let base = |name: &'static str| move |value: &str| env::url(name, value).map(|url| url.trim_end_matches('/').to_owned());
        set(&mut self.prometheus_url, urls.prometheus.as_ref(), base("urls.prometheus"))?;
        set(&mut self.alertmanager_url, urls.alertmanager.as_ref(), base("urls.alertmanager"))?;
        set(&mut self.grafana_url, urls.grafana.as_ref(), base("urls.grafana"))?;
        for (name, value) in external_labels {
            if !is_label(name) || ["job", "instance", "severity", "service", "team"].contains(&name.as_str()) {
                return Err(at(
                    value,
                    format!(
                        "external_labels: {name} cannot be one: a name is [a-zA-Z_][a-zA-Z0-9_]*, and job, instance, severity, service and team are taken"
                    ),
                ));
            }
            let text = env::plain_text("external_labels", &value.value).map_err(|error| at(value, error.to_string()))?;
            self.set_external_label(name, &text);
        }
        Ok(())
    }

    fn take_intervals(&mut self, intervals: &Intervals) -> Result<(), SiteError> {
        duration(&mut self.scrape_interval, intervals.scrape.as_ref(), "intervals.scrape", SCRAPE_INTERVALS)?;
        duration(&mut self.scrape_timeout, intervals.scrape_timeout.as_ref(), "intervals.scrape_timeout", TIMEOUTS)?;
        duration(&mut self.evaluation_interval, intervals.evaluation.as_ref(), "intervals.evaluation", SCRAPE_INTERVALS)?;
        for (name, value) in &intervals.repeat {
            let routes = route::all();
            let Some(route) = routes.iter().find(|route| route.severity != Severity::None && route.severity.name() == name) else {
                return Err(at(value, format!("intervals.repeat: {name} is no severity, only critical, warning and info")));
            };
            let mut repeat = route.repeat_interval;
            duration(&mut repeat, Some(value), "intervals.repeat", REPEATS)?;
            self.repeat_intervals.insert(route.severity.name(), repeat);
        }
        Ok(())
    }

    fn take_parts(&mut self, document: &Document) -> Result<(), SiteError> {
        for (name, value) in &document.images {
            let upstream = |component: &&'static Component| matches!(component.image, Image::Upstream { .. });
            let known: Vec<_> = component::ALL.into_iter().filter(upstream).collect();
            let Some(component) = known.iter().find(|component| component.name == name) else {
                let names = known.iter().map(|component| component.name).collect::<Vec<_>>().join(", ");
                return Err(at(value, format!("images: {name} is none of {names}")));
            };
            let odd = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_');
            if value.value.contains(odd) || !value.value.contains(|letter: char| letter.is_ascii_digit()) {
                return Err(at(value, format!("images.{name}: \"{}\" is no version, such as v3.14.0", value.value)));
            }
            self.versions.insert(component.name, value.value.clone());
        }
        if let Some(network) = &document.network {
            self.network = Some(host(network, "network")?);
        }
        document.jobs.iter().try_for_each(|(name, job)| self.take_job(name, job))
    }

    fn take_job(&mut self, name: &str, job: &Spanned<Job>) -> Result<(), SiteError> {
        let Some(component) = component::ALL.into_iter().find(|component| component.job == name) else {
            let jobs = component::ALL.map(|component| component.job).join(", ");
            return Err(at(job, format!("jobs: {name} is none of {jobs}")));
        };
        if let Some(name) = &job.value.name {
            let odd = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_' | '.');
            if name.value.is_empty() || name.value.contains(odd) {
                return Err(at(name, format!("jobs.{}.name: \"{}\" must be letters, digits, -, _ and .", component.job, name.value)));
            }
            self.job_names.insert(component.job, name.value.clone());
        }
        for target in &job.value.targets {
            self.add_target(&format!("{}={}", component.job, target.value))
                .map_err(|_| at(target, format!("jobs.{}.targets: \"{}\" must be host:port", component.job, target.value)))?;
        }
        Ok(())
    }

    fn take_thresholds(&mut self, thresholds: &BTreeMap<String, Spanned<f64>>) -> Result<(), SiteError> {
        let known = all_thresholds();
        for (key, value) in thresholds {
            let Some(threshold) = known.iter().find(|threshold| threshold.key() == *key) else {
                return Err(at(value, format!("thresholds: there is no {key}; `generator --print-site` lists them")));
            };
            let Threshold { name, least, most, .. } = threshold;
            if !(*least..=*most).contains(&value.value) {
                return Err(at(value, format!("thresholds.{key}: {} is not between {least} and {most}", value.value)));
            }
            self.thresholds.insert(name, value.value);
        }
        Ok(())
    }
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

/// Words are what they look like, and nothing is said twice.
fn strict() -> Options {
    options! { strict_booleans: true }
}

fn malformed(error: &serde_yaml::Error) -> SiteError {
    let line = error.location().map_or(0, |location| location.line());
    let text = error.without_snippet().to_string();
    let problem = text.split(" at line").next().unwrap_or(&text);
    let problem = problem.split(", ").filter(|part| !part.starts_with("line ")).collect::<Vec<_>>().join(", ");
    SiteError::File { line, problem }
}

fn at<T>(value: &Spanned<T>, problem: String) -> SiteError {
    SiteError::File { line: value.referenced.line(), problem }
}

fn set(field: &mut String, value: Option<&Spanned<String>>, read: impl Fn(&str) -> Result<String, SiteError>) -> Result<(), SiteError> {
    if let Some(value) = value {
        *field = read(&value.value).map_err(|error| at(value, error.to_string()))?;
    }
    Ok(())
}

fn duration(field: &mut Duration, value: Option<&Spanned<String>>, key: &str, (least, most): (Duration, Duration)) -> Result<(), SiteError> {
    let Some(value) = value else { return Ok(()) };
    let read = Duration::parse(&value.value).filter(|read| (least..=most).contains(read));
    *field =
        read.ok_or_else(|| at(value, format!("{key}: \"{}\" must be a length of time between {least} and {most}, such as {least}", value.value)))?;
    Ok(())
}

fn host(value: &Spanned<String>, key: &str) -> Result<String, SiteError> {
    let odd = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_');
    if value.value.is_empty() || value.value.contains(odd) {
        return Err(at(value, format!("{key}: \"{}\" must be letters, digits, ., - and _", value.value)));
    }
    Ok(value.value.clone())
}

fn is_label(name: &str) -> bool {
    !name.starts_with(|letter: char| letter.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Site, SiteError> {
        let mut site = Site::default();
        site.read_file(text).map(|()| site)
    }

    fn message(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn the_printed_file_changes_nothing() -> Result<(), SiteError> {
        let mut site = read(&Site::default().printed())?;
        assert_eq!(site.printed(), Site::default().printed());
        // What is written out stays what it was.
        for component in component::ALL {
            assert_eq!(site.targets.remove(component.job), Some(vec![component.address()]));
            assert_eq!(site.job_names.remove(component.job).as_deref(), Some(component.job));
            site.versions.remove(component.name);
        }
        site.repeat_intervals.clear();
        site.thresholds.clear();
        assert_eq!(site, Site::default());
        Ok(())
    }

    #[test]
    fn an_empty_file_changes_nothing() -> Result<(), SiteError> {
        assert_eq!(read("")?, Site::default());
        assert_eq!(read("# nothing yet\n")?, Site::default());
        Ok(())
    }

    #[test]
    fn a_domain_makes_the_addresses() -> Result<(), SiteError> {
        let site = read("domain: shop.example\nemail:\n  to: ops@other.example\n")?;
        assert_eq!((site.email_to.as_str(), site.email_from.as_str()), ("ops@other.example", "alerts@shop.example"));
        assert_eq!(site.smtp_host, "smtp.shop.example:587");
        Ok(())
    }

    #[test]
    fn a_job_may_have_several_instances() -> Result<(), SiteError> {
        let site = read("jobs:\n  redis:\n    name: cache\n    targets: ['a:1', 'b:2']\n")?;
        assert_eq!(site.targets["redis"], ["a:1", "b:2"]);
        assert_eq!(site.with_job_names(r#"up{job="redis"}"#), r#"up{job="cache"}"#);
        Ok(())
    }

    #[test]
    fn values_out_of_range_name_what_is_allowed() {
        for (text, expected) in [
            ("thresholds:\n  host_cpu_high: 80\n", "line 2: thresholds.host_cpu_high: 80 is not between 0 and 1"),
            ("thresholds:\n  host_cpu_hihg: 0.8\n", "line 2: thresholds: there is no host_cpu_hihg; `generator --print-site` lists them"),
            ("intervals:\n  scrape: 2m\n", "line 2: intervals.scrape: \"2m\" must be a length of time between 5s and 30s, such as 5s"),
            (
                "intervals:\n  scrape_timeout: soon\n",
                "line 2: intervals.scrape_timeout: \"soon\" must be a length of time between 1s and 30s, such as 1s",
            ),
            ("intervals:\n  repeat:\n    urgent: 5m\n", "line 3: intervals.repeat: urgent is no severity, only critical, warning and info"),
            ("intervals:\n  repeat:\n    info: 1s\n", "line 3: intervals.repeat: \"1s\" must be a length of time between 1m and 7d, such as 1m"),
            ("images:\n  redis-exporter: v1\n", "line 2: images: redis-exporter is none of prometheus, alertmanager, grafana, node-exporter"),
            ("images:\n  grafana: latest\n", "line 2: images.grafana: \"latest\" is no version, such as v3.14.0"),
            ("network: 'a b'\n", "line 1: network: \"a b\" must be letters, digits, ., - and _"),
            ("domain: a@b\n", "line 1: domain: \"a@b\" must be letters, digits, ., - and _"),
            ("email:\n  to: nobody\n", "line 2: email.to must be name@host, or several with commas between them"),
            ("email:\n  smarthost: smtp\n", "line 2: email.smarthost must be host:port"),
            (
                "slack:\n  channel: $C\n",
                "line 2: slack.channel holds a $, and neither the generator nor the programs that it renders for expand variables: write the value out",
            ),
            (
                "webhook:\n  url: api\n",
                "line 2: webhook.url must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space",
            ),
            (
                "urls:\n  grafana: grafana\n",
                "line 2: urls.grafana must be http://host[:port]/path or https://host[:port]/path, without user name, password, quote or space",
            ),
            (
                "external_labels:\n  job: a\n",
                "line 2: external_labels: job cannot be one: a name is [a-zA-Z_][a-zA-Z0-9_]*, and job, instance, severity, service and team are taken",
            ),
            ("jobs:\n  reddis: {}\n", "line 2: jobs: reddis is none of prometheus, alertmanager, grafana, node, redis, celery, selextract-api"),
            ("jobs:\n  redis:\n    targets: ['a']\n", "line 3: jobs.redis.targets: \"a\" must be host:port"),
            ("jobs:\n  redis:\n    name: 'a\"b'\n", "line 3: jobs.redis.name: \"a\"b\" must be letters, digits, -, _ and ."),
        ] {
            assert_eq!(message(text), expected);
        }
    }

    #[test]
    fn other_keys_and_types_are_refused() {
        for (text, expected) in [
            ("emial: {}\n", "line 1: unknown field `emial`"),
            ("email:\n  too: a@b\n", "line 2: unknown field `too`"),
            ("thresholds:\n  host_cpu_high: much\n", "line 2: "),
            ("email:\n  require_tls: perhaps\n", "line 2: "),
            ("email: [a]\n", "line 1: "),
            ("network: a\nnetwork: b\n", "line 2: "),
            ("email:\n  to: [\n", "line "),
        ] {
            let message = message(text);
            assert!(message.starts_with(expected), "{text:?}: {message}");
        }
    }
}
