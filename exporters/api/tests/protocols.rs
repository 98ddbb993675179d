//! What is not a plain answer: upgrades over real connections, tunnels, event streams, errors of a service, a fallback of the outer
//! router, and the exemplars of the protobuf page.
#![allow(
    clippy::allow_attributes,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its numbers are exact"
)]

mod support;

use std::{convert::Infallible, io, time::Duration};

use api_metrics::{MetricsLayer, http::Names};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::{any, get},
};
use exporter_core::{Format, Registry};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tower::{Layer, ServiceExt, service_fn};

use support::{Page, assert_settled};

const DEADLINE: Duration = Duration::from_secs(10);

/// Switches to another protocol, in which it says everything back.
async fn echo(mut request: Request<Body>) -> impl IntoResponse {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut upgraded = TokioIo::new(upgrade.await.unwrap());
        let mut bytes = [0; 64];
        while let Ok(read @ 1..) = upgraded.read(&mut bytes).await {
            upgraded.write_all(&bytes[..read]).await.unwrap();
        }
    });
    (StatusCode::SWITCHING_PROTOCOLS, [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket")])
}

#[tokio::test]
async fn websocket_is_counted_with_its_head_and_lives_on() {
    let registry = Registry::default();
    let app: Router = Router::new().route("/socket", get(echo)).layer(MetricsLayer::new(&registry));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut stream = TcpStream::connect(address).await.unwrap();
    let ask = "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AA==\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(DEADLINE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    for message in [b"first", b"again"] {
        stream.write_all(message).await.unwrap();
        let mut said = [0; 5];
        timeout(DEADLINE, stream.read_exact(&mut said)).await.unwrap().unwrap();
        assert_eq!(&said, message);
        // The connection is open, and none of its bytes are those of an answer.
        let page = Page::of(&registry);
        assert_eq!((page.requests(101), page.sum("http_response_size_bytes_sum", "")), (1.0, 0.0));
        assert_eq!(page.sum("http_request_duration_seconds_count", ""), 0.0);
        assert_settled(&page, 1.0);
    }
    drop(stream);
    assert_settled(&Page::of(&registry), 1.0);
}

#[tokio::test]
async fn tunnel_is_an_upgrade_and_a_refused_one_an_answer() {
    let registry = Registry::default();
    let tunnel = service_fn(|request: Request<Body>| async move {
        let status = if request.uri().path() == "/refused" { StatusCode::FORBIDDEN } else { StatusCode::OK };
        Ok::<_, Infallible>(Response::builder().status(status).body(Body::from("0123456789")).unwrap())
    });
    let service = MetricsLayer::builder().endpoint("tunnel").build(&registry).layer(tunnel);
    for path in ["/open", "/refused"] {
        let request = Request::builder().method(Method::CONNECT).uri(path).body(Body::empty()).unwrap();
        service.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    }
    let page = Page::of(&registry);
    assert_eq!((page.requests(200), page.requests(403)), (1.0, 1.0));
    assert_eq!((page.sum("http_request_duration_seconds_count", ""), page.sum("http_response_size_bytes_sum", "")), (1.0, 10.0));
    assert_settled(&page, 2.0);
}

#[tokio::test]
async fn service_that_returns_an_error_is_a_500() {
    let registry = Registry::default();
    let failing = service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(io::Error::other("the service is gone")) });
    let service = MetricsLayer::builder().endpoint("failing").build(&registry).layer(failing);
    assert!(service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.is_err());
    let page = Page::of(&registry);
    assert_eq!((page.requests(500), page.requests(499), page.sum("http_handler_panics_total", "")), (1.0, 0.0, 0.0));
    assert_settled(&page, 1.0);
}

#[tokio::test]
async fn event_stream_that_fails_is_a_500_and_one_that_ends_is_not() {
    let registry = Registry::default();
    let events = |fails: bool| async move {
        let last = if fails { Err(io::Error::other("the source is gone")) } else { Ok(Bytes::from_static(b"data: 2\n\n")) };
        let parts = stream::iter([Ok(Bytes::from_static(b"data: 1\n\n")), last]);
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(parts))
    };
    let app: Router =
        Router::new().route("/failing", get(move || events(true))).route("/ending", get(move || events(false))).layer(MetricsLayer::new(&registry));
    for path in ["/failing", "/ending"] {
        let answer = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let parts: Vec<_> = StreamExt::collect(answer.into_body().into_data_stream()).await;
        assert_eq!(parts.iter().any(Result::is_err), path == "/failing");
    }
    let page = Page::of(&registry);
    assert_eq!((page.requests(500), page.requests(200), page.requests(499)), (1.0, 1.0, 0.0));
    assert_eq!((page.sum("http_event_stream_duration_seconds_count", ""), page.get("http_event_streams_active")), (2.0, 0.0));
    assert_eq!(page.sum("http_request_duration_seconds_count", ""), 0.0);
    assert_settled(&page, 2.0);
}

