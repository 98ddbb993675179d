//! Real tasks on real workers: every counter equals the ledger that the tasks wrote themselves.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metric_catalogue::celery::{PROGRAM, broker, events, queues, tasks, workers};
use serde_json::Value;

use support::{Application, Exporter, Ledger, Page, RabbitMq, free_port, python, redis, wait};

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

/// Tasks of one run; the long run has more.
fn amount() -> usize {
    std::env::var("CELERY_TASKS").ok().and_then(|count| count.parse().ok()).unwrap_or(1000)
}

/// What the page has to say, by series, from what the ledger says.
fn expected(ledger: &[Value], sent_events: bool) -> Page {
    let mut page = Page::new();
    for line in ledger {
        let text = |name: &str| line[name].as_str().unwrap_or_default();
        // What was revoked before a worker received it is known by name to its client only.
        let nameless = !sent_events && line["received"] == false;
        let name = format!("task_name=\"{}\"", if nameless { "__unknown__" } else { text("task") });
        let mut count = |family: &str, more: &str| *page.entry(format!("celery_task_{family}{{{name}{more}}}")).or_default() += 1.0;
        let status = |status: &str| format!(",status=\"{status}\"");
        let failed = |count: &mut dyn FnMut(&str, &str)| {
            count("failed_total", &format!(",error_type=\"{}\"", text("error")));
            count("total", &status("failed"));
        };
        match text("event") {
            "sent" if sent_events => count("sent_total", ""),
            "sent" => {}
            "started" => {
                count("received_total", "");
                count("started_total", "");
                count("prefetch_wait_seconds_count", "");
                // What is delivered again has not been sent again.
                if sent_events && line["redelivered"] != true {
                    count("queue_wait_seconds_count", "");
                }
            }
            "revoked" => {
                if line["received"] == true {
                    count("received_total", "");
                }
                count("revoked_total", "");
                count("total", &status("revoked"));
            }
            "unknown" => failed(&mut count),
            _ => match text("outcome") {
                "ignored" => {}
                "failed" => {
                    failed(&mut count);
                    count("runtime_seconds_count", "");
                    if text("error").ends_with("TimeLimitExceeded") {
                        count("timeout_total", "");
                    }
                }
                outcome => {
                    count(&format!("{outcome}_total"), "");
                    count("total", &status(outcome));
                    if outcome == "succeeded" {
                        count("runtime_seconds_count", "");
                    }
                    if outcome == "retried" && sent_events {
                        count("sent_total", "");
                    }
                }
            },
        }
    }
    page
}

/// Whether every task that was sent has come to its end.
fn is_complete(ledger: &[Value]) -> bool {
    let is_last = |line: &&Value| match line["event"].as_str() {
        Some("revoked" | "unknown") => true,
        // What is tried again, or goes back to its queue, comes once more.
        Some("ended") => line["outcome"] != "retried" && (line["outcome"] != "rejected" || line["task"] != "app.requeue"),
        _ => false,
    };
    ledger.iter().filter(|line| line["event"] == "sent").count() == ledger.iter().filter(is_last).count()
}

/// The families that the ledger knows, without their zeros.
fn counted(page: &Page) -> Page {
    let known = |series: &str| {
        let family = series.split('{').next().unwrap_or_default();
        family.starts_with("celery_task_") && (family.ends_with("_total") || family.ends_with("_count")) && series.contains("task_name")
    };
    page.iter().filter(|(series, value)| **value != 0.0 && known(series)).map(|(series, value)| (series.clone(), *value)).collect()
}

fn difference(expected: &Page, found: &Page) -> BTreeMap<String, (Option<f64>, Option<f64>)> {
    let series = expected.keys().chain(found.keys());
    let pairs = series.map(|series| (series.clone(), (expected.get(series).copied(), found.get(series).copied())));
    pairs.filter(|(_, (expected, found))| expected != found).collect()
}

