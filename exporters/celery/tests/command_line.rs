//! The program as it is started: its variables, labels and names of metrics, `check`, and the path that the peer has.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use support::{Exporter, ask, command, free_port, redis, wait};

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

const PATIENCE: Duration = Duration::from_secs(30);

/// A task that has run, as its client and its worker tell it.
const EVENTS: &str = r#"[{"type": "task-sent", "uuid": "a", "name": "t", "hostname": "gen1@client", "timestamp": AT+0, "queue": "q"},
    {"type": "task-received", "uuid": "a", "name": "t", "hostname": "w@host", "timestamp": AT+0.5},
    {"type": "task-started", "uuid": "a", "hostname": "w@host", "timestamp": AT+1},
    {"type": "task-succeeded", "uuid": "a", "hostname": "w@host", "timestamp": AT+3, "runtime": 2.0},
    {"type": "task-received", "uuid": "b", "name": "t", "hostname": "w@host", "timestamp": AT+0}]"#;

fn publish(port: u16, channel: &str) {
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - 5.0;
    let events = ["0.5", "0", "1", "3"]
        .iter()
        .fold(EVENTS.to_owned(), |events, later| events.replace(&format!("AT+{later}"), &(begun + later.parse::<f64>().unwrap()).to_string()));
    let body = STANDARD.encode(events);
    let message = format!(r#"{{"body": "{body}", "content-type": "application/json", "properties": {{"body_encoding": "base64"}}}}"#);
    assert_eq!(command(port, &[b"PUBLISH", channel.as_bytes(), message.as_bytes()]), ":1");
}

fn started(port: u16, variables: &[(&str, &str)], flags: &[&str], directory: &Path) -> Exporter {
    let mut program = Exporter::command();
    program.envs(variables.iter().copied()).args(flags);
    Exporter::run(program, port, directory)
}

#[test]
fn every_variable_of_the_peer_counts() {
    let (directory, port, listens) = (tempfile::tempdir().unwrap(), free_port(), free_port());
    let _server = redis(port, directory.path(), &[]);
    for task in [b"1", b"2"] {
        assert!(command(port, &[b"LPUSH", b"2024two\x06\x165", task]).starts_with(':'));
    }
    let (url, listen) = (format!("redis://127.0.0.1:{port}/0"), listens.to_string());
    let variables = [
        ("CE_BROKER_URL", url.as_str()),
        ("CELERY_BROKER_URL", "redis://127.0.0.1:1/7"),
        ("CE_BROKER_TRANSPORT_OPTION", "global_keyprefix=2024 priority_steps=[0, 5] visibility_timeout=3600"),
        ("CE_ACCEPT_CONTENT", "json"),
        ("CE_RETRY_INTERVAL", "5"),
        ("CE_HOST", "127.0.0.1"),
        ("CE_PORT", listen.as_str()),
        ("CE_BUCKETS", "1,3,+Inf"),
        ("CE_QUEUE_WAIT_BUCKETS", "0.7,7"),
        ("CE_LOG_LEVEL", "WARNING"),
        ("CE_WORKER_TIMEOUT", "0"),
        ("CE_PURGE_OFFLINE_WORKER_METRICS", "0"),
        ("CE_GENERIC_HOSTNAME_TASK_SENT_METRIC", "true"),
        ("CE_GENERIC_HOSTNAME_WORKER_TASK_METRIC", "1"),
        ("CE_QUEUES", "one,two"),
        ("CE_METRIC_PREFIX", "shop_"),
        ("CE_DEFAULT_QUEUE_NAME", "usual"),
        ("CE_STATIC_LABEL", "team=a env=b c"),
        ("CE_METRICS_NAMES", "danihodovic"),
    ];
    let exporter = started(listens, &variables, &["--poll-interval=200ms"], directory.path());
    let labels = "team=\"a\",env=\"b c\"";
    wait("the broker is reached", PATIENCE, || exporter.text().lines().any(|line| line.starts_with("shop_up") && line.ends_with(" 1")));
    publish(port, "2024/0.celeryev/task.multi");
    let task = |host: &str, queue: &str| format!("name=\"t\",hostname=\"{host}\",queue_name=\"{queue}\"");
    for series in [
        format!("shop_task_sent_total{{{},{labels}}} 1", task("generic", "q")),
        format!("shop_task_received_total{{{},{labels}}} 1", task("generic", "usual")),
        format!("shop_task_runtime_bucket{{{},{labels},le=\"3.0\"}} 1", task("generic", "q")),
        format!("shop_task_queue_wait_time_bucket{{{},{labels},le=\"0.7\"}} 0", task("generic", "q")),
        format!("shop_task_queue_wait_time_bucket{{{},{labels},le=\"7.0\"}} 1", task("generic", "q")),
        format!("shop_worker_up{{hostname=\"host\",{labels}}} 1"),
        format!("shop_queue_length{{queue_name=\"one\",{labels}}} 0"),
        format!("shop_queue_length{{queue_name=\"two\",{labels}}} 2"),
    ] {
        // `le` and the labels that are added may stand in either order.
        let sorted = |line: &str| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
            let mut labels: Vec<&str> = labels.split("\",").map(|label| label.trim_end_matches('"')).collect();
            labels.sort_unstable();
            format!("{name}{labels:?} {value}")
        };
        wait(&series, PATIENCE, || exporter.text().lines().filter(|line| !line.starts_with('#')).any(|line| sorted(line) == sorted(&series)));
    }
    let log = fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    assert_eq!(log, "", "of warnings there are none");
}

