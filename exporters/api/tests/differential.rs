//! The same requests through our layer and through axum-prometheus 0.10: what it miscounts, and what ours counts.
#![allow(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::float_cmp,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its numbers are exact"
)]

mod support;

use std::{convert::Infallible, future::pending, panic::AssertUnwindSafe, sync::OnceLock};

use api_metrics::MetricsLayer;
use axum::{
    Router,
    body::{Body, Bytes},
    http::Request,
    routing::get,
};
use axum_prometheus::{PrometheusMetricLayer, PrometheusMetricLayerBuilder, metrics_exporter_prometheus::PrometheusHandle};
use exporter_core::Registry;
use futures_util::{FutureExt, stream};
use http_body_util::BodyExt;
use tower::ServiceExt;

use support::{Page, assert_settled};

/// It counts in one recorder for the process, so that each test has endpoints of its own.
fn theirs() -> (PrometheusMetricLayer<'static>, PrometheusHandle) {
    static PAIR: OnceLock<(PrometheusMetricLayer<'static>, PrometheusHandle)> = OnceLock::new();
    PAIR.get_or_init(|| PrometheusMetricLayerBuilder::new().enable_response_body_size(true).with_default_metrics().build_pair()).clone()
}

/// Sends the same requests through a copy of the routes under each layer, one after the other.
async fn both(routes: Router, send: impl AsyncFn(Router)) -> (Page, Page) {
    let registry = Registry::default();
    send(routes.clone().layer(MetricsLayer::new(&registry))).await;
    let (layer, handle) = theirs();
    send(routes.layer(layer)).await;
    (Page::of(&registry), Page::read(&handle.render()))
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn streamed_bytes_are_counted_once() {
    let parts = || async { Body::from_stream(stream::iter((0..5).map(|_| Ok::<_, Infallible>(Bytes::from_static(b"0123456789"))))) };
    let (ours, theirs) = both(Router::new().route("/streamed", get(parts)), async |app| {
        app.oneshot(request("/streamed")).await.unwrap().into_body().collect().await.unwrap();
    })
    .await;
    assert_eq!(ours.sum("http_response_size_bytes_sum", "/streamed"), 50.0);
    assert_eq!(ours.sum("http_response_size_bytes_count", "/streamed"), 1.0);
    // Fifty bytes in one answer, it says, are a hundred and fifty in five.
    assert_eq!(theirs.sum("axum_http_response_body_size_sum", "/streamed"), 150.0);
    assert_eq!(theirs.sum("axum_http_response_body_size_count", "/streamed"), 5.0);
}

#[tokio::test]
async fn cancelled_request_is_counted() {
    let (ours, theirs) = both(Router::new().route("/cancelled", get(|| async { pending::<()>().await })), async |app| {
        let mut waiting = Box::pin(app.oneshot(request("/cancelled")));
        assert!((&mut waiting).now_or_never().is_none());
    })
    .await;
    assert_eq!((ours.requests(499), ours.sum("http_request_duration_seconds_count", "/cancelled")), (1.0, 1.0));
    assert_settled(&ours, 1.0);
    assert_eq!(theirs.sum("axum_http_requests_total", "/cancelled"), 0.0);
    assert_eq!(theirs.sum("axum_http_requests_duration_seconds_count", "/cancelled"), 0.0);
}

#[tokio::test]
async fn panicking_handler_is_counted() {
    let (ours, theirs) = both(Router::new().route("/panics", get(|| async { panic!("the handler panics") as () })), async |app| {
        assert!(AssertUnwindSafe(app.oneshot(request("/panics"))).catch_unwind().await.is_err());
    })
    .await;
    assert_eq!((ours.requests(500), ours.sum("http_handler_panics_total", "/panics")), (1.0, 1.0));
    assert_settled(&ours, 1.0);
    assert_eq!(theirs.sum("axum_http_requests_total", "/panics"), 0.0);
}

#[tokio::test]
async fn paths_of_attackers_are_one_value() {
    let (ours, theirs) = both(Router::new().route("/", get(|| async { "home" })), async |app| {
        for path in 0..100 {
            app.clone().oneshot(request(&format!("/attack/{path}/.env"))).await.unwrap();
        }
    })
    .await;
    assert_eq!(ours.get("http_requests_total{method=\"GET\",endpoint=\"unmatched\",status_code=\"404\"}"), 100.0);
    assert!(!ours.has("/attack/"));
    assert!(theirs.has("/attack/0/.env") && theirs.has("/attack/99/.env"));
    assert_eq!(theirs.sum("axum_http_requests_total", "/attack/"), 100.0);
    assert!(theirs.series() > ours.series(), "{} {}", theirs.series(), ours.series());
}
