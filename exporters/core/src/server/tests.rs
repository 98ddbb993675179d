use std::time::Duration;

use metric_catalogue::redis::exporter::EXPORTER;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::*;
use crate::{failure::Failure, flight::Flight, runner::Runner};

metric_catalogue::catalogue! {
    /// Large enough to fill a socket
    FILLER: Gauge = "test_filler" ["value"];
}

/// Answers with as many series as it is told to, after a while.
#[derive(Debug)]
struct Target {
    series: usize,
    takes: Duration,
}

impl Source for Target {
    async fn collect(&mut self, flight: &mut Flight) -> Result<(), Failure> {
        sleep(self.takes).await;
        flight.reached();
        for at in 0..self.series {
            flight.samples().gauge(&FILLER, [&format!("{at:0200}")], 1.0);
        }
        Ok(())
    }
}

struct Server {
    address: std::net::SocketAddr,
    accepting: JoinHandle<()>,
    connections: Arc<Connections>,
    limits: Arc<Limits>,
    _stop: watch::Sender<bool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    async fn start(target: Target) -> Self {
        let limits = Arc::new(Limits::default());
        let runner = Runner::new(target, &EXPORTER, Arc::clone(&limits));
        let routes = Arc::new(Routes::new(runner, "test-exporter", "/metrics".to_owned(), Duration::from_secs(10), Arc::clone(&limits)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::new(Arc::clone(&limits));
        let (stop, stopping) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, routes, Arc::clone(&connections), stopping));
        Self { address, accepting, connections, limits, _stop: stop }
    }

    async fn quick() -> Self {
        Self::start(Target { series: 1, takes: Duration::ZERO }).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The whole answer to one request on a connection of its own.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    fn hits(&self, limit: &str) -> u64 {
        let mut samples = crate::samples::Samples::default();
        self.limits.collect(&EXPORTER, &mut samples);
        let line = format!("redis_exporter_http_limited_total{{limit=\"{limit}\"}} ");
        samples.text().lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap()
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn paths_answer_as_documented() {
    let server = Server::quick().await;
    for (request, expected) in [
        (get("/metrics"), "HTTP/1.1 200"),
        (get("/metrics?name=x"), "HTTP/1.1 200"),
        (get("/"), "HTTP/1.1 200"),
        (get("/-/healthy"), "HTTP/1.1 200"),
        (get("/-/ready"), "HTTP/1.1 200"),
        (get("/metrics/"), "HTTP/1.1 404"),
        (get("/favicon.ico"), "HTTP/1.1 404"),
        (get("/debug/pprof/cmdline"), "HTTP/1.1 404"),
        (get("/metrics").replace("GET", "POST"), "HTTP/1.1 405"),
        (get("/metrics").replace("GET", "BREW"), "HTTP/1.1 405"),
        (get("/nowhere").replace("GET", "POST"), "HTTP/1.1 404"),
    ] {
        let answer = server.ask(&request).await;
        assert!(answer.starts_with(expected), "{request}{answer}");
    }
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let server = Server::quick().await;
    let answer = server.ask(&get("/metrics").replace("GET", "HEAD")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain; version=0.0.4; charset=utf-8"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn long_head_is_refused() {
    let server = Server::quick().await;
    let answer = server.ask(&format!("GET /metrics HTTP/1.1\r\nHost: test\r\nX-Long: {}\r\n\r\n", "x".repeat(64 << 10))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connection_is_kept_between_scrapes() {
    let server = Server::quick().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(server.connections.open(), 1);
}

#[tokio::test]
async fn slow_head_is_cut_off() {
    let server = Server::quick().await;
    let started = Instant::now();
    let mut streams = Vec::new();
    for request in ["", "GET /metrics HTTP/1.1\r\nHost: t"] {
        let mut stream = server.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    for stream in &mut streams {
        assert_eq!(read_to_end(stream).await, "");
    }
    assert!(started.elapsed() >= Duration::from_secs(4), "cut off too early");
    assert_eq!(server.hits("head_timeout"), 2);
}

#[tokio::test]
async fn slow_reader_is_cut_off() {
    // Some 50 MB: more than the socket buffers of both ends hold.
    let server = Server::start(Target { series: 20_000, takes: Duration::ZERO }).await;
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        for _ in 0..8 {
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
        }
        streams.push(stream);
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.hits("write_timeout") < 2 {
        assert!(Instant::now() < deadline, "the stalled writes were not ended");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(server.ask(&get("/-/healthy")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn full_table_makes_room_for_a_scrape() {
    let server = Server::quick().await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(server.connect().await);
    }
    assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 200"));
    assert!(server.connections.open() <= 256);
    assert!(server.hits("connections") >= 44, "{}", server.hits("connections"));
}

#[tokio::test]
async fn scrapes_past_the_limit_are_told_to_come_back() {
    let server = Server::start(Target { series: 1, takes: Duration::from_secs(2) }).await;
    let mut streams = Vec::new();
    for _ in 0..140 {
        let mut stream = server.connect().await;
        stream.write_all(get("/metrics").as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let mut refused = 0;
    for stream in &mut streams {
        let answer = read_to_end(stream).await;
        refused += usize::from(answer.starts_with("HTTP/1.1 503"));
    }
    assert_eq!((refused, server.hits("waiting_scrapes")), (12, 12));
}
