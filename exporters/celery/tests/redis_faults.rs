//! What happens to Redis, to workers, and on the channel of events, and what the page says of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use support::{Application, Exporter, command, free_port, python, redis, wait};

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

const PATIENCE: Duration = Duration::from_secs(30);

/// Whatever is published until the subscription is made again is lost. It takes a fraction of a second; the rest is for a
/// machine that has other things to do.
const BACK: Duration = Duration::from_secs(3);

fn exporter(port: u16, directory: &Path, flags: &[&str]) -> Exporter {
    let url = format!("--broker-url=redis://127.0.0.1:{port}/0");
    Exporter::start(&[&[url.as_str(), "--poll-interval=500ms"], flags].concat(), directory)
}

fn is_up(exporter: &Exporter) -> bool {
    exporter.value("celery_up") == Some(1.0)
}

fn is_down(exporter: &Exporter, reason: &str) -> bool {
    exporter.value("celery_up") == Some(0.0) && exporter.value(&format!("celery_up_reason{{reason=\"{reason}\"}}")) == Some(1.0)
}

/// Publishes a message as a worker does; the answer is the number of subscribers.
fn publish(port: u16, message: &[u8]) -> String {
    command(port, &[b"PUBLISH", b"/0.celeryev/task.multi", message])
}

fn event(json: &str) -> Vec<u8> {
    let body = STANDARD.encode(json);
    format!(r#"{{"body": "{body}", "content-type": "application/json", "properties": {{"body_encoding": "base64"}}}}"#).into_bytes()
}

/// A number that the server tells of itself.
fn statistic(port: u16, section: &str, name: &str) -> u64 {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut stream, format!("INFO {section}\r\nQUIT\r\n").as_bytes()).unwrap();
    let text = std::io::read_to_string(stream).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split(',').next().unwrap().parse().unwrap()
}

fn events(exporter: &Exporter, kind: &str) -> f64 {
    exporter.value(&format!("celery_events_total{{type=\"{kind}\"}}")).unwrap()
}

