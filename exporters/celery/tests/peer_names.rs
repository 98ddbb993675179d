//! `--metrics.names danihodovic`: the names, types and labels of that exporter, so that its dashboards and alerts work.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{collections::BTreeMap, time::Duration};

use metric_catalogue::{Type, celery::peer};

use support::{Application, Exporter, RabbitMq, free_port, python, redis, wait};

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

const PATIENCE: Duration = Duration::from_mins(1);

/// Type and labels of the peer's metrics by name: from its page, version 0.12.2.
fn names() -> BTreeMap<&'static str, (&'static str, Vec<&'static str>)> {
    let lines = include_str!("peer_names.txt").lines();
    let parts = lines.map(|line| line.split_once(' ').and_then(|(name, rest)| Some((name, rest.split_once(' ')?))).unwrap());
    parts.map(|(name, (kind, labels))| (name, (kind, labels.split(',').collect()))).collect()
}

#[test]
fn catalogue_has_the_peer_s_names() {
    let declared = peer::ALL.iter().map(|metric| {
        let kind = match metric.kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            _ => "histogram",
        };
        (metric.name, (kind, metric.labels.to_vec()))
    });
    assert_eq!(declared.collect::<BTreeMap<_, _>>(), names());
}

#[test]
fn buckets_are_the_peer_s_by_default() {
    let buckets = |metric: &metric_catalogue::Definition| (metric.bounds.first().copied(), metric.bounds.last().copied());
    assert_eq!((buckets(peer::RUNTIME.definition()), peer::RUNTIME.definition().bounds.len()), ((Some(0.005), Some(10.0)), 14));
    assert_eq!(buckets(peer::QUEUE_WAIT.definition()), (Some(0.05), Some(1800.0)));
}

/// Families of the page with type and labels, those that every exporter has left out.
fn shown(text: &str) -> BTreeMap<String, (String, Vec<String>)> {
    let mut shown = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let series = text.lines().find(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name}_sum{{")));
        let labels = series.and_then(|series| series.split_once('{')?.1.split_once('}')).map(|(labels, _)| labels);
        let labels = labels.into_iter().flat_map(|labels| labels.split("\",")).filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
        shown.insert(name.to_owned(), (kind.to_owned(), labels.collect()));
    }
    shown
}

fn compare(broker: String, flags: &[&str], absent: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("--broker-url={broker}");
    let exporter = Exporter::start(
        &[&[url.as_str(), "--metrics.names=danihodovic", "--poll-interval=500ms", "--inspect-interval=1s"], flags].concat(),
        directory.path(),
    );
    wait("the broker is reached", PATIENCE, || exporter.value("celery_up") == Some(1.0));
    let application =
        Application { python: python(), broker, directory: directory.path().to_owned(), sent_events: true, transport_options: "{}".to_owned() };
    let _first = application.worker("w1@here", &["-E", "-P", "threads", "-c", "2"]);
    let _second = application.worker("w2@here", &["-E", "-P", "threads", "-c", "3"]);
    wait("both workers have answered", PATIENCE, || exporter.value("celery_active_process_count{queue_name=\"celery\"}") == Some(5.0));
    assert!(application.send("add", 5).ended(PATIENCE));
    assert!(application.send("boom", 1).ended(PATIENCE));
    wait("tasks are counted", PATIENCE, || {
        let page = exporter.page();
        let sum = |family: &str| page.iter().filter(|(series, _)| series.starts_with(family)).map(|(_, value)| value).sum::<f64>();
        sum("celery_task_succeeded_total{name=\"app.add\"") >= 5.0 && sum("celery_task_failed_total{name=\"app.boom\"") >= 1.0
    });
    let text = exporter.text();
    let shown = shown(&text);
    for (name, (kind, labels)) in names() {
        if absent.contains(&name) {
            assert!(!shown.contains_key(name), "{name}");
        } else {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
            assert_eq!(shown.get(name), Some(&(kind.to_owned(), labels)), "{name}");
        }
    }
    for name in shown.keys().filter(|name| name.starts_with("celery_task_") && !names().contains_key(name.as_str())) {
        assert!(["celery_task_duplicate_outcomes_total"].contains(&name.as_str()), "{name} is of our scheme");
    }
    text
}

#[test]
fn redis_page_has_the_peer_s_names() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let flags = ["--buckets=1,10", "--generic-hostname-task-sent-metric", "--generic-hostname-worker-task-metric=true"];
    let text = compare(format!("redis://127.0.0.1:{port}/0"), &flags, &["celery_active_consumer_count"]);
    assert!(text.contains("celery_task_succeeded_total{name=\"app.add\",hostname=\"generic\",queue_name=\"celery\"} 5\n"), "{text}");
    assert!(text.contains("celery_task_runtime_bucket{name=\"app.add\",hostname=\"generic\",queue_name=\"celery\",le=\"10.0\"} 5\n"), "{text}");
    assert!(text.contains("celery_worker_up{hostname=\"here\"} 1\n") && text.contains("exception=\"ValueError\""), "{text}");
    assert!(text.contains("celery_active_worker_count{queue_name=\"celery\"} 2\n"), "{text}");
}

#[test]
fn rabbitmq_page_has_the_peer_s_names() {
    let home = tempfile::tempdir().unwrap();
    let server = RabbitMq::start(home.path());
    let text = compare(server.url("guest", "guest", ""), &["--queues=missing"], &[]);
    assert!(text.contains("celery_queue_length{queue_name=\"missing\"} 0\n"), "{text}");
    assert!(text.contains("celery_active_consumer_count{queue_name=\"celery\"} 2\n"), "{text}");
}
