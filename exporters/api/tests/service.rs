//! The reference service as it is started without anything: its page is the catalogue's, and its own traffic is on it.
#![allow(clippy::allow_attributes, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use metric_catalogue::{Type, api::PROGRAM};

/// Families that need what this test does not have: a database's pool, failures, alerts, another set of names.
const CONDITIONAL: [&str; 5] = [
    "selextract_database_pool_connections",
    "selextract_alerts_received_total",
    "http_event_stream_duration_seconds",
    "selextract_user_compute_units_remaining",
    "selextract_revenue_total",
];

/// Longest wait for traffic of every kind.
const DEADLINE: Duration = Duration::from_mins(2);

struct Service {
    child: Child,
    port: u16,
}

impl Service {
    fn start(flags: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_selextract-api"));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).args(flags).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), port }
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nAccept: text/plain\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer.split_once("\r\n\r\n")?.1.to_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Kind of each family on a page.
fn families(page: &str) -> BTreeMap<&str, &str> {
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

const fn word(kind: Type) -> &'static str {
    match kind {
        Type::Counter => "counter",
        Type::Histogram => "histogram",
        Type::Summary => "summary",
        Type::Gauge | Type::Info => "gauge",
        Type::Dynamic | Type::Untyped => "untyped",
    }
}

#[test]
fn page_is_the_catalogue_s_and_shows_simulated_traffic() {
    let mut service = Service::start(&["--simulate", "--simulate.rate=200", "--simulate.day=10s", "--rate-limit=20"]);
    let started = Instant::now();
    let always = || PROGRAM.sections.iter().filter(|(section, _)| *section != "open_telemetry").flat_map(|(_, metrics)| *metrics);
    let expected: Vec<_> = always().filter(|metric| !CONDITIONAL.contains(&metric.name) && !metric.name.starts_with("process_")).collect();
    let page = loop {
        assert!(started.elapsed() < DEADLINE, "{:?}", service.get("/metrics"));
        sleep(Duration::from_millis(200));
        let Some(page) = service.get("/metrics") else { continue };
        let seen = families(&page);
        if expected.iter().all(|metric| seen.contains_key(metric.name)) && page.contains("failure_type=\"banned\"") && page.contains("429") {
            break page;
        }
    };
    for (name, kind) in families(&page) {
        let declared = always().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        assert_eq!(kind, word(declared.kind), "{name}");
    }
    let mut check = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let check = check.as_mut().unwrap_or_else(|error| panic!("promtool: {error}; apt-get install prometheus"));
    check.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let mut findings = String::new();
    check.stderr.take().unwrap().read_to_string(&mut findings).unwrap();
    check.stdout.take().unwrap().read_to_string(&mut findings).unwrap();
    assert!(check.wait().unwrap().success(), "{findings}");

    // It ends in good order.
    assert!(Command::new("kill").arg(service.child.id().to_string()).status().unwrap().success());
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}
