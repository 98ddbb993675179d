use std::time::Duration;

use metric_catalogue::redis::exporter::EXPORTER;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::*;
use crate::{
    failure::Failure,
    flight::Flight,
    runner::Runner,
    web_config::{Web, pki::Pki},
};

mod client;
mod clients;
mod login;
mod reload;
mod slow;
mod tls;

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

/// A server on a free port, with the web configuration of `pki`.
struct Harness {
    address: std::net::SocketAddr,
    accepting: JoinHandle<()>,
    server: Arc<Server<Target>>,
    pki: Option<Pki>,
    _stop: watch::Sender<bool>,
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Harness {
    async fn start(target: Target) -> Self {
        Self::listen(target, Web::default(), None).await
    }

    /// A quick target, and `yaml` in a file beside the certificates.
    async fn with(pki: Pki, yaml: &str) -> Self {
        Self::with_target(Target { series: 1, takes: Duration::ZERO }, pki, yaml).await
    }

    async fn with_target(target: Target, pki: Pki, yaml: &str) -> Self {
        let web = Web::start(Some(&pki.write("web.yml", yaml))).unwrap();
        Self::listen(target, web, Some(pki)).await
    }

    async fn listen(target: Target, web: Web, pki: Option<Pki>) -> Self {
        let limits = Arc::new(Limits::new(web));
        let runner = Runner::new(target, &EXPORTER, Arc::clone(&limits), crate::page::Pool::default());
        let routes = Routes::new(runner, "test-exporter", "/metrics".to_owned(), Duration::from_secs(10), Arc::clone(&limits));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(routes, limits);
        let (stop, stopping) = watch::channel(false);
        let accepting = tokio::spawn(accept(Listener::Tcp(listener), Arc::clone(&server), stopping));
        Self { address, accepting, server, pki, _stop: stop }
    }

    async fn quick() -> Self {
        Self::start(Target { series: 1, takes: Duration::ZERO }).await
    }

    fn pki(&self) -> &Pki {
        self.pki.as_ref().unwrap()
    }

    /// Replaces the web configuration; what was wrong with it is on the page.
    fn configure(&self, yaml: &str) {
        self.pki().write("web.yml", yaml);
        self.server.limits.web().reload();
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
        self.own(&format!("redis_exporter_http_limited_total{{limit=\"{limit}\"}}")).unwrap()
    }

    fn refused(&self, reason: &str) -> u64 {
        self.own(&format!("redis_exporter_http_refused_total{{reason=\"{reason}\"}}")).unwrap()
    }

    /// One of the server's own metrics.
    fn own<T: std::str::FromStr>(&self, series: &str) -> Option<T> {
        let mut samples = crate::samples::Samples::default();
        self.server.limits.collect(&EXPORTER, &mut samples);
        samples.text().lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until no connection is left.
    async fn drained(&self) {
        timeout(Duration::from_secs(10), self.server.connections.drained()).await.unwrap();
    }
}

async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn paths_answer_as_documented() {
    let server = Harness::quick().await;
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
    let server = Harness::quick().await;
    let answer = server.ask(&get("/metrics").replace("GET", "HEAD")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain; version=0.0.4; charset=utf-8"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn long_head_is_refused() {
    let server = Harness::quick().await;
    let answer = server.ask(&format!("GET /metrics HTTP/1.1\r\nHost: test\r\nX-Long: {}\r\n\r\n", "x".repeat(64 << 10))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connection_is_kept_between_scrapes() {
    let server = Harness::quick().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(server.server.connections.open(), 1);
}

#[tokio::test]
async fn full_table_makes_room_for_a_scrape() {
    let server = Harness::quick().await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(server.connect().await);
    }
    assert!(server.ask(&get("/metrics")).await.starts_with("HTTP/1.1 200"));
    assert!(server.server.connections.open() <= 256);
    assert!(server.hits("connections") >= 44, "{}", server.hits("connections"));
}

#[tokio::test]
async fn scrapes_past_the_limit_are_told_to_come_back() {
    let server = Harness::start(Target { series: 1, takes: Duration::from_secs(2) }).await;
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
