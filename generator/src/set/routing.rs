//! Every alert, through our own evaluation of the routes and through Alertmanager's.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::{Labels, Set};
use crate::spec::site::Site;
use crate::write::{Destination, replace};

/// Who hears of a severity: the receiver, and how many ways out it has without Slack and with it.
const RECEIVERS: [(&str, &str, usize, usize); 4] =
    [("critical", "critical", 2, 3), ("warning", "warning", 2, 2), ("info", "info", 1, 1), ("none", "heartbeat", 0, 0)];

/// Labels of an alert as it leaves Prometheus.
fn labels_of(rule: &super::Rule) -> Option<Labels> {
    let own = [("alertname", rule.alert.clone()?), ("instance", "a:1".to_owned()), ("job", "a".to_owned())];
    Some(rule.labels.clone().into_iter().chain(own.map(|(name, value)| (name.to_owned(), value))).collect())
}

/// What amtool says to alerts of each of these severities and services.
fn asked(directory: &std::path::Path, labels: &Labels) -> String {
    let matchers = labels.iter().map(|(name, value)| format!("{name}={value}"));
    let output =
        Command::new("amtool").args(["config", "routes", "test", "--config.file=alertmanager.yml"]).args(matchers).current_dir(directory).output();
    let output = output.expect("amtool is missing: apt-get install prometheus-alertmanager");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn every_alert_goes_where_both_say_and_where_it_should() {
    for (slack, environment) in [(false, ""), (true, "SLACK_WEBHOOK_URL=https://hooks.slack.com/services/a\n")] {
        let mut site = Site::default();
        site.read_file("jobs: {prometheus: {instances: 2}, alertmanager: {instances: 2}}").unwrap();
        site.read_env(environment).unwrap();
        let files = crate::render(&site).unwrap();
        let directory = tempfile::tempdir().unwrap();
        replace(&files, &Destination::set(directory.path())).unwrap();
        let set = Set::of(&files);
        let notifications = set.notifications().unwrap();
        let alerts: Vec<Labels> = set.rules().unwrap().iter().filter_map(labels_of).collect();
        assert_eq!(alerts.len(), crate::spec::Spec::new(&site).alerts.len());
        // A process for each alert would take half a minute; the routes look at no more than this.
        let mut answers: BTreeMap<BTreeSet<(String, String)>, String> = BTreeMap::new();
        for labels in alerts {
            let deliveries = notifications.deliveries(&labels).unwrap();
            let receivers = deliveries.iter().map(|delivery| delivery.receiver.as_str()).collect::<Vec<_>>().join(",");
            let (_, receiver, without, with) = RECEIVERS.into_iter().find(|(severity, ..)| *severity == labels["severity"]).unwrap();
            let channels: usize = deliveries.iter().map(|delivery| delivery.channels.len()).sum();
            assert_eq!((receivers.as_str(), channels), (receiver, if slack { with } else { without }), "{labels:?}");
            let looked_at = ["severity", "service"].map(|name| (name.to_owned(), labels[name].clone()));
            let answer = answers.entry(looked_at.into()).or_insert_with(|| asked(directory.path(), &labels));
            assert_eq!(*answer, receivers, "{labels:?}");
        }
    }
}
