//! What the captures of real workers come to, and the cases that they do not hold.

use std::{fs, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use exporter_core::Format;

use super::*;
use crate::{
    counts::{Hostnames, Native, Peer},
    event::envelope,
};

const SETTINGS: Settings = Settings {
    table_bytes: 1 << 20,
    names: 100,
    tasks: Filter { include: Vec::new(), exclude: Vec::new() },
    lifetimes: Lifetimes { timeout: Some(Duration::from_mins(5)), purge: None },
};

struct Bench {
    tracker: Tracker,
    registry: Registry,
    clock: f64,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let registry = Registry::default();
        let tracker = Tracker::new(settings, Scheme::Native(Native::new(&registry)), &registry);
        Self { tracker, registry, clock: 1_000.0 }
    }

    /// The captured messages of a file, each arriving when its events were sent.
    fn play(file: &str) -> Self {
        let mut bench = Self::new(SETTINGS);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(file);
        for line in fs::read_to_string(path).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut body = Vec::new();
            match line.get("envelope") {
                Some(message) => drop(envelope::open(message.to_string().as_bytes(), &mut body).unwrap()),
                None => body = STANDARD.decode(line["body_b64"].as_str().unwrap()).unwrap(),
            }
            let clock = decode(&body).events.first().and_then(|event| event.timestamp).unwrap();
            bench.tracker.message(&body, Arrival { at: Instant::now(), clock: clock + 0.01, waited: false });
        }
        bench.tracker.tick(Instant::now() + Duration::from_secs(10));
        bench
    }

    fn send(&mut self, json: &str) {
        self.clock += 1.0;
        let body = json.replacen('{', &format!("{{\"timestamp\": {}, \"hostname\": \"w@h\", ", self.clock), 1);
        self.tracker.message(body.as_bytes(), Arrival { at: Instant::now(), clock: self.clock, waited: false });
    }

    fn page(&self) -> String {
        let mut page = Vec::new();
        self.registry.encode(Format::Text, &mut page);
        String::from_utf8(page).unwrap()
    }

    /// Series of these families that are not 0, without the prefix, in the page's order.
    fn counted(&self, families: &[&str]) -> Vec<String> {
        let page = self.page();
        let lines =
            page.lines().filter(|line| !line.ends_with(" 0") && families.iter().any(|family| line.starts_with(&format!("celery_{family}{{"))));
        lines.map(|line| line.trim_start_matches("celery_").replace("task_name=", "").replace('"', "")).collect()
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn every_outcome_of_the_redis_capture_counts_once() {
    let bench = Bench::play("redis_main.jsonl");
    let expected = [
        "task_total{capp.add,status=succeeded} 61",
        "task_total{capp.alwaysretry,status=failed} 1",
        "task_total{capp.alwaysretry,status=retried} 1",
        "task_total{capp.boom,status=failed} 1",
        "task_total{capp.custom,status=failed} 1",
        "task_total{capp.flaky,status=retried} 1",
        "task_total{capp.flaky,status=succeeded} 1",
        "task_total{capp.hard,status=failed} 1",
        "task_total{capp.keyboom,status=failed} 1",
        "task_total{capp.rej,status=rejected} 1",
        "task_total{capp.slow,status=revoked} 3",
        "task_total{capp.soft,status=succeeded} 1",
        "task_total{capp.unknown_task,status=failed} 1",
    ];
    assert_eq!(sorted(bench.counted(&["task_total"])), expected);
    let expected = [
        "task_failed_total{capp.alwaysretry,error_type=TimeoutError} 1",
        "task_failed_total{capp.boom,error_type=ValueError} 1",
        "task_failed_total{capp.custom,error_type=My} 1",
        "task_failed_total{capp.hard,error_type=TimeLimitExceeded} 1",
        "task_failed_total{capp.keyboom,error_type=KeyError} 1",
        "task_failed_total{capp.unknown_task,error_type=NotRegistered} 1",
        "task_timeout_total{capp.hard} 1",
    ];
    assert_eq!(sorted(bench.counted(&["task_failed_total", "task_timeout_total"])), expected);
}

#[test]
fn every_outcome_of_the_amqp_capture_counts_once() {
    let bench = Bench::play("amqp_main.jsonl");
    let expected = [
        "task_total{capp.add,status=succeeded} 61",
        "task_total{capp.alwaysretry,status=failed} 1",
        "task_total{capp.alwaysretry,status=retried} 1",
        "task_total{capp.boom,status=failed} 1",
        "task_total{capp.custom,status=failed} 1",
        "task_total{capp.flaky,status=retried} 1",
        "task_total{capp.flaky,status=succeeded} 1",
        "task_total{capp.hard,status=failed} 1",
        "task_total{capp.keyboom,status=failed} 1",
        "task_total{capp.rej,status=rejected} 1",
        "task_total{capp.slow,status=revoked} 2",
        "task_total{capp.soft,status=failed} 1",
        "task_total{capp.unknown_task,status=failed} 1",
    ];
    assert_eq!(sorted(bench.counted(&["task_total"])), expected);
    let sum = |family: &str| bench.counted(&[family]).iter().filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok()).sum::<u32>();
    assert_eq!(["task_sent_total", "task_received_total", "task_started_total"].map(sum), [76, 73, 73]);
    let failed = bench.counted(&["task_failed_total"]);
    assert!(failed.contains(&"task_failed_total{capp.soft,error_type=SoftTimeLimitExceeded} 1".to_owned()), "{failed:?}");
    assert_eq!(sorted(bench.counted(&["task_timeout_total"])), ["task_timeout_total{capp.hard} 1", "task_timeout_total{capp.soft} 1"]);
    assert_eq!(bench.counted(&["task_rejected_total"]), ["task_rejected_total{capp.rej} 1"]);
    assert_eq!(bench.counted(&["task_revoked_total"]), ["task_revoked_total{capp.slow} 2"]);
}

