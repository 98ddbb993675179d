//! Connections between the Celery exporter and either broker that are reset while they are in use.

#![expect(clippy::unwrap_used, clippy::panic, reason = "shared fixtures of the exporter's own tests carry their own lints")]

use it::celery::Application;
use it::exporter::Exporter;
use it::faults::{Fault, FaultProxy};
use it::{PATIENCE, wait as until};

#[path = "../../exporters/celery/tests/support/servers.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod servers;

/// A queue that no worker serves.
const QUEUE: &str = "orders";

/// Resets every connection of an exporter that works, and has it work again; `real` is where
/// clients send their tasks to.
fn is_found_again(broker: &str, proxy: &FaultProxy, real: &str) {
    let exporter = Exporter::start("celery-exporter", &["--broker-url", broker, "--poll-interval=200ms", "--inspect-interval=1s"], &[]);
    let value = |name: &str, labels: &[(&str, &str)]| exporter.scrape().value(name, labels);
    let is_up = || (value("celery_up", &[]) == Some(1.0)).then_some(());
    until::until("the broker to be reached", PATIENCE, is_up);
    let application = Application::new(real);
    let sent = |count: u32, all: f64| {
        let mut client = application.client("add", count, 0.0, QUEUE);
        assert!(until::until("the client to be done", PATIENCE, || client.exited()).success());
        until::until("sent tasks to be counted", PATIENCE, || {
            (value("celery_task_sent_total", &[("task_name", "app.add")]) == Some(all)).then_some(())
        });
        until::until("the queue to be read", PATIENCE, || (value("celery_queue_length", &[("queue", QUEUE)]) == Some(all)).then_some(()));
    };
    sent(3, 3.0);
    let reconnects = || value("celery_broker_reconnects_total", &[]).unwrap();
    let before = reconnects();
    proxy.set(Fault::Reset(0));
    until::until("the loss to be told", PATIENCE, || (value("celery_up", &[]) == Some(0.0)).then_some(()));
    // Of a subscription to which nothing is said it shows when the exporter asks whether the broker is there.
    until::until("the subscription to be lost", PATIENCE, || exporter.program.log().contains("part=Events").then_some(()));
    proxy.set(Fault::Pass);
    until::until("the broker to be reached again", PATIENCE, is_up);
    until::until("events to be subscribed to again", PATIENCE, || (reconnects() > before).then_some(()));
    sent(2, 5.0);
}

#[test]
fn redis_that_resets_is_found_again() {
    let redis = it::redis::Redis::start();
    let proxy = FaultProxy::start(redis.port());
    is_found_again(&format!("redis://127.0.0.1:{}/0", proxy.port()), &proxy, &format!("{}/0", redis.address()));
}

#[test]
fn rabbitmq_that_resets_is_found_again() {
    let home = tempfile::tempdir().unwrap();
    let server = servers::RabbitMq::start(home.path());
    let proxy = FaultProxy::start(server.port);
    is_found_again(&format!("amqp://guest:guest@127.0.0.1:{}//", proxy.port()), &proxy, &server.url("guest", "guest", ""));
}
