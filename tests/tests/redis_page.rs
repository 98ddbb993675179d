//! The Redis exporter's page on a real server: its content, its forms, and what else is served.

use std::time::Duration;

use it::exporter::{Exporter, PROMETHEUS_ACCEPT, Pages, pages_of_one_collection};
use it::faults::{Fault, FaultProxy};
use it::http::Connection;
use it::page::{self, Family, Sample};
use it::redis::Redis;
use it::{golden, promtool};
use metric_catalogue::redis::PROGRAM;
use metric_catalogue::{Definition, Type};

/// Counts that depend on the machine or the clock, as the start of their names; what has a unit (bytes, seconds, a ratio) always does.
const VOLATILE: &[&str] = &[
    "redis_commands_processed_total",
    "redis_connected_clients",
    "redis_connected_slave_offset",
    "redis_info_unmapped",
    "redis_instantaneous_",
    "redis_master_repl_offset",
    "redis_process_id",
    "redis_reads_processed_total",
    "redis_reply_buffer_",
    "redis_total_reads_processed",
    "redis_total_writes_processed",
    "redis_writes_processed_total",
];

/// Labels likewise.
const VOLATILE_LABELS: &[&str] = &["redis_version", "redis_build_id", "os", "tcp_port", "run_id", "process_id", "master_replid", "slave_port"];

/// Commands that the replica and the fixture send as often as it takes them.
const VOLATILE_COMMANDS: &[&str] = &["info", "ping", "psync", "replconf"];

/// A section whose values are the server's defaults, with or without a unit.
const SETTINGS: &str = "config";

/// Sections of the catalogue that hold nothing of the server.
const OWN_SECTIONS: &[&str] = &["exporter", "process", "internal"];

fn exporter(redis: &Redis) -> Exporter {
    Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[])
}

/// The entry that declares a family of that name.
fn declaration(name: &str) -> Option<&'static Definition> {
    let dynamic = |metric: &&Definition| metric.kind == Type::Dynamic && name.starts_with(metric.name);
    PROGRAM.metrics().find(|metric| metric.kind != Type::Dynamic && metric.name == name).or_else(|| PROGRAM.metrics().find(dynamic))
}

fn text_kind(kind: Type) -> Option<&'static str> {
    match kind {
        Type::Counter => Some("counter"),
        Type::Gauge | Type::Info => Some("gauge"),
        Type::Histogram => Some("histogram"),
        Type::Summary => Some("summary"),
        Type::Untyped => Some("untyped"),
        Type::Dynamic => None,
    }
}

/// A family without what changes from run to run: such values, the bounds of such histograms, and the order of series.
fn normalised(family: &Family, metric: &Definition, section: &str) -> String {
    let volatile = VOLATILE.iter().any(|start| metric.name.starts_with(start)) || (metric.unit().is_some() && section != SETTINGS);
    let line = |Sample { name, labels, value }: &Sample| {
        let volatile = volatile || labels.get("cmd").is_some_and(|command| VOLATILE_COMMANDS.contains(&command.as_str()));
        let label = |(key, value): (&String, &String)| {
            if VOLATILE_LABELS.contains(&key.as_str()) { format!("{key}=…") } else { format!("{key}={value:?}") }
        };
        let labels: Vec<_> = labels.iter().map(label).collect();
        format!("{name}{{{}}} {}\n", labels.join(","), if volatile { "…".to_owned() } else { value.to_string() })
    };
    let stays = |sample: &&Sample| !(volatile && sample.labels.get("le").is_some_and(|bound| bound != "+Inf"));
    let mut lines: Vec<_> = family.samples.iter().filter(stays).map(line).collect();
    lines.sort();
    format!("# HELP {} {}\n# TYPE {} {}\n{}", family.name, family.help, family.name, family.kind, lines.concat())
}

#[test]
fn page_of_a_server_is_as_reviewed() {
    let redis = Redis::start();
    let _replica = redis.replica();
    redis.exercise();
    let page = exporter(&redis).scrape();

    let version = page.values_of("redis_instance_info", "redis_version").first().copied().unwrap_or_default();
    let release = version.rsplit_once('.').map_or(version, |(release, _)| release);
    for (section, metrics) in PROGRAM.sections.iter().filter(|(section, _)| !OWN_SECTIONS.contains(section)) {
        let declared =
            |family: &Family| declaration(&family.name).filter(|metric| metrics.contains(metric)).map(|metric| normalised(family, metric, section));
        let text: String = page.families.iter().filter_map(declared).collect();
        golden::check(&format!("redis/{release}/{section}.txt"), &text);
    }
}

#[test]
fn every_family_is_declared() {
    let redis = Redis::start();
    let _replica = redis.replica();
    redis.exercise();

    for family in &exporter(&redis).scrape().families {
        let metric = declaration(&family.name).unwrap_or_else(|| panic!("{} is not in the catalogue", family.name));
        assert!(text_kind(metric.kind).is_none_or(|kind| kind == family.kind), "{} is a {}", family.name, family.kind);
        assert!(metric.kind == Type::Dynamic || metric.help == family.help, "{} has another help text", family.name);
        for label in family.samples.iter().flat_map(|sample| sample.labels.keys()) {
            let known = metric.kind == Type::Dynamic || metric.labels.contains(&label.as_str()) || ["le", "quantile"].contains(&label.as_str());
            assert!(known, "{} has label {label}", family.name);
        }
    }
}

