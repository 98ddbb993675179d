//! A page of 100,000 series: our encoders beside those of prometheus-client, in one run.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at whatever is wrong")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use exporter_core::{Format, Registry};
use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_protobuf, text},
    metrics::{counter::Counter, family::Family},
};

metric_catalogue::catalogue! {
    /// Requests answered
    REQUESTS: Counter = "http_requests_total" ["method", "endpoint", "status_code"];
}

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

criterion_group!(benches, encode);
criterion_main!(benches);
