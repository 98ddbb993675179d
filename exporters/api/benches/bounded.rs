//! What counting a known and an unknown value costs in a bounded family.
#![allow(clippy::allow_attributes, clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panicking")]

use std::time::{Duration, Instant};

use api_metrics::bounded::{Bounded, Settings};
use criterion::{Criterion, criterion_group, criterion_main};

fn add(criterion: &mut Criterion) {
    let bounded = Bounded::new(Settings { epoch: Duration::ZERO, ..Settings::default() }, 1);
    let users: Vec<String> = (0..100).map(|user| format!("0190c8f2-7c2e-7e4b-9d7c-{user:012}")).collect();
    for _ in 0..10 {
        for user in &users {
            bounded.add(user, 0, 1.0);
        }
        bounded.collect(Instant::now(), |_, _, _| {});
    }
    let mut group = criterion.benchmark_group("bounded family");
    let mut next = users.iter().cycle();
    group.bench_function("known value", |bencher| bencher.iter(|| bounded.add(next.next().unwrap(), 0, 1.0)));
    let strangers: Vec<String> = (0..100_000).map(|number| format!("0190c8f2-7c2e-7e4b-9d7c-a{number:011}")).collect();
    let mut next = strangers.iter().cycle();
    group.bench_function("unknown value", |bencher| bencher.iter(|| bounded.add(next.next().unwrap(), 0, 1.0)));
    group.bench_function("page", |bencher| bencher.iter(|| bounded.collect(Instant::now(), |_, _, _| {})));
    group.finish();
}

criterion_group!(benches, add);
criterion_main!(benches);
