//! Ways to reach Redis: TLS, a socket file, Sentinels.

use std::{fs, path::Path, process::Command, time::Duration};

use support::{Exporter, Program, command, free_port, redis, wait};

#[expect(dead_code, reason = "shared with tests that need more of it")]
mod support;

const PATIENCE: Duration = Duration::from_mins(1);

fn exporter(url: &str, directory: &Path, flags: &[&str]) -> Exporter {
    let url = format!("--broker-url={url}");
    Exporter::start(&[&[url.as_str(), "--poll-interval=500ms"], flags].concat(), directory)
}

fn is_up(exporter: &Exporter) -> bool {
    exporter.value("celery_up") == Some(1.0)
}

const EVENT: &[u8] = br#"{"body": "{\"type\": \"task-started\", \"uuid\": \"a\", \"hostname\": \"w@h\"}", "properties": {"delivery_tag": "1"}}"#;

fn started(exporter: &Exporter) -> Option<f64> {
    exporter.value("celery_events_total{type=\"task-started\"}")
}

#[test]
fn tls_is_checked() {
    let (directory, plain, port) = (tempfile::tempdir().unwrap(), free_port(), free_port());
    let file = |name: &str, text: String| {
        fs::write(directory.path().join(name), text).unwrap();
        directory.path().join(name).display().to_string()
    };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (file("server.pem", made.cert.pem()), file("server.key", made.signing_key.serialize_pem()));
    let other = file("other.pem", rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem());
    let port_text = port.to_string();
    let tls = [
        "--tls-port",
        &port_text,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
        "--tls-ca-cert-file",
        &certificate,
    ];
    let _server = redis(plain, directory.path(), &tls);
    let url = format!("rediss://localhost:{port}/0");
    {
        let trusting = exporter(&url, directory.path(), &[&format!("--broker-ssl-option=ca_certs={certificate}")]);
        wait("the broker is reached", PATIENCE, || is_up(&trusting));
        command(plain, &[b"PUBLISH", b"/0.celeryev/task.started", EVENT]);
        wait("the event arrives", PATIENCE, || started(&trusting) == Some(1.0));
    }
    let wary = exporter(&url, directory.path(), &[&format!("--broker-ssl-option=ca_certs={other}")]);
    wait("the unknown authority is reported", PATIENCE, || wary.value("celery_up_reason{reason=\"tls\"}") == Some(1.0));
    let careless = exporter(&format!("{url}?ssl_cert_reqs=none"), directory.path(), &[]);
    wait("any certificate is taken on demand", PATIENCE, || is_up(&careless));
}

#[test]
fn socket_file_is_a_broker() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("redis.sock").display().to_string();
    let port = free_port();
    let _server = redis(port, directory.path(), &["--unixsocket", &socket]);
    let exporter = exporter(&format!("redis+socket://{socket}?virtual_host=5"), directory.path(), &[]);
    wait("the broker is reached", PATIENCE, || is_up(&exporter));
    command(port, &[b"PUBLISH", b"/5.celeryev/task.started", EVENT]);
    wait("the event arrives", PATIENCE, || started(&exporter) == Some(1.0));
}

#[test]
fn sentinels_lead_to_the_master() {
    let (home, replica_home, watch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (port, second, sentinel) = (free_port(), free_port(), free_port());
    let master = redis(port, home.path(), &[]);
    let _replica = redis(second, replica_home.path(), &["--replicaof", "127.0.0.1", &port.to_string()]);
    let configuration = watch.path().join("sentinel.conf");
    let text = format!(
        "port {sentinel}\nsentinel monitor main 127.0.0.1 {port} 1\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n"
    );
    fs::write(&configuration, text).unwrap();
    let mut program = Command::new("redis-server");
    let _sentinel = Program::start(program.arg(&configuration).arg("--sentinel"), &watch.path().join("sentinel.log"));
    let url = format!("sentinel://127.0.0.1:1;sentinel://127.0.0.1:{sentinel}/0");
    let exporter = exporter(&url, watch.path(), &["--broker-transport-option=master_name=main"]);
    wait("the master is found", PATIENCE, || is_up(&exporter));
    // The same message on the channels of two versions of kombu counts once.
    for channel in [&b"/0.celeryev/task.started"[..], b"/{db}.celeryev/task.started"] {
        assert_eq!(command(port, &[b"PUBLISH", channel, EVENT]), ":1");
    }
    wait("the event arrives", PATIENCE, || started(&exporter) == Some(1.0));
    wait("the sentinel knows the replica", PATIENCE, || {
        let known = Command::new("redis-cli").args(["-p", &sentinel.to_string(), "sentinel", "replicas", "main"]).output().unwrap();
        String::from_utf8_lossy(&known.stdout).contains(&second.to_string())
    });
    drop(master);
    wait("the loss is reported", PATIENCE, || !is_up(&exporter));
    wait("the new master is found", PATIENCE, || is_up(&exporter));
    let message = String::from_utf8_lossy(EVENT).replace("\"1\"", "\"2\"");
    assert_eq!(command(second, &[b"PUBLISH", b"/0.celeryev/task.started", message.as_bytes()]), ":1");
    wait("events arrive from it", PATIENCE, || started(&exporter) == Some(2.0));
}
