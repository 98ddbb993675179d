//! User-space instructions per request of a real axum service, bare and with a layer: `axum::serve` on tokio's usual runtime with one
//! worker (so that figures repeat), HTTP/1.1 over loopback, a route with a parameter, JSON. Counted by valgrind's callgrind, which
//! needs no counters of the processor and gives the same figure on a busy machine; reading the clock is a system call there, so its
//! instructions are few. Then, in turns, the time that the processor takes for a request, the kernel's part included.
//!
//! ```text
//! cargo bench -p api-metrics --bench overhead              # bare, identity, ours, axum-prometheus
//! cargo bench -p api-metrics --bench overhead -- ours      # one of them, and callgrind's file in the temporary directory
//! ```
#![allow(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "its figures are what it is for"
)]

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use api_metrics::MetricsLayer;
use axum::{Json, Router, extract::Path, routing::get};
use axum_prometheus::PrometheusMetricLayerBuilder;
use exporter_core::Registry;
use serde::Serialize;

/// What serves; the first one is what the others are compared with.
const VARIANTS: [&str; 4] = ["bare", "identity", "ours", "axum-prometheus"];

/// Before anything is counted: connections, handles and buffers are made.
const WARM_UP: u32 = 200;

/// Requests that are counted.
const REQUESTS: u32 = 2_000;

/// Requests of one turn that is timed, and turns.
const TIMED: u32 = 30_000;
const TURNS: usize = 5;

/// As a browser or a client library sends it.
const REQUEST: &[u8] = b"GET /users/42 HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    accept: application/json, text/plain, */*\r\naccept-language: en-GB,en;q=0.5\r\naccept-encoding: gzip, deflate, br, zstd\r\n\
    authorization: Bearer 0190c8f27c2e7e4b9d7c0190c8f27c2e7e4b9d7c0190c8f2\r\nreferer: https://app.example.com/users\r\nconnection: keep-alive\r\n\r\n";

#[derive(Serialize)]
struct User {
    id: u64,
    name: &'static str,
    email: &'static str,
    plan: &'static str,
}

async fn user(Path(id): Path<u64>) -> Json<User> {
    Json(User { id, name: "Ada Lovelace", email: "ada@example.com", plan: "business" })
}

/// Serves until its standard input ends.
#[tokio::main(worker_threads = 1)]
async fn serve(variant: &str) {
    let app: Router = Router::new().route("/users/{id}", get(user));
    let app = match variant {
        "ours" => app.layer(MetricsLayer::new(&Registry::default())),
        "axum-prometheus" => app.layer(PrometheusMetricLayerBuilder::new().enable_response_body_size(true).with_default_metrics().build_pair().0),
        "identity" => app.layer(tower::layer::util::Identity::new()),
        _ => app,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let stopped = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    stopped.await.unwrap().unwrap();
}

/// Instructions of the whole process for so many requests, one after another on one connection.
fn instructions(variant: &str, requests: u32) -> u64 {
    let file = env::temp_dir().join(format!("callgrind.{variant}.{requests}"));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--fair-sched=yes", &format!("--callgrind-out-file={}", file.display())]);
    let mut server = start(valgrind.arg(env::current_exe().unwrap()).args(["serve", variant]));
    server.send(requests);
    let said = server.end();
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).unwrap_or_else(|| panic!("callgrind says nothing: {said}"));
    collected.1.trim().parse().unwrap()
}

/// A server, and the one connection to it.
struct Server {
    child: Child,
    stream: TcpStream,
}

fn start(command: &mut Command) -> Server {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{}: {error}; apt-get install valgrind", command.get_program().display()));
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    Server { child, stream: TcpStream::connect(address.trim()).unwrap() }
}

impl Server {
    fn send(&mut self, requests: u32) {
        let mut answer = [0; 4096];
        for _ in 0..requests {
            self.stream.write_all(REQUEST).unwrap();
            // The whole answer is written at once.
            assert!(self.stream.read(&mut answer).unwrap() > 100);
        }
    }

    /// What it has said to its standard error.
    fn end(mut self) -> String {
        drop((self.stream, self.child.stdin.take()));
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }
}

/// Seconds of processor time that a process has taken, in steps of a clock tick.
fn processor_time(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // Fields are numbered from 1 in proc(5), and the name ends in a parenthesis: utime is 14, stime 15. A tick is 10 ms everywhere.
    stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// Microseconds of processor time for each of many requests.
fn microseconds(variant: &str) -> f64 {
    let mut server = start(Command::new(env::current_exe().unwrap()).args(["serve", variant]));
    let before = processor_time(server.child.id());
    server.send(TIMED);
    let after = processor_time(server.child.id());
    server.end();
    (after - before) * 1e6 / f64::from(TIMED)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [command, variant] = &*arguments
        && command == "serve"
    {
        return serve(variant);
    }
    let chosen: Vec<&str> = VARIANTS.into_iter().filter(|variant| arguments.is_empty() || arguments.iter().any(|wanted| wanted == variant)).collect();
    let mut bare = None;
    for variant in &chosen {
        let counted = instructions(variant, WARM_UP + REQUESTS) - instructions(variant, WARM_UP);
        let each = counted as f64 / f64::from(REQUESTS);
        let bare = *bare.get_or_insert(each);
        println!("{variant:16} {each:8.0} instructions per request, {:+5.1} %", (each / bare - 1.0) * 100.0);
    }
    let turns: Vec<Vec<f64>> = (0..TURNS).map(|_| chosen.iter().map(|variant| microseconds(variant)).collect()).collect();
    for (at, variant) in chosen.iter().enumerate() {
        let times = median(turns.iter().map(|turn| turn[at]).collect());
        let ratio = median(turns.iter().map(|turn| turn[at] / turn[0]).collect());
        println!("{variant:16} {times:8.1} us of processor time per request, {:+5.1} %", (ratio - 1.0) * 100.0);
    }
}