fn is_counted(port: u16, exporter: &Exporter) -> bool {
    let before = events(exporter, "task-started");
    publish(port, &event(r#"{"type": "task-started", "uuid": "a", "hostname": "w@h"}"#));
    std::thread::sleep(Duration::from_millis(100));
    events(exporter, "task-started") > before
}

fn application(port: u16, directory: &Path) -> Application {
    Application {
        python: python(),
        broker: format!("redis://127.0.0.1:{port}/0"),
        directory: directory.to_owned(),
        sent_events: true,
        transport_options: "{}".to_owned(),
    }
}

#[test]
fn broker_may_come_and_go() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let exporter = exporter(port, directory.path(), &[]);
    wait("the absent broker is reported", PATIENCE, || is_down(&exporter, "refused"));
    let server = redis(port, directory.path(), &[]);
    wait("the broker is found", PATIENCE, || is_up(&exporter));
    assert!(is_counted(port, &exporter));
    server.signal("KILL");
    wait("the killed broker is reported", PATIENCE, || is_down(&exporter, "refused") || is_down(&exporter, "closed"));
    drop(server);
    let server = redis(port, directory.path(), &[]);
    wait("events are counted again", BACK, || is_counted(port, &exporter));
    wait("the broker is found again", PATIENCE, || is_up(&exporter));
    assert_eq!(exporter.value("celery_broker_reconnects_total"), Some(1.0));

    server.signal("STOP");
    wait("the frozen broker is reported", PATIENCE, || is_down(&exporter, "timeout"));
    server.signal("CONT");
    wait("the broker is found once more", PATIENCE, || is_up(&exporter));
    wait("events arrive again", PATIENCE, || is_counted(port, &exporter));
    let before = exporter.value("celery_broker_reconnects_total");
    assert!(command(port, &[b"CLIENT", b"KILL", b"TYPE", b"pubsub"]).starts_with(':'));
    wait("a connection that was cut is made anew", PATIENCE, || exporter.value("celery_broker_reconnects_total") > before);
    assert!(is_counted(port, &exporter));
}

#[test]
fn rotated_password_is_read_again() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let user = |password: &str| {
        let parts = ["ACL", "SETUSER", "watcher", "resetpass", password, "on", "allkeys", "allchannels", "+@all"];
        assert_eq!(command(port, &parts.map(str::as_bytes)), "+OK");
    };
    user(">CANARY-1");
    let file = directory.path().join("password");
    fs::write(&file, "wrong\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (flag, url) = (format!("--broker-password-file={}", file.display()), format!("--broker-url=redis://watcher@127.0.0.1:{port}/0"));
    let exporter = Exporter::start(&[&flag, &url, "--poll-interval=500ms"], directory.path());
    wait("the wrong password is reported", PATIENCE, || is_down(&exporter, "auth"));
    fs::write(&file, "CANARY-1\n").unwrap();
    wait("the password is read again", PATIENCE, || is_up(&exporter));
    // On a living server the old password serves until the connection ends.
    user(">CANARY-2");
    assert!(command(port, &[b"CLIENT", b"KILL", b"USER", b"watcher"]).starts_with(':'));
    wait("the rotated password is reported", PATIENCE, || is_down(&exporter, "auth"));
    fs::write(&file, "CANARY-2\n").unwrap();
    wait("the new password is read", PATIENCE, || is_up(&exporter));
    assert!(is_counted(port, &exporter));
    let seen = exporter.text() + &fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    assert!(!seen.contains("CANARY"));
}

#[test]
fn full_broker_still_tells() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &["--maxmemory", "1kb", "--maxmemory-policy", "noeviction"]);
    let exporter = exporter(port, directory.path(), &["--inspect-interval=500ms", "--queues=shop"]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter) && exporter.value("celery_queue_length{queue=\"shop\"}") == Some(0.0));
    assert!(is_counted(port, &exporter));
    std::thread::sleep(Duration::from_secs(2));
    assert!(is_up(&exporter));
    let log = fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    assert_eq!(log.matches("Workers cannot be asked").count(), 1, "{log}");
}

#[test]
fn minimum_rights_are_enough() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let rights = "on >pass resetkeys resetchannels -@all +select +client|setname +ping +psubscribe +publish +smembers +llen +lindex +hlen +sadd +srem +brpop +del \
                  %R~* ~_kombu.binding.reply.celery.pidbox ~*.reply.celery.pidbox &/0.celeryev/* &/0.celery.pidbox";
    let parts: Vec<&[u8]> = ["ACL", "SETUSER", "watcher"].into_iter().chain(rights.split_whitespace()).map(str::as_bytes).collect();
    assert_eq!(command(port, &parts), "+OK");
    let url = format!("--broker-url=redis://watcher:pass@127.0.0.1:{port}/0");
    let exporter = Exporter::start(&[&url, "--poll-interval=500ms", "--inspect-interval=500ms"], directory.path());
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    assert!(is_counted(port, &exporter));
    let worker = application(port, directory.path()).worker("w@here", &["-E", "-P", "threads", "-c", "4"]);
    wait("the worker has answered", PATIENCE, || exporter.value("celery_worker_processes{hostname=\"w@here\"}") == Some(4.0));
    drop(worker);
    let log = fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    assert!(!log.contains("NOPERM") && !log.contains("cannot be asked"), "{log}");
}

