//! The Redis exporter beside Debian's prometheus-redis-exporter 1.45 on one server: nothing of the peer's is missing.

use it::exporter::Exporter;
use it::page::{self, Page, Sample};
use it::peer::Peer;
use it::redis::Redis;

/// What the peer has and ours does not, as the start of a family's name, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("go_", "the Go language's own memory manager and scheduler"),
    ("process_virtual_memory_max_bytes", "there is no limit: the peer then says 2^64, ours nothing"),
    ("redis_exporter_build_info", "labels of the peer's own build"),
    ("redis_last_key_groups_scrape_duration_milliseconds", "shown even where no key groups are configured, as here"),
];

/// Families of another type, and why.
const OTHER_TYPES: &[(&str, &str)] = &[("redis_expired_time_cap_reached_total", "newer releases of the peer have made it a counter too")];

/// Values that may differ although the peer's stays, as the start of a family's name, and why.
const OTHER_VALUES: &[(&str, &str)] = &[
    ("process_", "another process"),
    ("redis_exporter_", "the exporter itself"),
    ("redis_connected_clients", "the peer opens a connection for each scrape, and counts it"),
    ("redis_mem", "that connection's buffers"),
];

/// Commands that scrapes themselves send, as the start of their names: their figures change from one scrape to the next, and may
/// change back.
const SCRAPING_COMMANDS: &[&str] = &["client|", "config|get", "info", "latency|", "ping", "slowlog|"];

/// As far as two programs that compute with `f64` agree on the same number.
const PRECISION: f64 = 1e-9;

struct Pages {
    ours: Page,
    before: Page,
    after: Page,
}

/// The peer's page, ours, and the peer's again, of a server with something of everything to show.
fn pages() -> Pages {
    let redis = Redis::start();
    let _replica = redis.replica();
    redis.exercise();
    let peer = Peer::redis(&redis);
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);
    // The first scrapes of both leave traces (commands that were never used before) for the ones that count.
    let _ = (peer.scrape(), exporter.scrape());
    let scrape = || page::text(&peer.scrape().text()).expect("the peer's page is correct");
    let before = scrape();
    let ours = exporter.scrape();
    Pages { ours, before, after: scrape() }
}

fn is_listed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(start, _)| name.starts_with(start))
}

/// The value of the peer's series on another page: of the series that has at least its labels, numbers among them in any form.
fn value_of(wanted: &Sample, page: &Page) -> Option<f64> {
    let same =
        |key: &str, left: &str, right: &str| left == right || (["le", "quantile"].contains(&key) && left.parse::<f64>().ok() == right.parse().ok());
    let is_wanted = |sample: &&Sample| {
        sample.name == wanted.name && wanted.labels.iter().all(|(key, value)| sample.labels.get(key).is_some_and(|found| same(key, value, found)))
    };
    page.samples().find(is_wanted).map(|sample| sample.value)
}

#[test]
fn nothing_of_the_peer_is_missing() {
    let Pages { ours, before, after } = pages();

    let mut missing = Vec::new();
    for family in before.families.iter().filter(|family| !is_listed(EXCEPTIONS, &family.name)) {
        match ours.family(&family.name) {
            None => missing.push(format!("family {}", family.name)),
            Some(found) if found.kind != family.kind && !is_listed(OTHER_TYPES, &family.name) => {
                missing.push(format!("{} is a {} of the peer's and a {} of ours", family.name, family.kind, found.kind));
            }
            Some(_) => {}
        }
        // What the peer itself shows in one scrape and not in the next is nobody's to have.
        let lasting = family.samples.iter().filter(|sample| value_of(sample, &after).is_some());
        let absent = lasting.filter(|sample| value_of(sample, &ours).is_none());
        missing.extend(absent.map(|sample| format!("series {}{:?}", sample.name, sample.labels)));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn steady_values_are_the_peer_s() {
    let Pages { ours, before, after } = pages();

    let mut different = Vec::new();
    let of_scraping =
        |sample: &Sample| sample.labels.get("cmd").is_some_and(|command| SCRAPING_COMMANDS.iter().any(|start| command.starts_with(start)));
    for sample in before.samples().filter(|sample| !is_listed(OTHER_VALUES, &sample.name) && !of_scraping(sample)) {
        let steady = value_of(sample, &after).is_some_and(|later| later.to_bits() == sample.value.to_bits());
        if let Some(our) = value_of(sample, &ours).filter(|_| steady)
            && (our - sample.value).abs() > PRECISION * sample.value.abs().max(1.0)
        {
            different.push(format!("{}{:?} is {}, ours {our}", sample.name, sample.labels, sample.value));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_exception_is_needed() {
    let before = pages().before;
    for (start, _) in EXCEPTIONS.iter().chain(OTHER_TYPES) {
        assert!(before.families.iter().any(|family| family.name.starts_with(start)), "the peer has no family {start}…");
    }
}
