//! Prints what criterion does not measure: how long a counting thread is held up while pages of 100,000 series are
//! written and new series arrive, how many bytes a series takes, and what a page allocates once its buffer is there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may stop at whatever is wrong, and prints its table"
)]

use std::{
    alloc::System,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use exporter_core::{Format, Registry};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

metric_catalogue::catalogue! {
    /// Requests answered
    REQUESTS: Counter = "http_requests_total" ["method", "endpoint", "status_code"];
}

const SERIES: u32 = 100_000;
const RUN: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    method: String,
    endpoint: String,
    status_code: String,
}

fn endpoint(at: u32) -> String {
    format!("/api/v1/projects/{at:06}/x")
}

fn labels(at: u32) -> Labels {
    Labels { method: "GET".to_owned(), endpoint: endpoint(at), status_code: "200".to_owned() }
}

/// Counts known series as fast as it can while one thread writes pages and another adds series; returns sorted times.
fn stalls(count: impl Fn(u32), add: impl Fn(u32) + Sync, page: impl Fn() + Sync) -> Vec<Duration> {
    let stop = AtomicBool::new(false);
    let mut times = Vec::with_capacity(20_000_000);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                page();
                thread::sleep(Duration::from_millis(100));
            }
        });
        scope.spawn(|| {
            for at in SERIES.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                add(at);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let end = Instant::now() + RUN;
        let mut before = Instant::now();
        for at in (0..200).cycle() {
            count(at);
            let now = Instant::now();
            times.push(now - before);
            before = now;
            if now > end || times.len() == times.capacity() {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    times.sort_unstable();
    times
}

fn row(name: &str, times: &[Duration]) {
    let at = |share: usize| times[(times.len() - 1) * share / 10_000].as_nanos();
    println!("| {name} | {} | {} | {} | {} |", at(5_000), at(9_990), at(9_999), times.last().unwrap().as_nanos());
}

fn main() {
    // `cargo test --benches` only asks whether it builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    memory();
    println!("\n| ns per count, series arriving, pages being written | median | p99.9 | p99.99 | max |\n| --- | --- | --- | --- | --- |");
    ours();
    theirs();
}

fn memory() {
    let region = Region::new(ALLOCATOR);
    let registry = Registry::with_limit(2_000_000);
    let requests = registry.counter(&REQUESTS);
    let empty = region.change();
    for at in 0..SERIES {
        requests.add(["GET", &endpoint(at), "200"], 1);
    }
    let full = region.change();
    let bytes = |stats: stats_alloc::Stats| stats.bytes_allocated - stats.bytes_deallocated;
    println!("bytes per counter series, three labels: {}", (bytes(full) - bytes(empty)) / usize::try_from(SERIES).unwrap());

    for format in Format::ALL {
        let mut page = Vec::new();
        registry.encode(format, &mut page);
        page.clear();
        let region = Region::new(ALLOCATOR);
        registry.encode(format, &mut page);
        println!("allocations of a {format:?} page of {} bytes: {}", page.len(), region.change().allocations);
    }
}

fn ours() {
    let registry = Registry::with_limit(2_000_000);
    let requests = registry.counter(&REQUESTS);
    for at in 0..SERIES {
        requests.add(["GET", &endpoint(at), "200"], 1);
    }
    let page = || {
        let mut page = Vec::with_capacity(16 << 20);
        registry.encode(Format::Text, &mut page);
    };
    let names: Vec<_> = (0..200).map(endpoint).collect();
    let name = |at: u32| &names[usize::try_from(at).unwrap()];
    row("ours", &stalls(|at| requests.add(["GET", name(at), "200"], 1), |at| requests.add(["GET", &endpoint(at), "200"], 1), page));
}

fn theirs() {
    let mut registry = prometheus_client::registry::Registry::default();
    let family = Family::<Labels, Counter>::default();
    registry.register("http_requests", "Requests answered", family.clone());
    for at in 0..SERIES {
        family.get_or_create(&labels(at)).inc();
    }
    let page = || {
        let mut page = String::with_capacity(16 << 20);
        text::encode(&mut page, &registry).unwrap();
    };
    let known: Vec<_> = (0..200).map(labels).collect();
    let known = |at: u32| &known[usize::try_from(at).unwrap()];
    let count = |at: u32| {
        family.get_or_create(known(at)).inc();
    };
    let add = |at: u32| {
        family.get_or_create(&labels(at)).inc();
    };
    row("prometheus-client", &stalls(count, add, page));
}