#[test]
fn hostile_messages_are_counted_and_survived() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &["--client-output-buffer-limit", "pubsub 512mb 512mb 60"]);
    let exporter = exporter(port, directory.path(), &[]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    let pickle = br#"{"body": "gARLAS4=", "content-type": "application/x-python-serialize", "properties": {"body_encoding": "base64"}}"#;
    let yaml = br#"{"body": "YTogMQ==", "content-type": "application/x-yaml", "properties": {"body_encoding": "base64"}}"#;
    let nested = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    for message in [&b""[..], b"garbage", b"{\"body\": 5}", &nested, &event("[[[["), &event("{\"type\": null}")] {
        assert_eq!(publish(port, message), ":1");
    }
    assert_eq!(publish(port, pickle), ":1");
    assert_eq!(publish(port, yaml), ":1");
    publish(port, &vec![b'x'; 50 << 20]);
    let odd = "{\"type\": \"task-received\", \"uuid\": \"odd\", \"hostname\": \"w@h\", \"name\": \"a\\\"b\\nc\\ud800\\\\\"}";
    publish(port, &event(odd));
    publish(port, &event(r#"{"type": "task-invented", "uuid": "x"}"#));
    wait("all of it is counted", PATIENCE, || events(&exporter, "unknown") >= 1.0);
    let counted = ["malformed", "unsupported_content", "too_large"].map(|kind| format!("{}", events(&exporter, kind)));
    assert_eq!(counted, ["6", "2", "1"]);
    assert!(exporter.text().contains("celery_task_received_total{task_name=\"a\\\"b\\nc"), "{}", exporter.text());
    assert_eq!(exporter.value("celery_broker_reconnects_total"), Some(0.0));
    let resident = exporter.value("process_resident_memory_bytes").unwrap();
    assert!(resident < 64.0 * 1_048_576.0, "{resident}");
}

#[test]
fn killed_worker_goes_down_and_away() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let exporter = exporter(port, directory.path(), &["--inspect-interval=0", "--worker-timeout=3s", "--purge-offline-worker-metrics=4s"]);
    let application = application(port, directory.path());
    let killed = application.worker("w1@here", &["-E", "-P", "threads", "-c", "1", "--heartbeat-interval", "1"]);
    let kept = application.worker("w2@here", &["-E", "-P", "threads", "-c", "1", "--heartbeat-interval", "1"]);
    let up = |worker: &str| exporter.value(&format!("celery_worker_up{{hostname=\"{worker}\"}}"));
    wait("both workers are up", PATIENCE, || up("w1@here") == Some(1.0) && up("w2@here") == Some(1.0));
    killed.signal("KILL");
    wait("the killed worker is down", PATIENCE, || up("w1@here") == Some(0.0));
    assert_eq!((up("w2@here"), exporter.value("celery_workers_active")), (Some(1.0), Some(1.0)));
    wait("the killed worker is removed", PATIENCE, || up("w1@here").is_none());
    drop(kept);
    wait("the worker that was stopped has said so", PATIENCE, || up("w2@here") == Some(0.0));
}

#[test]
fn tasks_of_a_host_that_is_gone_leave_the_page_in_the_peer_s_names() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let flags = ["--metrics.names=danihodovic", "--inspect-interval=0", "--worker-timeout=3s", "--purge-offline-worker-metrics=4s"];
    let exporter = exporter(port, directory.path(), &flags);
    let application = application(port, directory.path());
    let workers = ["w1@gone", "w2@here"].map(|node| application.worker(node, &["-E", "-P", "threads", "-c", "1", "--heartbeat-interval", "1"]));
    let succeeded = |host: &str| format!("celery_task_succeeded_total{{name=\"app.add\",hostname=\"{host}\",queue_name=\"celery\"}}");
    wait("both hosts have worked", PATIENCE, || {
        assert!(application.send("add", 10).ended(PATIENCE));
        ["gone", "here"].iter().all(|host| exporter.value(&succeeded(host)).is_some_and(|count| count > 0.0))
    });
    let [killed, _kept] = workers;
    killed.signal("KILL");
    wait("the host is removed", PATIENCE, || !exporter.text().contains("\"gone\""));
    let before = exporter.value(&succeeded("here")).unwrap();
    assert!(application.send("add", 10).ended(PATIENCE));
    wait("the other one goes on", PATIENCE, || exporter.value(&succeeded("here")).is_some_and(|count| count > before));
}