#[tokio::test]
async fn fallback_of_the_outer_router_is_unmatched() {
    let registry = Registry::default();
    let app: Router = Router::new()
        .route("/known", any(|| async { "known" }))
        .fallback(|| async { (StatusCode::OK, "some page") })
        .layer(MetricsLayer::new(&registry));
    for path in ["/known", "/.env", "/wp-login.php"] {
        let answer = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        answer.into_body().collect().await.unwrap();
    }
    let page = Page::of(&registry);
    assert_eq!(page.get("http_requests_total{method=\"GET\",endpoint=\"unmatched\",status_code=\"200\"}"), 2.0);
    assert_eq!(page.get("http_requests_total{method=\"GET\",endpoint=\"/known\",status_code=\"200\"}"), 1.0);
    assert_settled(&page, 3.0);
}

/// Under the names of `OpenTelemetry` nothing but the count of the durations counts requests.
#[tokio::test]
async fn open_telemetry_counts_upgrades_and_event_streams() {
    let registry = Registry::default();
    let events = || async {
        let parts = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n"))]).chain(stream::pending());
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(parts))
    };
    let app: Router = Router::new()
        .route("/upgrade", get(|| async { StatusCode::SWITCHING_PROTOCOLS }))
        .route("/events", get(events))
        .layer(MetricsLayer::builder().names(Names::OpenTelemetry).build(&registry));
    for path in ["/upgrade", "/events"] {
        let mut answer = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        if path == "/events" {
            answer.body_mut().frame().await.unwrap().unwrap();
        }
    }
    let page = Page::of(&registry);
    for (status, route) in [(101, "/upgrade"), (200, "/events")] {
        let labels = format!("http_route=\"{route}\",http_response_status_code=\"{status}\"");
        assert_eq!(page.sum("http_server_request_duration_seconds_count", &labels), 1.0, "{page:#?}");
    }
    assert_eq!(page.sum("http_server_active_requests", ""), 0.0);
}

/// The fields of a protobuf message: number, and bytes where there are some.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                varint(&mut bytes);
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)).unwrap(),
            5 => 4,
            other => panic!("wire type {other}"),
        };
        let (value, rest) = bytes.split_at(length);
        found.push((key >> 3, value));
        bytes = rest;
    }
    found
}

/// The messages in a field of these messages.
fn inside<'a>(messages: &[&'a [u8]], field: u64) -> Vec<&'a [u8]> {
    messages.iter().flat_map(|message| fields(message)).filter(|(number, _)| *number == field).map(|(_, value)| value).collect()
}

#[tokio::test]
async fn protobuf_page_holds_the_exemplars() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let registry = Registry::default();
    let app: Router = Router::new().route("/", get(|| async { "home" })).layer(MetricsLayer::new(&registry));
    let request = Request::get("/").header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01")).body(Body::empty()).unwrap();
    app.oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    let mut page = Vec::new();
    registry.encode(Format::Protobuf, &mut page);
    // io.prometheus.client: delimited families, which look like the fields of a message whose keys are missing.
    let mut families = Vec::new();
    let mut rest = page.as_slice();
    while !rest.is_empty() {
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = rest[0];
            rest = &rest[1..];
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let (family, after) = rest.split_at(length);
        families.push(family);
        rest = after;
    }
    let mut traced = Vec::new();
    for family in families {
        let name = String::from_utf8(inside(&[family], 1)[0].to_vec()).unwrap();
        let metrics = inside(&[family], 4);
        // Metric.counter.exemplar, and Metric.histogram.bucket.exemplar.
        let exemplars = [inside(&inside(&metrics, 3), 2), inside(&inside(&inside(&metrics, 7), 3), 3)].concat();
        for exemplar in exemplars {
            let labels = inside(&[exemplar], 1).into_iter().map(|pair| {
                let text = |field| String::from_utf8(inside(&[pair], field)[0].to_vec()).unwrap();
                (text(1), text(2))
            });
            let labels: Vec<_> = labels.collect();
            assert!(labels.contains(&("trace_id".to_owned(), TRACE.to_owned())), "{name} {labels:?}");
            let value = f64::from_le_bytes(inside(&[exemplar], 2)[0].try_into().unwrap());
            assert!(value > 0.0 && (name != "http_requests_total" || value == 1.0), "{name} {value}");
            traced.push(name.clone());
        }
    }
    traced.sort();
    assert_eq!(traced, ["http_request_duration_seconds", "http_requests_total", "http_response_first_byte_seconds"]);
}
