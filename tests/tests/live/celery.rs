//! Alerts about Celery whose workers are stopped, whose queue grows, and whose tasks fail.

use std::time::Duration;

use it::celery::Application;
use it::exporter::Exporter;
use it::live::Live;
use it::redis::Redis;
use it::{PATIENCE, wait};

/// A queue that no worker serves at first.
const IDLE: &str = "batch";

/// More tasks than ever run while the test lasts.
const MANY: u32 = 100_000;

#[test]
fn stopped_workers_backlog_and_failing_tasks_are_told_and_end() {
    let redis = Redis::start();
    let broker = format!("{}/0", redis.address());
    // A worker that is killed is missed after ten seconds instead of five minutes.
    let exporter = Exporter::start("celery-exporter", &["--broker-url", &broker, "--worker-timeout=10s", "--poll-interval=500ms"], &[]);
    let application = Application::new(&broker);
    let mut workers = [application.worker("w1@here", "celery"), application.worker("w2@here", "celery")];
    let mut live = Live::start(&[("celery", exporter.port())]);
    wait::until("both workers to be up", PATIENCE, || (exporter.scrape().value("celery_workers_active", &[]) == Some(2.0)).then_some(()));
    // Prometheus may have seen the exporter before that had found its broker.
    wait::until("the start to be over", PATIENCE, || live.firing("CeleryBrokerDown").is_empty().then_some(()));

    let failing = application.client("boom", MANY, 0.1, "celery");
    let _batch = application.client("add", 150, 0.0, IDLE);
    workers[1].kill();

    let lost = live.until_firing("CeleryWorkerLost");
    assert_eq!(lost["labels"]["hostname"], "w2@here");
    let failure_rate = live.until_firing("CeleryTaskFailureRateHigh");
    assert_eq!(failure_rate["labels"]["task_name"], "app.boom");
    let summary = failure_rate["annotations"]["summary"].as_str().expect("a summary");
    assert!(summary.starts_with("100% of app.boom fail, mostly with ValueError"), "{summary}");
    let backlog = live.until_firing("CeleryQueueBacklog");
    let summary = backlog["annotations"]["summary"].as_str().expect("a summary");
    assert!(summary.starts_with("150 tasks wait in queue batch"), "{summary}");
    assert!(live.firing("CeleryNoWorkers").is_empty(), "one worker is left");

    drop(failing);
    workers[1].restart();
    let mut third = application.worker("w3@here", IDLE);
    for alert in ["CeleryWorkerLost", "CeleryQueueBacklog", "CeleryTaskFailureRateHigh"] {
        live.until_over(alert);
    }

    for worker in workers.iter_mut().chain([&mut third]) {
        assert!(worker.stop(Duration::from_secs(20)).success());
    }
    live.until_firing("CeleryNoWorkers");
    assert!(live.firing("CeleryWorkerLost").is_empty(), "all have said that they end");
    workers[0].restart();
    live.until_over("CeleryNoWorkers");
}
