//! `prometheus.yml`, in the keys that Prometheus 2.42 and 3.x both read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{File, Place, RenderError, rules, yaml};
use crate::spec::Spec;
use crate::spec::component::{ALERTMANAGER, Limits};
use crate::spec::duration::Duration;
use crate::spec::job::Job;

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
    external_labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Alerting<'a> {
    alertmanagers: Vec<Alertmanagers<'a>>,
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

pub(super) fn file(spec: &Spec) -> Result<File, RenderError> {
    let alertmanagers = spec.jobs.iter().filter(|job| job.component.name == ALERTMANAGER.name);
    let configuration = Configuration {
        global: Global {
            scrape_interval: spec.scrape_interval,
            scrape_timeout: spec.scrape_timeout,
            evaluation_interval: spec.evaluation_interval,
            external_labels: &spec.site.external_labels,
        },
        rule_files: [rules::RECORDINGS, rules::ALERTS],
        alerting: Alerting { alertmanagers: alertmanagers.map(|job| Alertmanagers { static_configs: [Static { targets: &job.targets }] }).collect() },
        scrape_configs: spec.jobs.iter().map(|job| scrape(spec, job)).collect(),
    };
    yaml::file(Place::Set, "prometheus.yml", &configuration)
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
}