#[test]
fn promtool_accepts_our_own_names() {
    let redis = Redis::start();
    redis.exercise();
    let text = exporter(&redis).get(&[]).unwrap().text();

    let complaints: Vec<_> = promtool::check_metrics(&text)
        .into_iter()
        .filter(|line| line.split(' ').next().and_then(declaration).is_none_or(|metric| !metric.upstream))
        .collect();
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn both_forms_hold_equal_values() {
    let redis = Redis::start();
    redis.exercise();
    let proxy = FaultProxy::start(redis.port());
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &format!("redis://127.0.0.1:{}", proxy.port())], &[]);
    proxy.set(Fault::Delay(Duration::from_millis(100)));

    let Pages { text, openmetrics: open, .. } = pages_of_one_collection(&exporter, "redis_exporter_collections_total");

    let series = |page: page::Page| {
        let mut series: Vec<_> = page.samples().map(|sample| format!("{}{:?} {}", sample.name, sample.labels, sample.value)).collect();
        series.retain(|line| !line.contains("_created{"));
        series.sort();
        series
    };
    assert_eq!(series(page::text(&text).unwrap()), series(page::openmetrics(&open).unwrap()));
}

#[test]
fn content_type_follows_accept() {
    let redis = Redis::start();
    let exporter = exporter(&redis);
    for (accept, expected) in [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html", "text/plain; version=0.0.4; charset=utf-8"),
        (PROMETHEUS_ACCEPT, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ] {
        assert_eq!(exporter.get(&[("Accept", accept)]).unwrap().header("content-type"), Some(expected), "{accept}");
    }
}

#[test]
fn gzip_holds_the_same_families() {
    let redis = Redis::start();
    let exporter = exporter(&redis);

    let response = exporter.get(&[("Accept-Encoding", "gzip")]).unwrap();

    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let names = |page: &page::Page| page.families.iter().map(|family| family.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&page::text(&response.text()).unwrap()), names(&exporter.scrape()));
    assert_eq!(exporter.get(&[("Accept-Encoding", "identity")]).unwrap().header("content-encoding"), None);
}

#[test]
fn part_of_the_page_can_be_asked_for() {
    let redis = Redis::start();
    let exporter = exporter(&redis);
    let names = |query: &str| {
        let response = Connection::open(exporter.port()).unwrap().send("GET", &format!("/metrics{query}"), &[], b"").unwrap();
        page::text(&response.text()).unwrap().families.into_iter().map(|family| family.name).collect::<Vec<_>>()
    };

    assert_eq!(names("?name[]=redis_up&name[]=redis_connected_clients&name[]=nonsense"), ["redis_connected_clients", "redis_up"]);
    assert_eq!(names("?name%5B%5D=nonsense"), Vec::<String>::new());

    let (all, some) = (names(""), names("?collect[]=slowlog_len"));
    assert!(some.iter().any(|name| name == "redis_slowlog_length") && some.iter().any(|name| name == "redis_up"), "{some:?}");
    assert!(all.iter().any(|name| name == "redis_memory_used_bytes") && !some.iter().any(|name| name == "redis_memory_used_bytes"), "{some:?}");
}

#[test]
fn other_requests_have_their_status() {
    let redis = Redis::start();
    let exporter = exporter(&redis);
    let mut connection = Connection::open(exporter.port()).unwrap();
    for (method, path, status) in [
        ("GET", "/metrics", 200),
        ("GET", "/metrics?name=value", 200),
        ("GET", "/metrics?collect[]=slow_log", 400),
        ("HEAD", "/metrics", 200),
        ("GET", "/-/healthy", 200),
        ("GET", "/-/ready", 200),
        ("GET", "/", 200),
        ("GET", "/metrics/", 404),
        ("GET", "/scrape?target=redis://127.0.0.1:1", 404),
        ("GET", "/debug/pprof/", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/", 405),
    ] {
        assert_eq!(connection.send(method, path, &[], b"").unwrap().status, status, "{method} {path}");
    }
}

#[test]
fn head_promises_no_other_length() {
    let redis = Redis::start();
    let exporter = exporter(&redis);

    let head = Connection::open(exporter.port()).unwrap().send("HEAD", "/metrics", &[], b"").unwrap();

    // RFC 9110, 8.6: the length of the page itself, or none.
    assert_eq!(head.header("content-length").filter(|length| *length == "0"), None);
    assert_eq!(head.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
}

#[test]
fn repeated_scrapes_keep_one_connection() {
    let redis = Redis::start();
    let exporter = exporter(&redis);
    let _ = exporter.scrape();
    let before = redis.info("total_connections_received");

    (0..20).for_each(|_| drop(exporter.scrape()));

    // Each look at the server is a connection of its own.
    assert!((redis.info("total_connections_received") - before - 1.0).abs() < f64::EPSILON);
    assert_eq!(exporter.scrape().value("redis_exporter_target_connections_total", &[]), Some(1.0));
}
