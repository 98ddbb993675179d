//! A page of 100,000 series: our encoders beside those of prometheus-client, in one run; then a page of histograms, as
//! celery-exporter has it at 1,000 names of tasks, with and without changes since the page before.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may stop at whatever is wrong, and prints")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use exporter_core::{Exposition, Format, Registry};
use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_protobuf, text},
    metrics::{counter::Counter, family::Family},
};

metric_catalogue::catalogue! {
    /// Requests answered
    REQUESTS: Counter = "http_requests_total" ["method", "endpoint", "status_code"];
    /// Tasks by how they ended
    TASKS: Counter = "celery_task_total" ["task_name", "status"];
    /// Time in the queue
    WAIT: Histogram = "celery_task_queue_wait_seconds" ["task_name"] bounds(BOUNDS);
    /// Time that tasks take
    RUNTIME: Histogram = "celery_task_runtime_seconds" ["task_name"] bounds(BOUNDS);
}

const BOUNDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0];

const SERIES: u32 = 100_000;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    method: String,
    endpoint: String,
    status_code: String,
}

impl Labels {
    fn at(at: u32) -> Self {
        let method = if at.is_multiple_of(2) { "GET" } else { "POST" };
        Self { method: method.to_owned(), endpoint: format!("/api/v1/projects/{:05}/x", at / 4), status_code: (200 + at % 4 / 2).to_string() }
    }
}

fn ours() -> Registry {
    let registry = Registry::with_limit(SERIES.try_into().unwrap());
    let requests = registry.counter(&REQUESTS);
    for at in 0..SERIES {
        let labels = Labels::at(at);
        requests.add([&labels.method, &labels.endpoint, &labels.status_code], u64::from(at) * 37);
    }
    registry
}

fn theirs() -> prometheus_client::registry::Registry {
    let mut registry = prometheus_client::registry::Registry::default();
    let requests = Family::<Labels, Counter>::default();
    registry.register("http_requests", "Requests answered", requests.clone());
    for at in 0..SERIES {
        requests.get_or_create(&Labels::at(at)).inc_by(u64::from(at) * 37);
    }
    registry
}

fn encode(criterion: &mut Criterion) {
    let (ours, theirs) = (ours(), theirs());
    let mut group = criterion.benchmark_group("100k_series");
    group.sample_size(20);
    let mut page = Vec::new();
    for (name, format) in [("text/ours", Format::Text), ("openmetrics/ours", Format::OpenMetrics), ("protobuf/ours", Format::Protobuf)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                page.clear();
                ours.encode(format, &mut page);
                black_box(page.len())
            });
        });
    }
    let mut text_page = String::new();
    group.bench_function("openmetrics/prometheus-client", |bencher| {
        bencher.iter(|| {
            text_page.clear();
            text::encode(&mut text_page, &theirs).unwrap();
            black_box(text_page.len())
        });
    });
    group.bench_function("protobuf/prometheus-client", |bencher| {
        bencher.iter(|| black_box(prometheus_protobuf::encode_to_vec(&theirs).unwrap().len()));
    });
    group.finish();
}

/// Tasks of 1,000 names, each with counters and two histograms.
fn tasks() -> (Exposition, impl Fn(u32)) {
    let registry = Registry::default();
    let (tasks, wait, runtime) = (registry.counter(&TASKS), registry.histogram(&WAIT), registry.histogram(&RUNTIME));
    let work = move |round: u32| {
        for at in 0..1000 {
            let name = format!("app.tasks.name_{at:04}");
            for status in ["sent", "received", "started", "succeeded", "failed", "retried", "revoked", "rejected", "cancelled"] {
                tasks.add([&name, status], u64::from(at % 7 + round));
            }
            for step in 0..15 {
                wait.observe([&name], f64::from(step * step * (at + round) % 997) / 100.0);
                runtime.observe([&name], f64::from(step * (at + round) % 7919) / 2.0);
            }
        }
    };
    work(1);
    (Exposition::new(registry), work)
}

fn histograms(criterion: &mut Criterion) {
    let (page, work) = tasks();
    let mut group = criterion.benchmark_group("histograms");
    group.sample_size(20);
    let accept = [("text", "text/plain"), ("openmetrics", "application/openmetrics-text")];
    for (name, accept) in accept {
        group.bench_function(format!("{name}/plain"), |bencher| bencher.iter(|| black_box(page.render(accept, "identity").body.len())));
        group.bench_function(format!("{name}/gzip"), |bencher| bencher.iter(|| black_box(page.render(accept, "gzip").body.len())));
    }
    let mut round = 0;
    group.bench_function("openmetrics/gzip/changed", |bencher| {
        bencher.iter_batched(
            || {
                round += 1;
                work(round);
            },
            |()| black_box(page.render("application/openmetrics-text", "gzip").body.len()),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    println!("{} bytes, {} compressed", page.render("", "identity").body.len(), page.render("", "gzip").body.len());
}

criterion_group!(benches, encode, histograms);
criterion_main!(benches);
