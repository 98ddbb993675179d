//! The layer in front of axum and of other services, request by request.
#![allow(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::float_cmp,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its numbers are exact"
)]

mod support;

use std::{
    convert::Infallible,
    future::pending,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use api_metrics::{
    MetricsLayer,
    http::{CountedBody, Names},
};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use exporter_core::Registry;
use futures_util::{FutureExt, StreamExt, stream};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};

use support::{Page, assert_settled};

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// Five parts of ten bytes.
fn parts() -> Body {
    Body::from_stream(stream::iter((0..5).map(|_| Ok::<_, Infallible>(Bytes::from_static(b"0123456789")))))
}

/// A part, and then nothing for ever.
fn endless() -> Body {
    Body::from_stream(stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"0123456789")) }).chain(stream::pending()))
}

/// A body that panics, or fails, when it is asked for its second part.
struct Broken {
    asked: bool,
    panics: bool,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        assert!(!(self.asked && self.panics), "the body panics");
        let first = !std::mem::replace(&mut self.asked, true);
        Poll::Ready(Some(if first { Ok(Frame::data(Bytes::from_static(b"part"))) } else { Err(std::io::ErrorKind::Other.into()) }))
    }
}

fn app(registry: &Registry) -> Router {
    let inner = Router::new().route("/items/{item}", get(|| async { "item" })).fallback(|| async { (StatusCode::NOT_FOUND, "inner") });
    Router::new()
        .route("/", get(|| async { "home" }).post(|body: Bytes| async move { body }))
        .route("/users/{id}", get(|| async { "Ada" }))
        .route("/parts", get(|| async { parts() }))
        .route("/endless", get(|| async { endless() }))
        .route("/never", get(|| async { pending::<()>().await }))
        .route("/panic", get(|| async { panic!("the handler panics") as () }))
        .route("/body-panic", get(|| async { Body::new(Broken { asked: false, panics: true }) }))
        .route("/body-error", get(|| async { Body::new(Broken { asked: false, panics: false }) }))
        .route("/declared", get(|| async { ([(header::CONTENT_LENGTH, "50")], parts()) }))
        .route("/none", get(|| async { StatusCode::NO_CONTENT }))
        .route("/strange", get(|| async { StatusCode::from_u16(799).unwrap() }))
        .route("/events", get(|| async { ([(header::CONTENT_TYPE, "text/event-stream")], endless()) }))
        .route("/upgrade", get(|| async { StatusCode::SWITCHING_PROTOCOLS.into_response() }))
        .route("/upload", post(|body: Body| async move { body.into_data_stream().take(2).count().await.to_string() }))
        .nest("/nested", inner)
        .layer(MetricsLayer::new(registry))
}