#[test]
fn names_are_known_without_sent_events() {
    for file in ["redis_nosent_gkp.jsonl", "amqp_nosent.jsonl"] {
        let page = Bench::play(file).page();
        assert!(!page.contains("__unknown__") && page.contains("status=\"succeeded\""), "{page}");
        assert!(!page.contains("celery_task_queue_wait_seconds_count"), "{page}");
    }
}

#[test]
fn waits_of_the_capture_are_plausible() {
    let page = Bench::play("redis_main.jsonl").page();
    let value = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)?.rsplit(' ').next()?.parse::<f64>().ok()).unwrap();
    assert!((value("celery_task_queue_wait_seconds_count{task_name=\"capp.alwaysretry\"}") - 2.0).abs() < 1e-9);
    assert!((value("celery_task_queue_wait_seconds_sum{task_name=\"capp.alwaysretry\"}") - 0.163).abs() < 0.01);
    assert!((value("celery_task_runtime_seconds_sum{task_name=\"capp.hard\"}") - 1.008).abs() < 0.01);
    assert!((value("celery_task_runtime_seconds_count{task_name=\"capp.add\"}") - 61.0).abs() < 1e-9);
}

#[test]
fn task_without_a_known_name_is_unknown() {
    let mut bench = Bench::new(Settings { table_bytes: 0, ..SETTINGS });
    for number in 0..17 {
        bench.send(&format!(r#"{{"type": "task-received", "uuid": "{number}", "name": "a"}}"#));
    }
    bench.send(r#"{"type": "task-succeeded", "uuid": "0", "runtime": 1}"#);
    bench.send(r#"{"type": "task-succeeded", "uuid": "16", "runtime": 1}"#);
    assert_eq!(bench.counted(&["task_succeeded_total"]), ["task_succeeded_total{a} 1"]);
    bench.tracker.tick(Instant::now() + Duration::from_secs(5));
    assert_eq!(bench.counted(&["task_succeeded_total"]), ["task_succeeded_total{a} 1", "task_succeeded_total{__unknown__} 1"]);
    assert!(bench.page().contains("celery_tasks_forgotten_total 2\n"));
}

#[test]
fn late_name_is_still_the_name() {
    let mut bench = Bench::new(SETTINGS);
    bench.send(r#"{"type": "task-revoked", "uuid": "a", "expired": true}"#);
    bench.send(r#"{"type": "task-sent", "uuid": "a", "name": "t", "retries": 0}"#);
    bench.tracker.tick(Instant::now() + Duration::from_secs(5));
    assert_eq!(bench.counted(&["task_total"]), ["task_total{t,status=revoked} 1"]);
}

#[test]
fn rejection_that_nobody_asked_for_is_a_failure() {
    let mut bench = Bench::new(SETTINGS);
    for id in ["a", "b"] {
        bench.send(&format!(r#"{{"type": "task-received", "uuid": "{id}", "name": "t"}}"#));
        bench.send(&format!(r#"{{"type": "task-started", "uuid": "{id}"}}"#));
        bench.send(&format!(r#"{{"type": "task-rejected", "uuid": "{id}", "requeue": false}}"#));
    }
    bench.send(r#"{"type": "task-failed", "uuid": "a", "exception": "ValueError()"}"#);
    assert_eq!(bench.counted(&["task_total"]), ["task_total{t,status=failed} 1"]);
    bench.tracker.tick(Instant::now() + Duration::from_secs(5));
    assert_eq!(bench.counted(&["task_total"]), ["task_total{t,status=failed} 1", "task_total{t,status=rejected} 1"]);
}

#[test]
fn early_acknowledged_reject_is_rejected() {
    let mut bench = Bench::new(SETTINGS);
    bench.send(r#"{"type": "task-received", "uuid": "a", "name": "t"}"#);
    bench.send(r#"{"type": "task-started", "uuid": "a"}"#);
    bench.send(r#"{"type": "task-failed", "uuid": "a", "exception": "reject requeue=False: no"}"#);
    bench.send(r#"{"type": "task-rejected", "uuid": "a", "requeue": false}"#);
    assert_eq!(bench.counted(&["task_total", "task_failed_total"]), ["task_total{t,status=rejected} 1"]);
    assert!(bench.page().contains("celery_task_duplicate_outcomes_total 1\n"));
}

#[test]
fn requeued_task_counts_each_time() {
    let mut bench = Bench::new(SETTINGS);
    for _ in 0..2 {
        bench.send(r#"{"type": "task-received", "uuid": "a", "name": "t"}"#);
        bench.send(r#"{"type": "task-started", "uuid": "a"}"#);
        bench.send(r#"{"type": "task-rejected", "uuid": "a", "requeue": true}"#);
    }
    assert_eq!(bench.counted(&["task_total"]), ["task_total{t,status=rejected} 2"]);
}

#[test]
fn what_is_no_event_is_counted_by_what_it_is() {
    let mut bench = Bench::new(SETTINGS);
    bench.send(r#"{"type": "task-invented"}"#);
    bench.tracker.message(b"no", Arrival::now());
    bench.tracker.unreadable(Unreadable::Content);
    bench.tracker.too_large();
    let expected = ["{type=malformed} 1", "{type=too_large} 1", "{type=unknown} 1", "{type=unsupported_content} 1"];
    assert_eq!(sorted(bench.counted(&["events_total"])), expected.map(|line| format!("events_total{line}")));
}

#[test]
fn odd_names_are_escaped_and_bounded() {
    let mut bench = Bench::new(Settings { names: 2, ..SETTINGS });
    for name in [r#"a\"b\n\\"#, r"\ud800", "c", "d"] {
        bench.send(&format!(r#"{{"type": "task-received", "uuid": "{}", "name": "{name}"}}"#, name.len()));
    }
    let page = bench.page();
    assert!(page.contains("celery_task_received_total{task_name=\"a\\\"b\\n\\\\\"} 1\n"), "{page}");
    assert!(page.contains("celery_task_received_total{task_name=\"__other__\"} 2\n"), "{page}");
}

#[test]
fn unwanted_tasks_are_not_counted() {
    let tasks = Filter { include: Vec::new(), exclude: vec!["debug.*".to_owned()] };
    let mut bench = Bench::new(Settings { tasks, ..SETTINGS });
    bench.send(r#"{"type": "task-received", "uuid": "a", "name": "debug.x"}"#);
    bench.send(r#"{"type": "task-succeeded", "uuid": "a", "runtime": 1}"#);
    assert!(!bench.page().contains("debug.x"));
}

#[test]
fn clock_an_hour_off_changes_no_wait() {
    let mut bench = Bench::new(SETTINGS);
    for (json, shift) in [
        (r#"{"type": "task-sent", "hostname": "c@client", "uuid": "a", "name": "t", "timestamp": T}"#, 0.0),
        (r#"{"type": "task-received", "hostname": "w@host", "uuid": "a", "name": "t", "timestamp": T}"#, -3600.0),
        (r#"{"type": "task-started", "hostname": "w@host", "uuid": "a", "timestamp": T}"#, -3600.0),
    ] {
        bench.clock += 2.0;
        let body = json.replace('T', &format!("{}", bench.clock + shift));
        bench.tracker.message(body.as_bytes(), Arrival { at: Instant::now(), clock: bench.clock, waited: false });
    }
    let page = bench.page();
    assert!(page.contains("celery_task_queue_wait_seconds_sum{task_name=\"t\"} 4\n"), "{page}");
    assert!(page.contains("celery_task_prefetch_wait_seconds_sum{task_name=\"t\"} 2\n"), "{page}");
}

#[test]
fn wait_that_is_known_late_is_of_the_worker_s_host() {
    let registry = Registry::default();
    let scheme = Scheme::Peer(Peer::new(&registry, Hostnames::default(), "celery".to_owned(), [None, None]));
    let mut bench = Bench { tracker: Tracker::new(SETTINGS, scheme, &registry), registry, clock: 1_000.0 };
    for json in [
        r#"{"type": "task-received", "hostname": "w@host", "uuid": "a", "name": "t", "timestamp": 1000.5}"#,
        r#"{"type": "task-started", "hostname": "w@host", "uuid": "a", "timestamp": 1001}"#,
        r#"{"type": "task-sent", "hostname": "gen1@client", "uuid": "a", "name": "t", "queue": "q", "timestamp": 1000}"#,
    ] {
        bench.tracker.message(json.as_bytes(), Arrival { at: Instant::now(), clock: 1001.1, waited: false });
    }
    bench.clock = 1002.0;
    let page = bench.page();
    assert!(page.contains("celery_task_queue_wait_time_sum{name=\"t\",hostname=\"host\",queue_name=\"q\"} 1\n"), "{page}");
    assert!(!page.contains("celery_task_queue_wait_time_sum{name=\"t\",hostname=\"client\""), "{page}");
}

#[test]
fn backlog_shows_its_lag_and_its_waits() {
    let mut bench = Bench::new(SETTINGS);
    for (json, waited) in [
        (r#"{"type": "task-sent", "hostname": "gen1@client", "uuid": "a", "name": "t", "timestamp": 1000}"#, true),
        (r#"{"type": "task-received", "hostname": "w@host", "uuid": "a", "name": "t", "timestamp": 1007}"#, true),
        (r#"{"type": "task-started", "hostname": "w@host", "uuid": "a", "timestamp": 1008}"#, true),
        (r#"{"type": "worker-heartbeat", "hostname": "w@host", "timestamp": 1500}"#, false),
    ] {
        bench.tracker.message(json.as_bytes(), Arrival { at: Instant::now(), clock: 1500.0, waited });
    }
    let page = bench.page();
    assert!(page.contains("celery_task_queue_wait_seconds_sum{task_name=\"t\"} 8\n"), "{page}");
    assert!(page.contains("celery_event_lag_seconds_sum 1485\n"), "{page}");
}

#[test]
fn ids_and_hosts_as_long_as_messages_are_cut() {
    let mut bench = Bench::new(SETTINGS);
    let long = "x".repeat(100_000);
    bench.send(&format!(r#"{{"type": "task-failed", "uuid": "{long}", "exception": "ValueError()"}}"#));
    let held = bench.tracker.held.front().unwrap();
    assert!(held.id.len() <= 256 && held.hostname.len() <= 256);
    bench.send(&format!(r#"{{"type": "task-received", "uuid": "{long}", "name": "t"}}"#));
    bench.tracker.tick(Instant::now() + Duration::from_secs(5));
    assert_eq!(bench.counted(&["task_failed_total"]), ["task_failed_total{t,error_type=ValueError} 1"]);
}
