//! What happens to `RabbitMQ`, and what an observer may do there.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use support::{Application, Exporter, RabbitMq, free_port, python, wait};

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

const PATIENCE: Duration = Duration::from_mins(2);

fn exporter(url: &str, directory: &Path, flags: &[&str]) -> Exporter {
    let url = format!("--broker-url={url}");
    Exporter::start(&[&[url.as_str(), "--poll-interval=500ms", "--inspect-interval=1s"], flags].concat(), directory)
}

fn is_up(exporter: &Exporter) -> bool {
    exporter.value("celery_up") == Some(1.0)
}

fn application(broker: String, directory: &Path) -> Application {
    Application { python: python(), broker, directory: directory.to_owned(), sent_events: true, transport_options: "{}".to_owned() }
}

fn succeeded(exporter: &Exporter) -> f64 {
    exporter.value("celery_task_succeeded_total{task_name=\"app.add\"}").unwrap_or_default()
}

#[test]
fn broker_may_come_and_go() {
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut server = RabbitMq::absent(home.path(), "");
    let url = server.url("guest", "guest", "");
    let exporter = exporter(&url, directory.path(), &["--worker-timeout=4s"]);
    wait("the absent broker is reported", PATIENCE, || exporter.value("celery_up_reason{reason=\"refused\"}") == Some(1.0));
    server.restart();
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    let application = application(url, directory.path());
    let worker = application.worker("w@here", &["-E", "-P", "threads", "-c", "2", "--heartbeat-interval", "1"]);
    assert!(application.send("add", 3).ended(PATIENCE));
    wait("tasks are counted", PATIENCE, || succeeded(&exporter) >= 3.0);
    server.signal("KILL");
    wait("the killed broker is reported", PATIENCE, || exporter.value("celery_up") == Some(0.0));
    server.restart();
    // It listens before it says that it has started; the rest is for a machine that has other things to do.
    wait("the subscription is made anew", Duration::from_secs(3), || exporter.value("celery_broker_reconnects_total") == Some(1.0));
    wait("the broker is reached again", PATIENCE, || is_up(&exporter));
    assert!(application.send("add", 2).ended(PATIENCE));
    wait("tasks are counted again", PATIENCE, || succeeded(&exporter) >= 5.0);
    let up = || exporter.value("celery_worker_up{hostname=\"w@here\"}");
    wait("the worker is up", PATIENCE, || up() == Some(1.0));
    worker.signal("KILL");
    wait("the killed worker is down", PATIENCE, || up() == Some(0.0));
    assert_eq!(exporter.value("celery_worker_signed_off{hostname=\"w@here\"}"), Some(0.0));
}

