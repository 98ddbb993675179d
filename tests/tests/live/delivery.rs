//! From a service that dies to the webhook that hears of it: the generated files, with all times divided by fifteen, in a real
//! Prometheus and Alertmanager.

use std::fs;
use std::time::{Duration, Instant};

use it::alertmanager::Alertmanager;
use it::exporter::Exporter;
use it::http::{Response, header};
use it::prometheus::Prometheus;
use it::redis::Redis;
use it::server::Server;
use it::sink::{Post, Sink};
use it::{PATIENCE, binary, port, promtool, wait};
use serde_json::Value;
use tempfile::TempDir;

/// Seconds for minutes: scrapes each second, a Down alert after four.
const TIME_SCALE: &str = "15";

/// `alertmanager:secret`, as basic authentication has it.
const AUTHORIZATION: &str = "Basic YWxlcnRtYW5hZ2VyOnNlY3JldA==";

/// Jobs of targets that these tests do not run.
const OTHERS: [&str; 5] = ["node", "grafana", "postgres", "celery", "selextract-api"];

/// Redis, its exporter and everything that alerts about it.
struct Stack {
    redis: Redis,
    exporter: Exporter,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    sink: Sink,
    _others: [Server; OTHERS.len()],
    _rendered: TempDir,
}

impl Stack {
    /// Everything is up and scraped.
    fn start() -> Self {
        let redis = Redis::start();
        let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);
        let sink = Sink::start();
        let others = OTHERS.map(|_| empty_page());
        let (prometheus_port, alertmanager_port) = (port::free(), port::free());
        let ours = [("prometheus", prometheus_port), ("alertmanager", alertmanager_port), ("redis", exporter.port())];
        let targets: Vec<_> = ours.into_iter().chain(OTHERS.into_iter().zip(others.iter().map(Server::port))).collect();
        let rendered = render(&targets, &sink);
        promtool::check_config(&rendered.path().join("prometheus.yml"));
        let alertmanager = Alertmanager::start(&rendered.path().join("alertmanager.yml"), alertmanager_port);
        let prometheus = Prometheus::start(&rendered.path().join("prometheus.yml"), prometheus_port);
        prometheus.until_up(targets.len());
        Self { redis, exporter, prometheus, alertmanager, sink, _others: others, _rendered: rendered }
    }

    /// Nothing is the matter. On a busy machine the first scrapes come after the first alerts: those are over, and told as over.
    fn until_well(&self, alertname: &str) {
        wait::until(&format!("{alertname} to be over"), PATIENCE, || {
            let named = |alert: &Value| alert["labels"]["alertname"] == alertname;
            let active = self.prometheus.alerts().iter().any(named) || self.alertmanager.alerts().iter().any(named);
            let told = self.sink.posts().iter().flat_map(|post| post.statuses_of(alertname).map(str::to_owned).collect::<Vec<_>>()).next_back();
            (!active && told.is_none_or(|last| last == "resolved")).then_some(())
        });
    }

    /// The first post about an alert in that state since then.
    fn post(&self, alertname: &str, status: &str, since: Instant) -> Post {
        let wanted = |post: &Post| post.at >= since && post.statuses_of(alertname).any(|found| found == status);
        self.sink.wait_for(&format!("{alertname} {status}"), PATIENCE, wanted)
    }

    fn assert_not_posted(&self, alertname: &str) {
        assert!(self.sink.posts().iter().all(|post| post.statuses_of(alertname).next().is_none()), "{alertname} reached the webhook");
    }
}

/// A target that answers and has nothing to say.
fn empty_page() -> Server {
    let headers = vec![("content-type".to_owned(), "text/plain; version=0.0.4".to_owned())];
    Server::start(move |_| Response { status: 200, headers: headers.clone(), body: Vec::new() })
}

/// The generated files of such a stack, with its secrets.
fn render(targets: &[(&str, u16)], sink: &Sink) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for secret in ["alertmanager_webhook_password", "smtp_password"] {
        fs::write(directory.path().join(secret), "secret").unwrap();
    }
    let mut generator = binary::command("generator");
    generator.arg("--output").arg(directory.path()).arg("--secrets-dir").arg(directory.path());
    generator.args(["--time-scale", TIME_SCALE, "--webhook", &format!("{}/internal/alerts", sink.url())]);
    for (job, port) in targets {
        generator.args(["--target", &format!("{job}=127.0.0.1:{port}")]);
    }
    let output = generator.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    directory
}

#[test]
fn dead_redis_is_heard_of_and_its_return_too() {
    let mut stack = Stack::start();
    wait::until("Watchdog to fire", PATIENCE, || stack.prometheus.alerts().into_iter().find(|alert| alert["labels"]["alertname"] == "Watchdog"));
    stack.until_well("RedisDown");

    let killed = Instant::now();
    stack.redis.program.kill();

    let firing = stack.post("RedisDown", "firing", killed);
    assert_eq!(firing.path, "/internal/alerts");
    assert_eq!(header(&firing.headers, "authorization"), Some(AUTHORIZATION));
    let alert = &firing.payload["alerts"][0];
    assert_eq!((&alert["labels"]["severity"], &alert["labels"]["service"]), (&"critical".into(), &"redis".into()));
    let annotations = alert["annotations"].as_object().unwrap();
    for name in ["summary", "description", "runbook_url", "dashboard_url"] {
        assert!(annotations.contains_key(name), "{name} is missing");
    }
    assert!(annotations["summary"].as_str().unwrap().contains("refused"), "{}", annotations["summary"]);

    stack.redis.restart();

    stack.post("RedisDown", "resolved", firing.at);
    stack.assert_not_posted("Watchdog");
    stack.assert_not_posted("TargetDown");
}

#[test]
fn dead_exporter_is_one_alert_and_not_two() {
    let mut stack = Stack::start();
    stack.until_well("RedisDown");

    let killed = Instant::now();
    stack.exporter.program.kill();

    let firing = stack.post("RedisDown", "firing", killed);
    let summary = firing.payload["alerts"][0]["annotations"]["summary"].as_str().unwrap();
    assert!(summary.contains("does not answer") && summary.contains("nothing is known"), "{summary}");
    let target_down = wait::until("TargetDown to fire", PATIENCE, || {
        stack.alertmanager.alerts().into_iter().find(|alert| alert["labels"]["alertname"] == "TargetDown" && alert["labels"]["job"] == "redis")
    });
    assert_eq!(target_down["status"]["state"], "suppressed");
    wait::never("TargetDown reached the webhook", Duration::from_secs(5), || {
        stack.sink.posts().into_iter().find(|post| post.statuses_of("TargetDown").next().is_some())
    });
}
