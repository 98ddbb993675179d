//! The names and labels that the dashboards and alerts of danihodovic/celery-exporter read, on a real Prometheus over a page
//! in its names: no expression over them is empty.

use std::time::Duration;

use it::celery::Application;
use it::exporter::Exporter;
use it::prometheus::Prometheus;
use it::redis::Redis;
use it::{PATIENCE, wait};

/// What both read, by name and labels: `namespace` and `cluster` are those of the scrape.
const SELECTOR: &str = r#"job=~".*celery.*", namespace="shop", cluster="main""#;

/// Expressions in the forms in which the peer's dashboards and alerts ask: each has to have a result.
fn expressions() -> Vec<String> {
    let mut expressions = vec![
        // Its three alerts, thresholds and all.
        "sum by (job, namespace, name, queue_name) (increase(celery_task_failed_total{S}[1m])) / (sum by (job, namespace, name, queue_name) \
         (increase(celery_task_failed_total{S}[1m])) + sum by (job, namespace, name, queue_name) (increase(celery_task_succeeded_total{S}[1m]))) \
         * 100 > 5",
        "sum by (job, namespace, queue_name) (celery_queue_length{S, queue_name!=\"\"}) > 100",
        "celery_worker_up{S, hostname=~\".+\"} == 0",
        // Its dashboards.
        "count by (job) (celery_worker_up{S} == 1)",
        "sum by (hostname) (celery_worker_tasks_active{S})",
        "topk(3, sum by (name, exception) (increase(celery_task_failed_total{S, exception!=\"\"}[1m]))) > 0",
        "histogram_quantile(0.95, sum by (name, le) (rate(celery_task_runtime_bucket{S, name=\"app.add\", queue_name=\"celery\"}[1m])))",
        "sum by (name) (rate(celery_task_runtime_sum{S}[1m])) / (sum by (name) (rate(celery_task_runtime_count{S}[1m])) > 0)",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    for kind in ["sent", "received", "succeeded", "failed", "rejected", "retried", "revoked"] {
        expressions.push(format!("sum by (name, queue_name, hostname) (round(increase(celery_task_{kind}_total{{S, name=~\"app.+\"}}[1m])))"));
    }
    expressions.into_iter().map(|expression| expression.replace("{S", &format!("{{{SELECTOR}"))).collect()
}

#[test]
fn no_expression_of_the_peer_is_empty() {
    let redis = Redis::start();
    let broker = format!("{}/0", redis.address());
    let flags = ["--broker-url", &broker, "--metrics.names=danihodovic", "--worker-timeout=3", "--poll-interval=500ms", "--inspect-interval=1s"];
    let exporter = Exporter::start("celery-exporter", &flags, &[]);
    let config = format!(
        "{{global: {{scrape_interval: 1s, scrape_timeout: 1s}}, scrape_configs: [{{job_name: shop-celery, static_configs: \
         [{{targets: ['127.0.0.1:{}'], labels: {{namespace: shop, cluster: main}}}}]}}]}}",
        exporter.port()
    );
    let prometheus = Prometheus::with_config(&config);
    let application = Application::new(&broker);
    let _kept = application.worker("w1@here", "celery");
    let mut killed = application.worker("w2@there", "other");
    let up = |host: &str| exporter.scrape().value("celery_worker_up", &[("hostname", host)]);
    wait::until("both workers to be up", PATIENCE, || (up("here") == Some(1.0) && up("there") == Some(1.0)).then_some(()));
    prometheus.until_up(1);
    let _succeeds = application.client("add", 100_000, 0.2, "celery");
    let _fails = application.client("boom", 100_000, 0.2, "celery");
    let mut client = application.client("add", 120, 0.0, "batch");
    assert!(wait::until("the client to be done", PATIENCE, || client.exited()).success());
    killed.kill();
    for expression in expressions() {
        wait::until(&expression, PATIENCE + Duration::from_secs(30), || (!prometheus.query(&expression).is_empty()).then_some(()));
    }
}