fn compare(url: &str, directory: tempfile::TempDir, sent_events: bool, transport_options: &str, flags: &[&str]) {
    let application = Application {
        python: python(),
        broker: url.to_owned(),
        directory: directory.path().to_owned(),
        sent_events,
        transport_options: transport_options.to_owned(),
    };
    let flag = format!("--broker-url={url}");
    let exporter = Exporter::start(&[&[flag.as_str(), "--poll-interval=1s", "--inspect-interval=2s"], flags].concat(), directory.path());
    wait("the broker is reached", Duration::from_secs(10), || exporter.value("celery_up") == Some(1.0));
    let heartbeats = ["-E", "--heartbeat-interval", "1"];
    let _prefork = application.worker("w1@here", &[&heartbeats[..], &["-P", "prefork", "-c", "3", "-Q", "celery,prefork"]].concat());
    let _threads = application.worker("w2@here", &[&heartbeats[..], &["-P", "threads", "-c", "2", "-Q", "celery"]].concat());
    wait("both workers are up", Duration::from_mins(1), || exporter.value("celery_workers_active") == Some(2.0));
    let patience = Duration::from_mins(3) + Duration::from_millis(60) * u32::try_from(amount()).unwrap();
    assert!(application.client(amount()).ended(patience), "see {}", directory.path().join("client.log").display());

    let ended = |page: &Page| page.iter().filter(|(series, _)| series.starts_with("celery_task_total{")).map(|(_, value)| value).sum::<f64>();
    let mut ledger = Ledger::default();
    let settled = || {
        let (ledger, page) = (ledger.follow(&application), exporter.page());
        is_complete(ledger)
            && ended(&page) >= ended(&expected(ledger, sent_events))
            && page.get("celery_queue_length{queue=\"celery\"}") == Some(&0.0)
    };
    wait("every task has ended", patience, settled);
    // What is reported twice comes the second time within moments.
    std::thread::sleep(Duration::from_secs(3));
    let page = exporter.page();
    let expected = expected(&application.ledger(), sent_events);
    let difference = difference(&expected, &counted(&page));
    if !difference.is_empty() {
        let kept = directory.keep();
        panic!("ledger and page differ (expected, found), see {}: {difference:#?}", kept.display());
    }
    check_sums(&application.ledger(), &page, sent_events);
    check_families(&exporter.text(), url.starts_with("amqp"));
    check_workers(&page);
}

/// What it takes at most, on average, to begin and to report a task besides what the task itself measures, on a busy machine.
const OVERHEAD_SECONDS: f64 = 0.05;

/// The sums of times are what tasks and client measured, and what it takes to start and report each of them.
fn check_sums(ledger: &[Value], page: &Page, sent_events: bool) {
    let of = |family: &str, task: &str| page[&format!("celery_task_{family}{{task_name=\"{task}\"}}")];
    for task in ["app.add", "app.boom", "app.odd"] {
        let ended = ledger.iter().filter(|line| line["task"] == task && matches!(line["outcome"].as_str(), Some("succeeded" | "failed")));
        let measured: f64 = ended.filter_map(|line| line["seconds"].as_f64()).sum();
        let (sum, count) = (of("runtime_seconds_sum", task), of("runtime_seconds_count", task));
        assert!(sum >= measured && sum - measured < OVERHEAD_SECONDS * count, "{task}: {sum} for {measured} measured in {count} runs");
    }
    for task in ["app.hard", "app.soft"] {
        let average = of("runtime_seconds_sum", task) / of("runtime_seconds_count", task);
        assert!((0.9..5.0).contains(&average), "{task}: its limit is a second, not {average}");
    }
    // Each is sent once and starts once.
    for task in ["app.boom", "app.odd", "app.ignore", "app.reject"] {
        let at = |event: &str| -> f64 {
            ledger.iter().filter(|line| line["task"] == task && line["event"] == event).filter_map(|line| line["at"].as_f64()).sum()
        };
        let (waited, count) = (at("started") - at("sent"), of("prefetch_wait_seconds_count", task));
        let held = of("prefetch_wait_seconds_sum", task);
        assert!(held > 0.0 && held < waited + OVERHEAD_SECONDS * count, "{task}: {held} with a worker of {waited}");
        if sent_events {
            let sum = of("queue_wait_seconds_sum", task);
            assert!((sum - waited).abs() < OVERHEAD_SECONDS * count, "{task}: {sum} for {waited} between sending and start of {count}");
            assert!(held <= sum + 0.01 * count, "{task}: {held} with a worker of {sum}");
        }
    }
}

