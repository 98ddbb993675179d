//! Our Redis exporter beside Debian's on one server: what a scrape costs in time, CPU, memory and connections.
//!
//! Both are scraped in turn over kept connections, as Prometheus 2.42 asks, and the result is a Markdown table. The
//! machine's speed cancels out in the last column only.

use std::time::{Duration, Instant};

use it::exporter::{Exporter, PROMETHEUS_ACCEPT, SCRAPE_TIMEOUT_HEADER};
use it::http::Connection;
use it::peer::Peer;
use it::program::Program;
use it::redis::{self, Redis};
use it::resp;

const SCRAPES: usize = 1000;

/// Scrapes before the measured ones, for caches, connections and allocators to settle.
const WARM_UP: usize = 20;

/// What 1,000 scrapes of one exporter cost.
struct Figures {
    latencies: Vec<Duration>,
    cpu: Duration,
    resident: u64,
    connections: f64,
    body: usize,
}

impl Figures {
    /// The latency that this share of the scrapes stayed below, in microseconds.
    fn quantile(&self, percent: usize) -> f64 {
        self.latencies[self.latencies.len() * percent / 100].as_secs_f64() * 1e6
    }
}

/// One exporter, its connection and its state before the first measured scrape.
struct Contender<'a> {
    program: &'a Program,
    connection: Connection,
    counter: resp::Connection,
    cpu_before: Duration,
    figures: Figures,
}

impl<'a> Contender<'a> {
    fn new(redis: &Redis, program: &'a Program, port: u16) -> Self {
        let connection = Connection::open(port).expect("the exporter listens");
        let figures = Figures { latencies: Vec::with_capacity(SCRAPES), cpu: Duration::ZERO, resident: 0, connections: 0.0, body: 0 };
        let counter = redis.connect().expect("redis listens");
        let mut contender = Self { program, connection, counter, cpu_before: Duration::ZERO, figures };
        for _ in 0..WARM_UP {
            contender.scrape();
        }
        contender.figures.latencies.clear();
        contender.figures.connections = 0.0;
        contender.cpu_before = program.cpu_time();
        contender
    }

    fn scrape(&mut self) {
        let headers = [("Accept", PROMETHEUS_ACCEPT), ("Accept-Encoding", "gzip"), (SCRAPE_TIMEOUT_HEADER, "10")];
        let accepted_before = accepted(&mut self.counter);
        let start = Instant::now();
        let response = self.connection.send("GET", "/metrics", &headers, b"").expect("the exporter answers");
        self.figures.latencies.push(start.elapsed());
        self.figures.connections += accepted(&mut self.counter) - accepted_before;
        self.figures.body = response.body.len();
        assert_eq!(response.status, 200);
    }

    fn finish(mut self) -> Figures {
        self.figures.cpu = self.program.cpu_time().saturating_sub(self.cpu_before);
        self.figures.resident = self.program.resident_bytes();
        self.figures.latencies.sort_unstable();
        self.figures
    }
}

/// Connections that the server has accepted so far, asked over one that is kept.
fn accepted(server: &mut resp::Connection) -> f64 {
    let reply = server.send(&["INFO", "stats"]).expect("redis replies");
    redis::field(&reply, "total_connections_received").expect("INFO has the field")
}

fn measure() -> (Figures, Figures) {
    let redis = Redis::start();
    for key in 0..1000 {
        redis.must(&["SET", &format!("key:{key}"), "value", "EX", "3600"]);
    }
    let exporter = Exporter::start("redis-exporter", &["--redis.addr", &redis.address()], &[]);
    let peer = Peer::redis(&redis);
    let (mut ours, mut theirs) = (Contender::new(&redis, &exporter.program, exporter.port()), Contender::new(&redis, &peer.program, peer.port()));
    for _ in 0..SCRAPES {
        ours.scrape();
        theirs.scrape();
    }
    (ours.finish(), theirs.finish())
}

#[expect(clippy::print_stdout, reason = "the table is what the bench is run for")]
fn main() {
    let (ours, theirs) = measure();
    let scrapes = u32::try_from(SCRAPES).expect("a small number");
    let cpu = |figures: &Figures| (figures.cpu / scrapes).as_secs_f64() * 1e6;
    let mebibytes = |figures: &Figures| f64::from(u32::try_from(figures.resident / 1024).expect("less than 4 TiB")) / 1024.0;
    let bytes = |figures: &Figures| f64::from(u32::try_from(figures.body).expect("less than 4 GiB"));
    println!("| redis, {SCRAPES} scrapes | ours | Debian's | ours / Debian's |\n|---|---|---|---|");
    for (name, our, their) in [
        ("median latency (us)", ours.quantile(50), theirs.quantile(50)),
        ("p95 latency (us)", ours.quantile(95), theirs.quantile(95)),
        ("CPU per scrape (us)", cpu(&ours), cpu(&theirs)),
        ("resident memory after them (MiB)", mebibytes(&ours), mebibytes(&theirs)),
        ("connections opened at Redis", ours.connections, theirs.connections),
        ("size of the compressed page (bytes)", bytes(&ours), bytes(&theirs)),
    ] {
        println!("| {name} | {our:.1} | {their:.1} | {:.3} |", our / their);
    }
}