#[test]
fn labels_and_prefix_are_on_our_page_too() {
    let (directory, port, listens) = (tempfile::tempdir().unwrap(), free_port(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let listen = format!("--web.listen-address=127.0.0.1:{listens}");
    let flags = [listen.as_str(), "-Q", "one,two", "--static-label=team=a", "--metric-prefix=shop_", "--poll-interval=200ms"];
    let exporter = started(listens, &[("CELERY_BROKER_URL", &format!("redis://127.0.0.1:{port}/3"))], &flags, directory.path());
    wait("the broker is reached", PATIENCE, || exporter.value("shop_queue_length{queue=\"two\",team=\"a\"}") == Some(0.0));
    publish(port, "/3.celeryev/task.multi");
    wait("the task is counted", PATIENCE, || exporter.value("shop_task_succeeded_total{task_name=\"t\",team=\"a\"}") == Some(1.0));
    assert_eq!(exporter.value("shop_worker_up{hostname=\"w@host\",team=\"a\"}"), Some(1.0));
}

#[test]
fn peer_s_health_follows_the_broker() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let exporter = Exporter::start(&[&format!("--broker-url=redis://127.0.0.1:{port}/0"), "--poll-interval=200ms"], directory.path());
    let health = || ask(exporter.port(), "/health");
    wait("the absent broker is told", PATIENCE, || health().1.contains("refused"));
    assert!(health().0.starts_with("HTTP/1.1 503"));
    let _server = redis(port, directory.path(), &[]);
    wait("the broker is reached", PATIENCE, || health().0.starts_with("HTTP/1.1 200"));
    assert!(ask(exporter.port(), "/elsewhere").0.starts_with("HTTP/1.1 404"));
}

/// Exit code and what is printed, errors last.
fn check(flags: &[&str]) -> (Option<i32>, String) {
    let output = Exporter::command().arg("check").args(flags).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn check_says_what_works() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let url = format!("--broker-url=redis://127.0.0.1:{port}/0");
    let (code, text) = check(&[&url, "--web.scrape-timeout=1s"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("target  failed  refused") && text.contains("events  failed  refused"), "{text}");

    let _server = redis(port, directory.path(), &[]);
    let (code, text) = check(&[&url, "--queues=orders"]);
    assert_eq!(code, Some(0), "{text}");
    for line in ["target  ok      reached", "events  ok", "polls   ok", "queues  orders", "workers 0 heard of"] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}: {text}");
    }

    for (flags, expected) in [
        (&["--broker-url=sqs://x"][..], "--broker-url"),
        (&[&url, "--broker-transport-option=priority_steps=0"], "--broker-transport-option: found \"priority_steps=0\""),
        (&[], "--broker-url: found \"nothing\""),
    ] {
        let (code, text) = check(flags);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(expected), "{text}");
    }
    let (_, text) = check(&[&url, "--broker-transport-option=global_key_prefix=x", "--web.scrape-timeout=1s"]);
    assert!(text.contains("global_key_prefix"), "{text}");
}