/// Every family of the page is declared, and every one that is declared and can be there is.
fn check_families(text: &str, amqp: bool) {
    let shown: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let declared: BTreeSet<&str> = PROGRAM.metrics().map(|metric| metric.name).collect();
    assert_eq!(shown.difference(&declared).copied().collect::<Vec<_>>(), [""; 0]);
    let own: BTreeSet<&str> = [broker::ALL, queues::ALL, workers::ALL, tasks::ALL, events::ALL].concat().iter().map(|metric| metric.name).collect();
    // The one needs a backlog, the others another broker or clients that send events.
    let absent = [
        "celery_queue_oldest_task_age_seconds",
        "celery_task_queue_wait_seconds",
        if amqp { "celery_queue_unacked" } else { "celery_queue_consumers" },
    ];
    assert_eq!(own.difference(&shown).filter(|name| !absent.contains(name)).copied().collect::<Vec<_>>(), [""; 0]);
}

/// The other side of the same page.
fn check_workers(page: &Page) {
    for worker in ["w1@here", "w2@here"] {
        assert_eq!(page.get(&format!("celery_worker_up{{hostname=\"{worker}\"}}")), Some(&1.0));
        assert_eq!(page.get(&format!("celery_worker_events_enabled{{hostname=\"{worker}\"}}")), Some(&1.0));
        assert_eq!(page.get(&format!("celery_events_missed_total{{hostname=\"{worker}\"}}")), Some(&0.0));
    }
    assert_eq!(page.get("celery_worker_processes{hostname=\"w1@here\"}"), Some(&3.0));
    assert_eq!(page.get("celery_worker_processes{hostname=\"w2@here\"}"), Some(&2.0));
    assert_eq!(page.get("celery_queue_length{queue=\"prefork\"}"), Some(&0.0));
    assert_eq!(page.get("celery_events_total{type=\"malformed\"}"), Some(&0.0));
    assert_eq!(page.get("celery_tasks_forgotten_total"), Some(&0.0));
}

/// One form of each broker at a time: the workers of four leave a machine with two processors no time to report in.
static REDIS: Mutex<()> = Mutex::new(());
static RABBITMQ: Mutex<()> = Mutex::new(());

fn on_redis(sent_events: bool, transport_options: &str, flags: &[&str]) {
    let _turn = REDIS.lock().unwrap_or_else(PoisonError::into_inner);
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    compare(&format!("redis://127.0.0.1:{port}/3"), directory, sent_events, transport_options, flags);
}

fn on_rabbitmq(sent_events: bool) {
    let _turn = RABBITMQ.lock().unwrap_or_else(PoisonError::into_inner);
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    compare(&server.url("guest", "guest", ""), directory, sent_events, "{}", &[]);
}

#[test]
fn redis_counters_equal_the_ledger() {
    on_redis(true, "{}", &[]);
}

#[test]
fn redis_counters_equal_the_ledger_without_sent_events() {
    let options = r#"{"global_keyprefix": "acme:", "fanout_patterns": false, "priority_steps": [0, 4, 8]}"#;
    let flags =
        ["global_keyprefix=acme:", "fanout_patterns=false", "priority_steps=[0, 4, 8]"].map(|option| format!("--broker-transport-option={option}"));
    on_redis(false, options, &flags.each_ref().map(String::as_str));
}

#[test]
fn rabbitmq_counters_equal_the_ledger() {
    on_rabbitmq(true);
}

#[test]
fn rabbitmq_counters_equal_the_ledger_without_sent_events() {
    on_rabbitmq(false);
}
