//! What a real Prometheus makes of a bounded family: its `sum(increase())` is that of one plain counter of the same events, while
//! values come, go and come back.
#![allow(clippy::allow_attributes, clippy::float_cmp, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use api_metrics::{TaskType, bounded::Settings, business::Business, metrics_page};
use axum::Router;
use exporter_core::{Exposition, Registry};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{MissedTickBehavior, interval, sleep},
};

metric_catalogue::catalogue! {
    /// The same events without labels
    EVENTS: Counter = "test_events_total" [];
}

const TASK: TaskType = TaskType::new("task");

/// As in production, a fifteenth as long: an epoch is two scrapes, and the window of the query is twenty.
const SETTINGS: Settings = Settings { values: 30, epoch: Duration::from_secs(2), turnover: 6, idle_epochs: 3 };
const SCRAPES: &str = "1s";

/// Time for which events come, and the window that is asked for within it.
const TRAFFIC: Duration = Duration::from_secs(50);
const WINDOW: &str = "40s";

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(directory: &Path, target: u16, port: u16) -> Running {
    let job = format!(
        "global: {{scrape_interval: {SCRAPES}, scrape_timeout: {SCRAPES}}}\nscrape_configs: [{{job_name: api, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
    );
    let config = directory.join("prometheus.yml");
    fs::write(&config, job).unwrap();
    let started = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(directory.join("log")).unwrap())
        .spawn();
    Running(started.unwrap_or_else(|error| panic!("prometheus: {error}; apt-get install prometheus")))
}

/// The value of an expression, if it has one.
async fn query(port: u16, expression: &str) -> Option<f64> {
    let encoded = expression.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(format!("GET /api/v1/query?query={encoded} HTTP/1.0\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    body.pointer("/data/result/0/value/1")?.as_str()?.parse().ok()
}

/// Twenty users who stay, and forty at a time who come for a while; some of those come back.
fn user(event: u64, at: Duration) -> String {
    let slow = at.as_secs() / 10;
    match event % 3 {
        0 => format!("regular-{}", event % 60 / 3),
        1 => format!("guest-{}", (slow % 3) * 40 + event % 40),
        _ => format!("once-{event}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sum_of_increases_is_that_of_one_plain_counter() {
    let registry = Registry::default();
    let business = Business::with_settings(&registry, &[TASK], SETTINGS);
    let plain = registry.counter(&EVENTS).series([]);
    let shown = business.clone();
    let exposition = Exposition::new(registry.clone()).with_collect(move |samples| shown.collect(samples));
    let app: Router = metrics_page::router("/metrics", exposition, Arc::new(metrics_page::Open));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let _prometheus = start(directory.path(), target, port);
    let deadline = Instant::now() + Duration::from_secs(30);
    while query(port, "test_events_total").await.is_none() {
        assert!(Instant::now() < deadline, "{}", fs::read_to_string(directory.path().join("log")).unwrap());
        sleep(Duration::from_millis(100)).await;
    }

    let started = Instant::now();
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for event in 0.. {
        ticks.tick().await;
        if started.elapsed() > TRAFFIC {
            break;
        }
        business.task_created(TASK, &user(event, started.elapsed()));
        plain.add(1);
    }
    let family = query(port, &format!("sum(increase(selextract_tasks_created_total[{WINDOW}]))")).await.unwrap();
    let truth = query(port, &format!("increase(test_events_total[{WINDOW}])")).await.unwrap();
    let named = query(port, &format!("sum(increase(selextract_tasks_created_total{{user_id!=\"other\"}}[{WINDOW}]))")).await.unwrap();
    let evictions = query(port, "selextract_metrics_evictions_total{family=\"selextract_tasks_created_total\"}").await.unwrap();
    println!("family {family}, plain counter {truth}, ratio {:.4}, named {named}, evictions {evictions}", family / truth);
    assert!(evictions > 10.0 && named > truth / 4.0, "values come and go: {evictions} evictions, {named} of {truth} by name");
    assert!((family / truth - 1.0).abs() < 0.01, "{family} is not {truth}");
}