#[test]
fn missing_events_are_found_and_turned_on() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let application = application(port, directory.path());
    let _worker = application.worker("w@here", &["-P", "threads", "-c", "2", "--heartbeat-interval", "1", "-Q", "celery,prefork"]);
    let enabled = |exporter: &Exporter| exporter.value("celery_worker_events_enabled{hostname=\"w@here\"}");
    {
        let exporter = exporter(port, directory.path(), &[]);
        wait("the worker is up", PATIENCE, || exporter.value("celery_workers_active") == Some(1.0));
        for _ in 0..3 {
            assert!(application.send("add", 5).ended(PATIENCE));
        }
        wait("silence is noticed", PATIENCE, || enabled(&exporter) == Some(0.0));
        assert_eq!(exporter.value("celery_events_missed_total{hostname=\"w@here\"}"), Some(0.0));
        assert!(fs::read_to_string(directory.path().join("exporter.log")).unwrap().contains("control enable_events"));
    }
    let exporter = exporter(port, directory.path(), &["--enable-events", "--inspect-interval=0"]);
    let log = || fs::read_to_string(directory.path().join("exporter.log")).unwrap();
    wait("the worker is told", PATIENCE, || log().contains("Turning on events"));
    wait("events are turned on", PATIENCE, || {
        assert!(application.send("add", 1).ended(PATIENCE));
        enabled(&exporter) == Some(1.0)
    });
    assert_eq!(log().matches("Turning on events").count(), 1);
}

#[test]
fn missed_events_are_counted() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let watcher = |channels: &'static [u8]| {
        assert_eq!(command(port, &[b"ACL", b"SETUSER", b"watcher", b"on", b"nopass", b"allkeys", b"+@all", b"resetchannels", channels]), "+OK");
    };
    watcher(b"allchannels");
    let url = format!("--broker-url=redis://watcher:any@127.0.0.1:{port}/0");
    let exporter = Exporter::start(&[&url, "--poll-interval=500ms", "--inspect-interval=0"], directory.path());
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    let application = application(port, directory.path());
    let _worker = application.worker("w@here", &["-E", "-P", "threads", "-c", "2", "--heartbeat-interval", "1"]);
    wait("the worker is up", PATIENCE, || exporter.value("celery_workers_active") == Some(1.0));
    assert!(application.send("add", 5).ended(PATIENCE));
    wait("they are counted", PATIENCE, || exporter.value("celery_task_succeeded_total{task_name=\"app.add\"}") == Some(5.0));
    let missed = || exporter.value("celery_events_missed_total{hostname=\"w@here\"}");
    wait("a heartbeat has confirmed them", PATIENCE, || missed() == Some(0.0));
    // Cut off for a while in which tasks run: nothing of them arrives.
    watcher(b"&none");
    wait("the loss is reported", PATIENCE, || !is_up(&exporter));
    assert!(application.send("add", 7).ended(PATIENCE));
    let ended = || application.ledger().iter().filter(|line| line["event"] == "ended").count();
    wait("the tasks have run", PATIENCE, || ended() == 12);
    watcher(b"allchannels");
    wait("what did not arrive is counted", PATIENCE, || missed() == Some(7.0));
    assert!(application.send("add", 3).ended(PATIENCE));
    wait("what arrives again is counted", PATIENCE, || exporter.value("celery_task_succeeded_total{task_name=\"app.add\"}") == Some(8.0));
    wait("nothing more is missed", PATIENCE, || missed() == Some(7.0));
}

