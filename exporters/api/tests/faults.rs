//! Bad clients and bad handlers over real connections (W1 to W12 of the fault list): whatever happens, nothing stays in flight, each
//! request has ended once, and the series are those that were declared.
#![allow(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::float_cmp,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its numbers are exact"
)]

mod support;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    future::pending,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use api_metrics::{MetricsLayer, bounded::Settings, business::Business, label::TaskType};
use axum::{
    Router,
    body::{Body, Bytes},
    extract,
    http::{Request, StatusCode, Version},
    routing::{get, post},
};
use exporter_core::{Registry, Samples};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tower::{Service, ServiceExt, service_fn};

use support::{Page, assert_settled};

/// Longest wait for what has to come about.
const DEADLINE: Duration = Duration::from_secs(10);

struct Served {
    registry: Registry,
    address: SocketAddr,
    /// Requests that reached the layer, counted outside of it.
    reached: Arc<AtomicU32>,
}

fn app(registry: &Registry) -> Router {
    let endless = || async {
        let parts = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024]))).then(|part| async {
            tokio::task::yield_now().await;
            part
        });
        Body::from_stream(parts)
    };
    let broken = || async {
        let parts = stream::iter([Ok(Bytes::from_static(b"part")), Err(io::Error::other("the source is gone"))]);
        Body::from_stream(parts)
    };
    Router::new()
        .route("/", get(|| async { "home" }))
        .route("/upload", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/endless", get(endless))
        .route("/broken", get(broken))
        .route("/never", get(|| async { pending::<()>().await }))
        .route("/panic", get(|| async { panic!("the handler panics") as () }))
        .route("/status/{code}", get(|extract::Path(code): extract::Path<u16>| async move { StatusCode::from_u16(code).unwrap() }))
        .layer(MetricsLayer::new(registry))
}

