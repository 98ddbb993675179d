//! One event counted: our registry beside prometheus-client and tikv's prometheus, in one run.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at whatever is wrong")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use exporter_core::Registry;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};

const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

metric_catalogue::catalogue! {
    /// Requests answered
    REQUESTS: Counter = "http_requests_total" ["method", "endpoint", "status_code"];
    /// Time of a request
    DURATION: Histogram = "http_request_duration_seconds" ["method", "endpoint"] bounds(&[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]);
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    method: String,
    endpoint: String,
    status_code: String,
}

/// Known series, as a service of 200 routes has them.
fn routes() -> Vec<String> {
    (0..200).map(|at| format!("/api/v1/projects/{at:05}/x")).collect()
}

fn counter(criterion: &mut Criterion) {
    let routes = routes();
    let mut group = criterion.benchmark_group("counter_by_three_string_labels");

    let ours = Registry::default().counter(&REQUESTS);
    let mut turn = routes.iter().cycle();
    group.bench_function("ours", |bencher| bencher.iter(|| ours.add([black_box("GET"), turn.next().unwrap(), black_box("200")], 1)));

    let family = Family::<Labels, Counter>::default();
    let mut turn = routes.iter().cycle();
    group.bench_function("prometheus-client", |bencher| {
        bencher.iter(|| {
            let labels =
                Labels { method: black_box("GET").to_owned(), endpoint: turn.next().unwrap().clone(), status_code: black_box("200").to_owned() };
            family.get_or_create(&labels).inc()
        });
    });

    let options = prometheus::Opts::new("http_requests_total", "Requests answered");
    let tikv = prometheus::IntCounterVec::new(options, &["method", "endpoint", "status_code"]).unwrap();
    let mut turn = routes.iter().cycle();
    group.bench_function("prometheus (tikv)", |bencher| {
        bencher.iter(|| tikv.with_label_values(&[black_box("GET"), turn.next().unwrap(), black_box("200")]).inc());
    });
    group.finish();
}

fn histogram(criterion: &mut Criterion) {
    let values: Vec<f64> = (0..1000_u32).map(|at| f64::from(at * at % 997) / 1500.0).collect();
    let mut group = criterion.benchmark_group("histogram_observation");

    let ours = Registry::default().histogram(&DURATION).series(["GET", "/"]);
    let mut turn = values.iter().cycle();
    group.bench_function("ours", |bencher| bencher.iter(|| ours.observe(*turn.next().unwrap())));

    let theirs = Histogram::new(BOUNDS);
    let mut turn = values.iter().cycle();
    group.bench_function("prometheus-client", |bencher| bencher.iter(|| theirs.observe(*turn.next().unwrap())));

    let options = prometheus::HistogramOpts::new("http_request_duration_seconds", "Time of a request").buckets(BOUNDS.to_vec());
    let tikv = prometheus::Histogram::with_opts(options).unwrap();
    let mut turn = values.iter().cycle();
    group.bench_function("prometheus (tikv)", |bencher| bencher.iter(|| tikv.observe(*turn.next().unwrap())));
    group.finish();
}

criterion_group!(benches, counter, histogram);
criterion_main!(benches);
