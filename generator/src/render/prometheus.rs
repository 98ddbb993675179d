//! `prometheus.yml`, in the keys that Prometheus 2.42 and 3.x both read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{File, Place, RenderError, rules, yaml};
use crate::spec::component::{ALERTMANAGER, Limits, PROMETHEUS};
use crate::spec::duration::Duration;
use crate::spec::job::Job;
use crate::spec::{REPLICA, Spec};

#[derive(Serialize)]
struct Configuration<'a> {
    global: Global<'a>,
    rule_files: [&'static str; 2],
    alerting: Alerting<'a>,
    scrape_configs: Vec<Scrape<'a>>,
}

#[derive(Serialize)]
struct Global<'a> {
    scrape_interval: Duration,
    scrape_timeout: Duration,
    evaluation_interval: Duration,
    external_labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Alerting<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alert_relabel_configs: Vec<Relabel>,
    alertmanagers: Vec<Alertmanagers<'a>>,
}

#[derive(Serialize)]
struct Relabel {
    action: &'static str,
    regex: &'static str,
}

#[derive(Serialize)]
struct Alertmanagers<'a> {
    static_configs: [Static<'a>; 1],
}

#[derive(Serialize)]
struct Scrape<'a> {
    job_name: &'a str,
    sample_limit: u32,
    label_limit: u32,
    label_name_length_limit: u32,
    label_value_length_limit: u32,
    body_size_limit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Authorization>,
    static_configs: [Static<'a>; 1],
}

/// `Bearer`, which is the default type.
#[derive(Serialize)]
struct Authorization {
    credentials_file: String,
}

#[derive(Serialize)]
struct Static<'a> {
    targets: &'a [String],
}

/// One file, or one for each Prometheus of several: they differ in their label `replica` and in nothing else.
pub(super) fn files(spec: &Spec) -> Result<Vec<File>, RenderError> {
    if !spec.has_replicas() {
        return Ok(vec![file(spec, 1, None)?]);
    }
    let numbers = (1_u8..).zip(spec.site.targets_of(&PROMETHEUS)).map(|(number, _)| number);
    numbers.map(|number| file(spec, number, Some(&number.to_string()))).collect()
}

/// Path of the configuration of one of several.
pub(super) fn path(number: u8) -> String {
    format!("{}.yml", PROMETHEUS.name_of(number))
}

fn file(spec: &Spec, number: u8, replica: Option<&str>) -> Result<File, RenderError> {
    let alertmanagers = spec.jobs.iter().filter(|job| job.component.name == ALERTMANAGER.name);
    let external_labels = spec.site.external_labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    // Of two Prometheis that send the same alert, Alertmanager takes one: if they say the same of it.
    let dropped = spec.site.has_several(&PROMETHEUS).then_some(Relabel { action: "labeldrop", regex: REPLICA });
    let configuration = Configuration {
        global: Global {
            scrape_interval: spec.scrape_interval,
            scrape_timeout: spec.scrape_timeout,
            evaluation_interval: spec.evaluation_interval,
            external_labels: external_labels.chain(replica.map(|replica| (REPLICA, replica))).collect(),
        },
        rule_files: [rules::RECORDINGS, rules::ALERTS],
        alerting: Alerting {
            alert_relabel_configs: dropped.into_iter().collect(),
            alertmanagers: alertmanagers.map(|job| Alertmanagers { static_configs: [Static { targets: &job.targets }] }).collect(),
        },
        scrape_configs: spec.jobs.iter().map(|job| scrape(spec, job)).collect(),
    };
    yaml::file(Place::Set, &path(number), &configuration)
}

fn scrape<'a>(spec: &Spec, job: &'a Job) -> Scrape<'a> {
    let Limits { samples, labels, label_name_length, label_value_length, body_size } = job.limits;
    Scrape {
        job_name: job.label(),
        sample_limit: samples,
        label_limit: labels,
        label_name_length_limit: label_name_length,
        label_value_length_limit: label_value_length,
        body_size_limit: body_size,
        authorization: job.token.map(|token| Authorization { credentials_file: spec.site.secret_path(token) }),
        static_configs: [Static { targets: &job.targets }],
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text_of;
    use crate::spec::site::Site;

    #[test]
    fn own_targets_are_scraped_and_alerted_to() {
        let mut site = Site::default();
        site.add_target("alertmanager=127.0.0.1:19093").unwrap();
        let text = text_of(&site, "prometheus.yml");
        assert_eq!(text.matches("127.0.0.1:19093").count(), 2);
        assert!(!text.contains("alertmanager:9093"));
    }

    #[test]
    fn a_pair_differs_in_its_replica_only() {
        let mut site = Site::default();
        site.read_file("jobs:\n  prometheus:\n    instances: 2\n").unwrap();
        let [first, second] = ["prometheus.yml", "prometheus-2.yml"].map(|path| text_of(&site, path));
        assert!(first.contains("    replica: \"1\"\n"), "{first}");
        assert_eq!(first.replace("replica: \"1\"", "replica: \"2\""), second);
        assert!(first.contains("alert_relabel_configs:\n  - action: labeldrop\n    regex: replica\n"), "{first}");
        assert!(first.contains("- prometheus:9090\n    - prometheus-2:9090\n"), "{first}");
    }

    #[test]
    fn one_prometheus_has_no_replica() {
        let text = text_of(&Site::default(), "prometheus.yml");
        assert!(!text.contains("replica"), "{text}");
    }

    #[test]
    fn a_token_is_sent_from_its_file() {
        let mut site = Site::default();
        site.read_env("METRICS_TOKEN=x").unwrap();
        let text = text_of(&site, "prometheus.yml");
        let (_, job) = text.split_once("- job_name: selextract-api\n").unwrap();
        assert!(job.contains("  authorization:\n    credentials_file: /run/secrets/metrics_token\n"), "{job}");
        assert!(!text_of(&Site::default(), "prometheus.yml").contains("authorization"));
    }
}