#[test]
fn minimum_rights_are_enough() {
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    assert!(server.control(&["add_user", "watcher", "pass"]));
    let own = r"celeryev\..*|.*\.reply\.celery\.pidbox";
    // Workers make the exchange of answers with their first answer only.
    let (configure, write) = (format!(r"^({own}|reply\.celery\.pidbox)$"), format!(r"^({own}|celery\.pidbox)$"));
    let read = format!(r"^({own}|celeryev|reply\.celery\.pidbox)$");
    assert!(server.control(&["set_permissions", "-p", "/", "watcher", &configure, &write, &read]));
    // Exchanges are made by whoever is there first: here that is the application.
    let application = application(server.url("guest", "guest", ""), directory.path());
    let _worker = application.worker("w@here", &["-E", "-P", "threads", "-c", "4"]);
    let file = directory.path().join("password");
    fs::write(&file, "pass\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let url = format!("amqp://watcher@127.0.0.1:{}", server.port);
    let exporter = exporter(&url, directory.path(), &[&format!("--broker-password-file={}", file.display())]);
    wait("the worker has answered", PATIENCE, || exporter.value("celery_worker_processes{hostname=\"w@here\"}") == Some(4.0));
    wait("the queue is read", PATIENCE, || exporter.value("celery_queue_consumers{queue=\"celery\"}") == Some(1.0));
    wait("events are read too", PATIENCE, || is_up(&exporter));
    assert!(application.send("add", 3).ended(PATIENCE));
    wait("tasks are counted", PATIENCE, || succeeded(&exporter) >= 3.0);
    let log = || fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    // Short of memory the broker reads nothing more from whoever publishes.
    assert!(server.control(&["set_vm_memory_high_watermark", "0"]));
    wait("workers cannot be asked", PATIENCE, || log().contains("Workers cannot be asked"));
    for _ in 0..50 {
        let page = exporter.page();
        assert_eq!(page.get("celery_up"), Some(&1.0));
        assert!(page["celery_broker_answer_age_seconds"] < 10.0 && page.contains_key("celery_queue_consumers{queue=\"celery\"}"));
    }
    assert!(server.control(&["set_vm_memory_high_watermark", "0.6"]));
    wait("workers can be asked again", PATIENCE, || log().contains("Workers can be asked again"));
    assert!(server.control(&["change_password", "watcher", "other"]));
    assert!(server.control(&["close_all_connections", "--vhost", "/", "test"]));
    wait("the changed password is reported", PATIENCE, || exporter.value("celery_up_reason{reason=\"auth\"}") == Some(1.0));
    fs::write(&file, "other\n").unwrap();
    wait("the new password is read", PATIENCE, || is_up(&exporter));
    assert!(!log().contains("cannot be read"), "{}", log());
}

#[test]
fn events_wait_for_the_next_exporter() {
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    let url = server.url("guest", "guest", "");
    let application = application(url.clone(), directory.path());
    let _worker = application.worker("w@here", &["-P", "threads", "-c", "2"]);
    let log = || fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    {
        let broker = format!("--broker-url={url}");
        let flags = [broker.as_str(), "--poll-interval=500ms", "--inspect-interval=0", "--enable-events", "--event-queue-ttl=5m"];
        let exporter = Exporter::start(&flags, directory.path());
        wait("the worker is told to send events", PATIENCE, || log().contains("Turning on events"));
        let worker = || fs::read_to_string(directory.path().join("w@here.log")).unwrap();
        wait("it sends them", PATIENCE, || worker().contains("Events of group {task} enabled by remote"));
        assert!(application.send("add", 2).ended(PATIENCE));
        wait("tasks are counted", PATIENCE, || succeeded(&exporter) >= 2.0);
        assert_eq!(log().matches("Turning on events").count(), 1);
    }
    assert!(application.send("add", 7).ended(PATIENCE));
    wait("tasks have run", PATIENCE, || application.ledger().iter().filter(|line| line["event"] == "ended").count() == 9);
    {
        let exporter = exporter(&url, directory.path(), &["--event-queue-ttl=5m"]);
        wait("tasks run meanwhile are counted", PATIENCE, || succeeded(&exporter) >= 7.0);
        assert!((succeeded(&exporter) - 7.0).abs() < 0.5);
    }
    assert!(application.send("add", 4).ended(PATIENCE));
    wait("tasks have run", PATIENCE, || application.ledger().iter().filter(|line| line["event"] == "ended").count() == 13);
    let exporter = exporter(&url, directory.path(), &["--event-queue-ttl=6m"]);
    wait("a queue with another time to live is used as it is", PATIENCE, || succeeded(&exporter) >= 4.0);
    assert_eq!(log().matches("made with other settings").count(), 1);
}

#[test]
fn quorum_queues_and_virtual_hosts_are_read() {
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    assert!(server.control(&["add_vhost", "shop/one"]));
    assert!(server.control(&["set_permissions", "-p", "shop/one", "guest", ".*", ".*", ".*"]));
    let url = server.url("guest", "guest", "shop%2Fone");
    let application = application(url.clone(), directory.path());
    assert!(application.run("quorum.py", &["ledgers", "3"]).ended(PATIENCE));
    assert!(application.run("exchange.py", &["celery_delayed_0", "celery_delayed_0", "2"]).ended(PATIENCE));
    let exporter = exporter(&url, directory.path(), &["--queues=ledgers,missing,celery_delayed_0"]);
    wait("the queue is read", PATIENCE, || exporter.value("celery_queue_length{queue=\"ledgers\"}") == Some(3.0));
    assert_eq!(exporter.value("celery_queue_consumers{queue=\"ledgers\"}"), Some(0.0));
    assert_eq!(exporter.value("celery_queue_length{queue=\"missing\"}"), None);
    assert_eq!(exporter.value("celery_queue_length{queue=\"celery_delayed_0\"}"), None);
    wait("events are read too", PATIENCE, || is_up(&exporter));
    drop(exporter);
    let flags = ["--queues=celery_delayed_0", "--queues-include=celery_delayed_*", "--metrics.names=danihodovic"];
    let exporter = self::exporter(&url, directory.path(), &flags);
    wait("a hidden queue is shown on demand", PATIENCE, || exporter.value("celery_queue_length{queue_name=\"celery_delayed_0\"}") == Some(2.0));
}

#[test]
fn hundreds_of_queues_are_read_in_time() {
    // To declare five hundred takes the broker half a minute of both processors.
    let count: usize = if std::env::var_os("LONG").is_some() { 500 } else { 60 };
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    let url = server.url("guest", "guest", "");
    assert!(application(url.clone(), directory.path()).run("queues.py", &[&count.to_string()]).ended(PATIENCE));
    let named: Vec<String> = (0..count).map(|number| format!("many-{number:03}")).collect();
    let exporter = exporter(&url, directory.path(), &[&format!("--queues={}", named.join(","))]);
    let shown =
        || exporter.page().iter().filter(|(series, length)| series.starts_with("celery_queue_length{queue=\"many-") && **length > 0.5).count();
    wait("every length is shown", PATIENCE, || shown() == count);
    // A round that takes too long ends the connection.
    let age = || exporter.value("celery_broker_answer_age_seconds").unwrap();
    for _ in 0..5 {
        let before = age();
        wait("another round is over", PATIENCE, || age() < before);
    }
    assert!(is_up(&exporter));
    server.signal("STOP");
    assert_eq!(shown(), count, "a scrape waits for no broker");
    server.signal("CONT");
}

#[test]
fn tls_is_checked() {
    let (home, directory, port) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), free_port());
    let file = |name: &str, text: String| {
        fs::write(home.path().join(name), text).unwrap();
        home.path().join(name).display().to_string()
    };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (file("server.pem", made.cert.pem()), file("server.key", made.signing_key.serialize_pem()));
    let other = file("other.pem", rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem());
    let settings = format!(
        "listeners.ssl.local = 127.0.0.1:{port}\nssl_options.cacertfile = {certificate}\nssl_options.certfile = {certificate}\n\
         ssl_options.keyfile = {key}\nssl_options.verify = verify_none\n"
    );
    let server = RabbitMq::with_settings(home.path(), &settings);
    let url = format!("amqps://guest:guest@localhost:{port}//");
    {
        let trusting = exporter(&url, directory.path(), &[&format!("--broker-ssl-option=ca_certs={certificate}")]);
        wait("the broker is reached", PATIENCE, || is_up(&trusting));
        assert!(application(server.url("guest", "guest", ""), directory.path()).run("flood.py", &["3"]).ended(PATIENCE));
        wait("events arrive", PATIENCE, || received(&trusting) > 2.5);
    }
    let wary = exporter(&url, directory.path(), &[&format!("--broker-ssl-option=ca_certs={other}")]);
    wait("the unknown authority is reported", PATIENCE, || wary.value("celery_up_reason{reason=\"tls\"}") == Some(1.0));
}