/// Answers and reads to the end.
async fn whole(app: &Router, request: Request<Body>) -> (StatusCode, Bytes) {
    let answer = app.clone().oneshot(request).await.unwrap();
    (answer.status(), answer.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn endpoints_are_templates_and_methods_a_closed_set() {
    let registry = Registry::default();
    let app = app(&registry);
    for (method, path) in [
        ("GET", "/users/1"),
        ("GET", "/users/2"),
        ("HEAD", "/users/2"),
        ("OPTIONS", "/users/2"),
        ("BREW", "/users/2"),
        ("GET", "/nested/items/7"),
        ("GET", "/nested/nothing"),
        ("GET", "/wp-login.php"),
        ("GET", "/.env"),
        ("PROPFIND", "/.git/config"),
    ] {
        whole(&app, request(method, path)).await;
    }
    let page = Page::of(&registry);
    for (labels, expected) in [
        ("method=\"GET\",endpoint=\"/users/{id}\",status_code=\"200\"", 2.0),
        ("method=\"HEAD\",endpoint=\"/users/{id}\",status_code=\"200\"", 1.0),
        ("method=\"OPTIONS\",endpoint=\"/users/{id}\",status_code=\"405\"", 1.0),
        ("method=\"_OTHER\",endpoint=\"/users/{id}\",status_code=\"405\"", 1.0),
        ("method=\"GET\",endpoint=\"/nested/items/{item}\",status_code=\"200\"", 1.0),
        ("method=\"GET\",endpoint=\"unmatched\",status_code=\"404\"", 3.0),
        ("method=\"_OTHER\",endpoint=\"unmatched\",status_code=\"404\"", 1.0),
    ] {
        assert_eq!(page.get(&format!("http_requests_total{{{labels}}}")), expected, "{labels} {page:#?}");
    }
    assert!(!page.has("wp-login") && !page.has(".env"));
    assert_settled(&page, 10.0);
}

#[tokio::test]
async fn router_that_is_nested_twice_has_two_endpoints() {
    let registry = Registry::default();
    let inner: Router = Router::new().route("/{id}", get(|| async { "" })).layer(MetricsLayer::new(&registry));
    let app = Router::new().nest("/a", inner.clone()).nest("/b", inner);
    for path in ["/a/1", "/b/1", "/a/2", "/b/2", "/b/3"] {
        whole(&app, request("GET", path)).await;
    }
    let page = Page::of(&registry);
    assert_eq!((page.sum("http_requests_total", "\"/a/{id}\""), page.sum("http_requests_total", "\"/b/{id}\"")), (2.0, 3.0));
    assert_settled(&page, 5.0);
}

#[tokio::test]
async fn bytes_are_those_that_went_through() {
    let registry = Registry::default();
    let app = app(&registry);
    whole(&app, request("GET", "/parts")).await;
    whole(&app, Request::post("/").body(parts()).unwrap()).await;
    whole(&app, Request::post("/upload").body(parts()).unwrap()).await;
    whole(&app, request("HEAD", "/users/1")).await;
    whole(&app, request("GET", "/none")).await;
    let page = Page::of(&registry);
    for (series, expected) in [
        ("http_response_size_bytes_sum{method=\"GET\",endpoint=\"/parts\"}", 50.0),
        ("http_response_size_bytes_count{method=\"GET\",endpoint=\"/parts\"}", 1.0),
        ("http_request_size_bytes_sum{method=\"GET\",endpoint=\"/parts\"}", 0.0),
        ("http_request_size_bytes_sum{method=\"POST\",endpoint=\"/\"}", 50.0),
        ("http_response_size_bytes_sum{method=\"POST\",endpoint=\"/\"}", 50.0),
        // The handler reads two parts of five.
        ("http_request_size_bytes_sum{method=\"POST\",endpoint=\"/upload\"}", 20.0),
        ("http_response_size_bytes_sum{method=\"HEAD\",endpoint=\"/users/{id}\"}", 0.0),
        ("http_response_size_bytes_count{method=\"GET\",endpoint=\"/none\"}", 1.0),
    ] {
        assert_eq!(page.get(series), expected, "{series}");
    }
    assert_settled(&page, 5.0);
}

#[tokio::test]
async fn client_that_leaves_is_counted_as_499() {
    let registry = Registry::default();
    let app = app(&registry);
    let mut waiting = Box::pin(app.clone().oneshot(request("GET", "/never")));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(Page::of(&registry).get("selextract_active_connections"), 1.0);
    drop(waiting);
    let mut answer = app.clone().oneshot(request("GET", "/endless")).await.unwrap();
    answer.body_mut().frame().await.unwrap().unwrap();
    drop(answer);
    let page = Page::of(&registry);
    assert_eq!((page.requests(499), page.sum("http_request_duration_seconds_count", "")), (2.0, 2.0));
    assert_eq!(page.sum("http_response_first_byte_seconds_count", "endless"), 1.0);
    assert_eq!(page.sum("http_response_size_bytes_sum", "endless"), 10.0);
    assert_settled(&page, 2.0);
}

#[tokio::test]
async fn panic_is_a_500_and_counted_once() {
    let registry = Registry::default();
    let app = app(&registry);
    let answer = AssertUnwindSafe(app.clone().oneshot(request("GET", "/panic"))).catch_unwind().await;
    assert!(answer.is_err(), "the panic goes on");
    let answer = app.clone().oneshot(request("GET", "/body-panic")).await.unwrap();
    assert!(AssertUnwindSafe(answer.into_body().collect()).catch_unwind().await.is_err());
    let page = Page::of(&registry);
    assert_eq!((page.sum("http_handler_panics_total", ""), page.requests(500), page.requests(499)), (2.0, 2.0, 0.0));
    assert_settled(&page, 2.0);
}

#[tokio::test]
async fn service_that_panics_at_once_is_counted_too() {
    let registry = Registry::default();
    let broken = service_fn(|_: Request<Body>| -> std::future::Ready<Result<Response<Body>, Infallible>> { panic!("at once") });
    let mut service = MetricsLayer::new(&registry).layer(broken);
    let called = std::panic::catch_unwind(AssertUnwindSafe(|| drop(service.call(request("GET", "/")))));
    assert!(called.is_err());
    let page = Page::of(&registry);
    assert_eq!((page.sum("http_handler_panics_total", ""), page.requests(500)), (1.0, 1.0));
    assert_settled(&page, 1.0);
}

#[tokio::test]
async fn failing_body_is_a_500() {
    let registry = Registry::default();
    let answer = app(&registry).oneshot(request("GET", "/body-error")).await.unwrap();
    assert!(answer.into_body().collect().await.is_err());
    let page = Page::of(&registry);
    assert_eq!((page.requests(500), page.requests(200), page.sum("http_handler_panics_total", "")), (1.0, 0.0, 0.0));
    assert_settled(&page, 1.0);
}

#[tokio::test]
async fn body_of_the_declared_length_is_complete_without_its_end() {
    let registry = Registry::default();
    let app = app(&registry);
    for parts in [4, 5] {
        let mut answer = app.clone().oneshot(request("GET", "/declared")).await.unwrap();
        for _ in 0..parts {
            answer.body_mut().frame().await.unwrap().unwrap();
        }
    }
    let page = Page::of(&registry);
    assert_eq!((page.requests(499), page.requests(200)), (1.0, 1.0));
    assert_settled(&page, 2.0);
}

#[tokio::test]
async fn upgrades_and_event_streams_are_no_latency() {
    let registry = Registry::default();
    let app = app(&registry);
    let upgraded = app.clone().oneshot(request("GET", "/upgrade")).await.unwrap();
    let mut events = app.clone().oneshot(request("GET", "/events")).await.unwrap();
    events.body_mut().frame().await.unwrap().unwrap();
    let open = Page::of(&registry);
    assert_eq!((open.get("http_event_streams_active"), open.get("selextract_active_connections")), (1.0, 1.0));
    drop((upgraded, events));
    let page = Page::of(&registry);
    assert_eq!((page.requests(101), page.requests(200)), (1.0, 1.0));
    assert_eq!((page.sum("http_request_duration_seconds_count", ""), page.sum("http_response_first_byte_seconds_count", "")), (0.0, 0.0));
    assert_eq!((page.get("http_event_streams_active"), page.sum("http_event_stream_duration_seconds_count", "/events")), (0.0, 1.0));
    assert_settled(&page, 2.0);
}

#[tokio::test]
async fn status_outside_the_standard_is_one_value() {
    let registry = Registry::default();
    whole(&app(&registry), request("GET", "/strange")).await;
    assert_eq!(Page::of(&registry).sum("http_requests_total", "status_code=\"_OTHER\""), 1.0);
}

#[tokio::test]
async fn failures_are_exposed_before_the_first() {
    let registry = Registry::default();
    whole(&app(&registry), request("GET", "/")).await;
    for series in [
        "http_requests_total{method=\"GET\",endpoint=\"/\",status_code=\"500\"}",
        "http_requests_total{method=\"GET\",endpoint=\"/\",status_code=\"499\"}",
        "http_requests_aborted_total{method=\"GET\",endpoint=\"/\"}",
        "http_handler_panics_total{method=\"GET\",endpoint=\"/\"}",
    ] {
        assert!(Page::of(&registry).has(series), "{series}");
    }
}

#[tokio::test]
async fn choices_of_the_application_hold() {
    let registry = Registry::default();
    let layer = MetricsLayer::builder().exclude(["/health", "/probe/{id}", "/raw"]).seconds(&[0.5, 60.0]).unwrap().bytes(&[8.0]).unwrap();
    assert!(MetricsLayer::builder().seconds(&[2.0, 1.0]).is_err() && MetricsLayer::builder().bytes(&[f64::NAN]).is_err());
    let app: Router = Router::new()
        .route("/health", get(|| async { "" }))
        .route("/probe/{id}", get(|| async { "" }))
        .route("/", get(|| async { "home" }))
        .layer(layer.build(&registry));
    for path in ["/health", "/probe/1", "/raw", "/"] {
        whole(&app, request("GET", path)).await;
    }
    let page = Page::of(&registry);
    assert_eq!(page.get("http_request_duration_seconds_bucket{method=\"GET\",endpoint=\"/\",le=\"60.0\"}"), 1.0);
    assert_eq!(page.sum("http_request_duration_seconds_bucket", ""), 3.0);
    assert_eq!(page.sum("http_response_size_bytes_bucket", ""), 2.0);
    assert_settled(&page, 1.0);
}

#[tokio::test]
async fn sampled_traces_are_exemplars() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    for (names, families) in [
        (Names::Selextract, &["http_requests_total", "http_request_duration_seconds_bucket", "http_response_first_byte_seconds_bucket"][..]),
        (Names::OpenTelemetry, &["http_server_request_duration_seconds_bucket"]),
    ] {
        let registry = Registry::default();
        let layer = MetricsLayer::builder().names(names).build(&registry);
        let app: Router = Router::new().route("/", get(|| async { "home" })).layer(layer);
        let page = || {
            let mut out = Vec::new();
            registry.encode(exporter_core::Format::OpenMetrics, &mut out);
            String::from_utf8(out).unwrap()
        };
        for header in ["", "nonsense", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"] {
            whole(&app, Request::get("/").header("traceparent", header).body(Body::empty()).unwrap()).await;
        }
        assert!(!page().contains(TRACE), "nobody has kept a trace that was not sampled");
        let traced = Request::get("/").header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"));
        whole(&app, traced.body(Body::empty()).unwrap()).await;
        let page = page();
        for family in families {
            let exemplars = page.lines().filter(|line| line.starts_with(family) && line.contains(&format!("# {{trace_id=\"{TRACE}\"")));
            assert_eq!(exemplars.count(), 1, "{family} {page}");
        }
        assert!(Page::of(&registry).series() > 0, "the text format has no exemplars, and is read as before");
    }
}

#[tokio::test]
async fn names_of_open_telemetry_are_a_choice() {
    let registry = Registry::default();
    let app: Router = Router::new()
        .route("/{id}", get(|| async { "home" }).post(|| async { StatusCode::BAD_GATEWAY }))
        .layer(MetricsLayer::builder().names(Names::OpenTelemetry).build(&registry));
    whole(&app, request("GET", "/1")).await;
    whole(&app, request("POST", "/1")).await;
    let page = Page::of(&registry);
    for (series, expected) in [
        ("http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"/{id}\",http_response_status_code=\"200\"", 1.0),
        ("http_server_request_duration_seconds_count{http_request_method=\"POST\",http_route=\"/{id}\",http_response_status_code=\"502\"", 1.0),
        ("http_server_response_body_size_bytes_sum{http_request_method=\"GET\"", 4.0),
        ("http_server_active_requests{http_request_method=\"GET\"}", 0.0),
    ] {
        assert!(page.has(series), "{series} {page:#?}");
        let (family, labels) = series.split_once('{').unwrap();
        assert_eq!(page.sum(family, labels.trim_end_matches('}')), expected, "{series} {page:#?}");
    }
    assert!(page.has("error_type=\"502\"") && !page.has("http_requests_total"));
}

#[tokio::test]
async fn any_tower_service_can_be_measured() {
    let registry = Registry::default();
    let echo = service_fn(|request: Request<CountedBody<Full<Bytes>>>| async {
        Ok::<_, Infallible>(Response::new(Full::new(request.into_body().collect().await.unwrap().to_bytes())))
    });
    let service = MetricsLayer::builder().endpoint("echo").build(&registry).layer(echo);
    let request = Request::builder().method(Method::PUT).body(CountedBody::from(Full::from("hello"))).unwrap();
    let answer = service.oneshot(request).await.unwrap();
    assert_eq!(answer.body().size_hint().exact(), Some(5));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
    let page = Page::of(&registry);
    assert_eq!(page.get("http_requests_total{method=\"PUT\",endpoint=\"echo\",status_code=\"200\"}"), 1.0);
    assert_eq!(page.sum("http_request_size_bytes_sum", "echo"), 5.0);
    assert_settled(&page, 1.0);
}