#[test]
fn huge_task_at_the_head_is_read_over() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let huge = vec![b'x'; 40 << 20];
    for (queue, task) in [(&b"huge"[..], &huge[..]), (b"small", br#"{"body": "", "headers": {"id": "a"}, "properties": {}}"#)] {
        assert_eq!(command(port, &[b"LPUSH", queue, task]), ":1");
    }
    let exporter = exporter(port, directory.path(), &["--queues=huge,small", "--inspect-interval=0"]);
    let length = |queue: &str| exporter.value(&format!("celery_queue_length{{queue=\"{queue}\"}}"));
    let age = |queue: &str| exporter.value(&format!("celery_queue_oldest_task_age_seconds{{queue=\"{queue}\"}}"));
    wait("both queues are read", PATIENCE, || length("huge") == Some(1.0) && length("small") == Some(1.0));
    wait("the small task grows old", PATIENCE, || age("small").is_some_and(|age| age > 0.5));
    assert_eq!(age("huge"), None);
    assert_eq!(command(port, &[b"LPUSH", b"huge", b"x"]), ":2");
    wait("the queue is read again", PATIENCE, || length("huge") == Some(2.0));
    assert!(is_up(&exporter));
    let resident = exporter.value("process_resident_memory_bytes").unwrap();
    assert!(resident < 40.0 * 1_048_576.0, "{resident}");
}

#[test]
fn backlog_shows_length_and_age() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let exporter = exporter(port, directory.path(), &["--inspect-interval=1s"]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    let application = application(port, directory.path());
    assert!(application.send("add", 12).ended(PATIENCE));
    wait("all priorities are summed", PATIENCE, || exporter.value("celery_queue_length{queue=\"celery\"}") == Some(12.0));
    let age = || exporter.value("celery_queue_oldest_task_age_seconds{queue=\"celery\"}").unwrap();
    wait("the first task grows old", PATIENCE, || age() > 3.0);
    assert!(age() < PATIENCE.as_secs_f64());
    assert!(application.run("exchange.py", &["orders", "shop", "3"]).ended(PATIENCE));
    wait("a queue on another exchange is found", PATIENCE, || exporter.value("celery_queue_length{queue=\"orders\"}") == Some(3.0));
    assert_eq!(exporter.value("celery_queue_unacked"), Some(0.0));
    assert!(application.run("send.py", &["add", "4", "--countdown=300", "--queue=held"]).ended(PATIENCE));
    let _worker = application.worker("w@here", &["-E", "-P", "threads", "-c", "4", "-Q", "held"]);
    wait("what a worker holds is not acknowledged", PATIENCE, || exporter.value("celery_queue_unacked") == Some(4.0));
    assert_eq!(exporter.value("celery_queue_length{queue=\"held\"}"), Some(0.0));
}