#[test]
fn frozen_broker_is_told_and_found_again() {
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    let url = server.url("guest", "guest", "");
    let exporter = exporter(&url, directory.path(), &[]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    server.signal("STOP");
    wait("the frozen broker is reported", PATIENCE, || exporter.value("celery_up_reason{reason=\"timeout\"}") == Some(1.0));
    server.signal("CONT");
    wait("the broker is reached again", PATIENCE, || is_up(&exporter));
    wait("events arrive again", PATIENCE, || {
        assert!(application(url.clone(), directory.path()).run("flood.py", &["1"]).ended(PATIENCE));
        received(&exporter) >= 1.0
    });
}

#[test]
fn flood_waits_for_an_exporter_that_hangs() {
    let (home, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = RabbitMq::start(home.path());
    let url = server.url("guest", "guest", "");
    let exporter = exporter(&url, directory.path(), &[]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    exporter.program().signal("STOP");
    let application = application(url, directory.path());
    assert!(application.run("flood.py", &["20000"]).ended(PATIENCE));
    exporter.program().signal("CONT");
    wait("none of the events is lost", PATIENCE, || received(&exporter) >= 20_000.0);
    assert_eq!(exporter.value("celery_broker_reconnects_total"), Some(0.0));
    assert!(received(&exporter) < 20_001.0);
    assert!(application.run("hostile.py", &[]).ended(PATIENCE));
    let events = |kind: &str| exporter.value(&format!("celery_events_total{{type=\"{kind}\"}}")).unwrap();
    wait("hostile messages are counted", PATIENCE, || events("unknown") >= 1.0);
    let counted = ["malformed", "unsupported_content", "too_large"].map(|kind| format!("{}", events(kind)));
    assert_eq!(counted, ["4", "2", "1"]);
    assert!(exporter.text().contains("celery_task_received_total{task_name=\"a\\\"b\\nc\u{fffd}\"} 1\n"), "{}", exporter.text());
    assert_eq!(exporter.value("celery_broker_reconnects_total"), Some(0.0));
    let resident = exporter.value("process_resident_memory_bytes").unwrap();
    assert!(resident < 64.0 * 1_048_576.0, "{resident}");
}

fn received(exporter: &Exporter) -> f64 {
    exporter.value("celery_events_total{type=\"task-received\"}").unwrap_or_default()
}