impl Served {
    async fn start() -> Self {
        let registry = Registry::default();
        let app = app(&registry);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reached = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&reached);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (app, counted) = (app.clone(), Arc::clone(&counted));
                let service = TowerToHyperService::new(service_fn(move |request: Request<Incoming>| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    app.clone().call(request)
                }));
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { registry, address, reached }
    }

    fn page(&self) -> Page {
        Page::of(&self.registry)
    }

    /// Sends bytes as they are, and gives the beginning of the answer.
    async fn send(&self, bytes: &[u8]) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server may end the connection before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = vec![0; 256];
        let read = timeout(Duration::from_millis(200), stream.read(&mut answer)).await.map_or(0, |read| read.unwrap_or(0));
        (stream, String::from_utf8_lossy(&answer[..read]).into_owned())
    }

    async fn until(&self, what: &str, holds: impl Fn(&Page) -> bool) -> Page {
        let waited = timeout(DEADLINE, async {
            loop {
                let page = self.page();
                if holds(&page) {
                    return page;
                }
                sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{what} did not come about: {:#?}", self.page()))
    }

    async fn settled(&self, started: f64) -> Page {
        let page = self.until("the end of all requests", |page| page.sum("http_requests_total", "") >= started).await;
        assert_settled(&page, started);
        page
    }
}

fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[tokio::test]
async fn w1_w2_random_paths_methods_and_hosts_are_few_series() {
    let served = Served::start().await;
    let mut series = 0;
    for round in 0..4 {
        for number in 0..50 {
            let number = number + round * 50;
            let request = format!(
                "M{number} /p{number}/../%2e%2e/{number}?q={number} HTTP/1.1\r\nHost: h{number}.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let (_stream, answer) = served.send(request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        }
        let page = served.settled(f64::from((round + 1) * 50)).await;
        assert!(series == 0 || page.series() == series, "{} series, {series} before", page.series());
        series = page.series();
    }
}

#[tokio::test]
async fn w3_head_that_is_too_large_is_no_request() {
    let served = Served::start().await;
    let (_stream, answer) = served.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(2 << 20)).as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let (_stream, answer) = served.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(64 << 10)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    served.settled(1.0).await;
}

#[tokio::test]
async fn w4_body_that_stops_half_way_ends_with_its_connection() {
    let served = Served::start().await;
    let (stream, answer) = served.send(b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    assert_eq!(answer, "");
    assert_eq!(served.page().get("selextract_active_connections"), 1.0);
    drop(stream);
    let page = served.settled(1.0).await;
    assert_eq!(page.sum("http_request_size_bytes_sum", "/upload"), 5.0);
}

#[tokio::test]
async fn w5_w7_client_that_leaves_before_the_first_byte() {
    let served = Served::start().await;
    let (stream, _) = served.send(get_request("/never").as_bytes()).await;
    assert_eq!(served.page().get("selextract_active_connections"), 1.0);
    drop(stream);
    let page = served.settled(1.0).await;
    assert_eq!((page.requests(499), page.sum("http_response_first_byte_seconds_count", "/never")), (1.0, 0.0));
}

#[tokio::test]
async fn w5_w8_client_that_leaves_after_the_first_byte() {
    let served = Served::start().await;
    let (stream, answer) = served.send(get_request("/endless").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"));
    drop(stream);
    let page = served.settled(1.0).await;
    assert_eq!((page.requests(499), page.sum("http_response_first_byte_seconds_count", "/endless")), (1.0, 1.0));
    assert!(page.sum("http_response_size_bytes_sum", "/endless") > 0.0);
}

#[tokio::test]
async fn w6_panic_is_counted_once() {
    let served = Served::start().await;
    let (_stream, answer) = served.send(get_request("/panic").as_bytes()).await;
    assert_eq!(answer, "");
    let page = served.settled(1.0).await;
    assert_eq!((page.requests(500), page.sum("http_handler_panics_total", "")), (1.0, 1.0));
}

#[tokio::test]
async fn w8_body_that_fails_is_a_500() {
    let served = Served::start().await;
    served.send(get_request("/broken").as_bytes()).await;
    let page = served.settled(1.0).await;
    assert_eq!((page.requests(500), page.requests(499)), (1.0, 0.0));
}

#[tokio::test]
async fn w9_reset_flood_of_http2_leaves_nothing_behind() {
    let served = Served::start().await;
    let stream = TokioIo::new(TcpStream::connect(served.address).await.unwrap());
    let (mut client, connection) = hyper::client::conn::http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..5 {
        let requests = (0..100).map(|_| {
            let request = Request::get("http://a/never").version(Version::HTTP_2).body(Empty::new()).unwrap();
            // Long enough to arrive, then reset.
            timeout(Duration::from_millis(20), client.send_request(request))
        });
        futures_util::future::join_all(requests.collect::<Vec<_>>()).await;
    }
    drop(client);
    let _ = timeout(DEADLINE, connection).await;
    let page = served.until("an empty flight", |page| page.get("selextract_active_connections") == 0.0).await;
    let reached = served.reached.load(Ordering::Relaxed);
    assert_settled(&page, f64::from(reached));
    assert_eq!(page.requests(499), f64::from(reached));
    assert!(reached >= 50, "{page:#?}");
}

#[tokio::test]
async fn w10_statuses_outside_the_standard_are_one_value() {
    let served = Served::start().await;
    for code in [200, 418, 599, 600, 799, 999] {
        let (_stream, answer) = served.send(get_request(&format!("/status/{code}")).as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{answer}");
    }
    let page = served.settled(6.0).await;
    assert_eq!((page.sum("http_requests_total", "\"_OTHER\""), page.requests(418)), (3.0, 1.0));
}

/// A time is a difference of two moments of the monotonic clock, so a wall clock that is set back cannot show; a duration is never
/// negative, or the sum would fall.
#[tokio::test]
async fn w11_times_are_monotonic() {
    let served = Served::start().await;
    let mut before = 0.0;
    for request in 1..=20 {
        let _ = served.send(get_request("/").as_bytes()).await;
        let page = served.settled(f64::from(request)).await;
        let sum = page.sum("http_request_duration_seconds_sum", "");
        assert!(sum > before, "{sum} after {before}");
        before = sum;
    }
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut sources = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            // The service has wall clocks in its messages; the library has none.
            if entry.is_dir() && !entry.ends_with("bin") {
                folders.push(entry);
            } else if entry.is_file() {
                sources += 1;
                assert!(!fs::read_to_string(&entry).unwrap().contains("SystemTime"), "{}", entry.display());
            }
        }
    }
    assert!(sources > 20, "{sources}");
}

#[tokio::test]
async fn w12_ten_thousand_users_are_two_hundred_names() {
    const EXTRACT: TaskType = TaskType::new("extract");
    const USERS: u32 = 10_000;
    const ROUNDS: u32 = 4;
    let registry = Registry::default();
    let settings = Settings { epoch: Duration::ZERO, ..Settings::default() };
    let business = Business::with_settings(&registry, &[EXTRACT], settings);
    let counting = business.clone();
    let app: Router = Router::new()
        .route("/users/{id}/tasks", post(async move |extract::Path(id): extract::Path<String>| counting.task_created(EXTRACT, &id)))
        .layer(MetricsLayer::new(&registry));
    let (mut last, mut increases, mut most, mut series) = (BTreeMap::<String, f64>::new(), 0.0, 0, Vec::new());
    let mut scrape = || {
        let mut samples = Samples::default();
        business.collect(&mut samples);
        let page = Page::read(&samples.text());
        let named = page.of_family("selextract_tasks_created_total");
        most = most.max(named.len());
        for (series, amount) in named {
            // A series that is new is there at 0 before it is raised, or goes on where it was.
            increases += amount - last.insert(series, amount).unwrap_or(0.0);
        }
    };
    scrape();
    for round in 0..ROUNDS {
        for user in 0..USERS {
            let request = Request::post(format!("/users/user-{}-{user}/tasks", round % 3)).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap();
            if user % 1_000 == 0 {
                scrape();
            }
        }
        let page = Page::of(&registry);
        assert_settled(&page, f64::from((round + 1) * USERS));
        series.push(page.series());
    }
    scrape();
    assert_eq!(increases, f64::from(ROUNDS * USERS));
    // One value has at most two series here: its task type, and those not listed.
    assert!((150..=202).contains(&most), "{most}");
    assert!(series.iter().all(|count| *count == series[0]), "{series:?}");
}