#[test]
fn clock_an_hour_off_is_no_lag_and_no_wait() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let exporter = exporter(port, directory.path(), &["--inspect-interval=1s"]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    let application = application(port, directory.path());
    let worker = |offset, node, queue| application.worker_off_by(offset, node, &["-E", "-P", "threads", "-c", "2", "-Q", queue]);
    let _workers = [worker("-1h", "w@behind", "behind"), worker("+1h", "w@ahead", "ahead")];
    wait("both workers are up", PATIENCE, || exporter.value("celery_workers_active") == Some(2.0));
    for queue in ["behind", "ahead"] {
        // Which does not sleep: that cannot be done with a clock that is made up.
        assert!(application.run("send.py", &["boom", "5", &format!("--queue={queue}")]).ended(PATIENCE));
    }
    wait("every task is counted", PATIENCE, || {
        exporter.value("celery_task_failed_total{task_name=\"app.boom\",error_type=\"ValueError\"}") == Some(10.0)
    });
    let page = exporter.page();
    let sum = |family: &str| page[&format!("celery_{family}_sum{{task_name=\"app.boom\"}}")];
    for family in ["task_queue_wait_seconds", "task_prefetch_wait_seconds", "task_runtime_seconds"] {
        assert!((0.0..60.0).contains(&sum(family)), "{family}: {}", sum(family));
    }
    assert_eq!(page.get("celery_task_queue_wait_seconds_count{task_name=\"app.boom\"}"), Some(&10.0));
    assert!(page["celery_event_lag_seconds_sum"] < 60.0, "{}", page["celery_event_lag_seconds_sum"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    for worker in ["w@behind", "w@ahead"] {
        assert_eq!(page.get(&format!("celery_worker_up{{hostname=\"{worker}\"}}")), Some(&1.0));
        let heartbeat = page[&format!("celery_worker_last_heartbeat_timestamp_seconds{{hostname=\"{worker}\"}}")];
        assert!((heartbeat - now).abs() < 60.0, "{heartbeat} at {now}");
        wait("it answers", PATIENCE, || exporter.value(&format!("celery_worker_processes{{hostname=\"{worker}\"}}")) == Some(2.0));
    }
}

#[test]
fn backlog_is_lag_and_no_wrong_clock() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let _server = redis(port, directory.path(), &[]);
    let exporter = exporter(port, directory.path(), &["--inspect-interval=0"]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    let stamped = |host: &str, ago: f64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let json = format!(r#"{{"type": "task-started", "uuid": "{host}", "hostname": "w@{host}", "timestamp": {}}}"#, now - ago);
        assert_eq!(publish(port, &event(&json)), ":1");
    };
    let lag = || exporter.value("celery_event_lag_seconds_sum").unwrap();
    // The exporter keeps up, so a new host this far behind has a wrong clock.
    stamped("behind", 100.0);
    wait("the event is counted", PATIENCE, || events(&exporter, "task-started") >= 1.0);
    assert!(lag() < 50.0, "{}", lag());
    exporter.program().signal("STOP");
    let threads = || fs::read_dir(format!("/proc/{}/task", exporter.program().id())).unwrap();
    let is_stopped = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("stat")).unwrap().contains(") T ");
    wait("all of it is stopped", PATIENCE, || threads().all(|thread| is_stopped(thread.unwrap())));
    // As if it had been stopped for so long; some of it has to be, for its own watch.
    stamped("right", 100.0);
    std::thread::sleep(Duration::from_secs(16));
    exporter.program().signal("CONT");
    wait("what has waited is counted", PATIENCE, || events(&exporter, "task-started") >= 2.0);
    assert!((100.0..150.0).contains(&lag()), "{}", lag());
    stamped("right", 0.0);
    wait("the fresh event is counted", PATIENCE, || events(&exporter, "task-started") >= 3.0);
    assert!((100.0..150.0).contains(&lag()), "{}", lag());
    wait("it keeps up again", PATIENCE, || {
        let before = lag();
        stamped("another", 1000.0);
        wait("the event is counted", PATIENCE, || events(&exporter, "task-started") >= 4.0);
        lag() - before < 500.0
    });
}

#[test]
fn hundreds_of_queues_cost_few_round_trips() {
    const QUEUES: usize = 500;
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let server = redis(port, directory.path(), &[]);
    let application = application(port, directory.path());
    assert!(application.run("queues.py", &[&QUEUES.to_string()]).ended(PATIENCE));
    // Half of them are named; the others are found, as their exchange is that of the default queue.
    let named: Vec<String> = (0..QUEUES / 2).map(|number| format!("many-{number:03}")).collect();
    let exporter = exporter(port, directory.path(), &["--inspect-interval=0", &format!("--queues={}", named.join(","))]);
    let shown =
        || exporter.page().iter().filter(|(series, length)| series.starts_with("celery_queue_length{queue=\"many-") && **length > 0.5).count();
    wait("every length is shown", PATIENCE, || shown() == QUEUES);
    // One question about unacknowledged tasks in each poll.
    let polls = || statistic(port, "commandstats", "cmdstat_hlen:calls=");
    let reads = || statistic(port, "stats", "total_reads_processed:");
    let (polls_before, reads_before) = (polls(), reads());
    wait("it polls on and on", PATIENCE, || polls() >= polls_before + 10);
    // Ours are some of these reads; the server reads long pipelines in pieces.
    let each = (reads() - reads_before) / (polls() - polls_before);
    assert!(each < u64::try_from(QUEUES).unwrap() / 4, "{each} reads in each poll");
    assert!(exporter.value("celery_broker_answer_age_seconds") < Some(5.0));
    server.signal("STOP");
    assert_eq!(shown(), QUEUES, "a scrape waits for no broker");
    server.signal("CONT");
}
