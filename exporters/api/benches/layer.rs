//! What the layer costs a request, beside axum-prometheus: around a service that does nothing, and around an axum router.
#![allow(clippy::allow_attributes, clippy::panic, clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panicking")]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    task::{Context, Poll, Waker},
};

use api_metrics::{MetricsLayer, http::CountedBody};
use axum::{
    Router,
    http::{Request, Response},
    routing::get,
};
use axum_prometheus::PrometheusMetricLayerBuilder;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use exporter_core::Registry;
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, Service, service_fn};

type Body = CountedBody<Empty<Bytes>>;

fn answer(_: Request<Body>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::new(Bytes::from_static(b"{\"id\":42}")))))
}

/// Calls the service and reads its answer, without a runtime.
fn exchange<S, Q, R>(service: &mut S, request: Request<Q>)
where
    S: Service<Request<Q>, Response = Response<R>>,
    R: http_body::Body<Data = Bytes> + Unpin,
    S::Error: std::fmt::Debug,
{
    let mut context = Context::from_waker(Waker::noop());
    let mut answer = std::pin::pin!(service.call(request));
    let Poll::Ready(Ok(answer)) = answer.as_mut().poll(&mut context) else { panic!("the service is ready at once") };
    let mut body = answer.into_body();
    loop {
        let mut frame = std::pin::pin!(body.frame());
        match frame.as_mut().poll(&mut context) {
            Poll::Ready(Some(frame)) => drop(black_box(frame)),
            _ => return,
        }
    }
}

fn leaf() -> Request<Body> {
    Request::get("/users/42").body(CountedBody::from(Empty::new())).unwrap()
}

fn routed() -> Request<axum::body::Body> {
    Request::get("/users/42").body(axum::body::Body::empty()).unwrap()
}

fn layers(criterion: &mut Criterion) {
    let registry = Registry::default();
    let ours = MetricsLayer::builder().endpoint("/users/{id}").build(&registry);
    // axum-prometheus starts a task that empties its recorder's buffers; it runs here as little as the recorder is asked.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let (theirs, handle) = PrometheusMetricLayerBuilder::new().enable_response_body_size(true).with_default_metrics().build_pair();

    let mut group = criterion.benchmark_group("leaf service");
    group.bench_function("bare", |bencher| bencher.iter(|| exchange(&mut service_fn(answer), leaf())));
    let mut measured = ours.layer(service_fn(answer));
    group.bench_function("ours", |bencher| bencher.iter(|| exchange(&mut measured, leaf())));
    let mut measured = theirs.layer(service_fn(answer));
    group.bench_function("axum-prometheus", |bencher| bencher.iter(|| exchange(&mut measured, leaf())));
    // Its recorder keeps every observation until it is asked.
    drop(handle.render());
    group.finish();

    let router = || -> Router { Router::new().route("/users/{id}", get(|| async { "{\"id\":42}" })) };
    let mut group = criterion.benchmark_group("axum router");
    let mut bare = router();
    group.bench_function("bare", |bencher| bencher.iter(|| exchange(&mut bare, routed())));
    let mut identity = router().layer(tower::layer::util::Identity::new());
    group.bench_function("identity layer", |bencher| bencher.iter(|| exchange(&mut identity, routed())));
    let mut measured = router().layer(MetricsLayer::new(&registry));
    group.bench_function("ours", |bencher| bencher.iter(|| exchange(&mut measured, routed())));
    let mut measured = router().layer(theirs);
    group.bench_function("axum-prometheus", |bencher| bencher.iter(|| exchange(&mut measured, routed())));
    drop(handle.render());
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
