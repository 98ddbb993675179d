//! An exporter that is measured, and what its scrapes cost.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use it::exporter::{Exporter, PROMETHEUS_ACCEPT, SCRAPE_TIMEOUT_HEADER};
use it::http::{self, Connection};
use it::postgres_server::PostgresServer;
use it::program::{self, Program};
use it::{port, wait};

/// Scrapes before the measured ones, for caches, connections and allocators to settle.
const WARM_UP: usize = 3;

/// How long an exporter may take to start on a machine that is busy.
const START: Duration = Duration::from_mins(1);

/// How long one exporter may be measured in one case: one that hangs must not hold up the others for an hour.
const ENOUGH: Duration = Duration::from_mins(1);

/// Which exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ours.
    Ours,
    /// prometheus-community's, as Debian 12 has it.
    Debian,
    /// `pg_exporter` from crates.io.
    Nbari,
}

impl Kind {
    /// All that can be run here.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Ours, Self::Debian];
        all.extend(nbari().is_file().then_some(Self::Nbari));
        all
    }
}

/// Where tests/bench/postgres.sh puts it.
fn nbari() -> PathBuf {
    std::env::var_os("PG_EXPORTER_BIN").map_or_else(|| PathBuf::from("target/peers/bin/pg_exporter"), PathBuf::from)
}

/// See the [module](self).
pub(crate) struct Subject {
    pub(crate) kind: Kind,
    exporter: Result<Exporter, (Program, u16)>,
}

/// What some scrapes cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    latencies: Vec<Duration>,
    pub(crate) cpu: Duration,
    pub(crate) resident: u64,
    pub(crate) body: usize,
    pub(crate) failures: usize,
}

impl Figures {
    /// How many scrapes gave a page.
    pub(crate) fn answered(&self) -> usize {
        self.latencies.len()
    }

    /// How many there were.
    pub(crate) fn asked(&self) -> usize {
        self.answered() + self.failures
    }

    /// The latency that this share of the scrapes stayed below, in milliseconds; none if no scrape was answered.
    pub(crate) fn quantile(&self, percent: usize) -> Option<f64> {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        latencies.get((latencies.len() * percent / 100).min(latencies.len().saturating_sub(1))).map(|latency| latency.as_secs_f64() * 1e3)
    }

    /// CPU time of one scrape, in milliseconds.
    pub(crate) fn cpu_per_scrape(&self) -> f64 {
        let scrapes = u32::try_from(self.latencies.len().max(1)).expect("a small number");
        (self.cpu / scrapes).as_secs_f64() * 1e3
    }
}

impl Subject {
    /// Starts it for a server that is reached at that port; `flags` are for ours, `queries` for those that need a file of them.
    pub(crate) fn start(kind: Kind, server: u16, flags: &[&str], queries: Option<&str>) -> Self {
        let dsn = PostgresServer::dsn(server, "postgres", "postgres");
        let port = port::free();
        let command = match kind {
            Kind::Ours => return Self { kind, exporter: Ok(Exporter::start("postgres-exporter", flags, &[("DATA_SOURCE_NAME", &dsn)])) },
            Kind::Debian => {
                let mut command = program::command("prometheus-postgres-exporter");
                command.arg(format!("--web.listen-address=127.0.0.1:{port}")).env("DATA_SOURCE_NAME", dsn);
                command.args(queries.map(|path| format!("--extend.query-path={path}")));
                command
            }
            Kind::Nbari => {
                let mut command = program::command(nbari().canonicalize().expect("it is there"));
                command.args(["--dsn", &dsn, "--port", &port.to_string(), "--listen", "127.0.0.1"]);
                command
            }
        };
        let mut program = Program::start(command);
        program.until("the peer to listen", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Self { kind, exporter: Err((program, port)) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.exporter.as_ref().map_or_else(|(_, port)| *port, Exporter::port)
    }

    fn program(&self) -> &Program {
        self.exporter.as_ref().map_or_else(|(program, _)| program, |exporter| &exporter.program)
    }

    pub(crate) fn id(&self) -> u32 {
        self.program().id()
    }

    /// Whether it no longer runs.
    pub(crate) fn ended(&mut self) -> bool {
        match &mut self.exporter {
            Ok(exporter) => exporter.program.exited().is_some(),
            Err((program, _)) => program.exited().is_some(),
        }
    }

    /// Resident memory.
    pub(crate) fn mebibytes(&mut self) -> Option<f64> {
        (!self.ended()).then(|| mebibytes(self.program().resident_bytes()))
    }

    /// One scrape by a Prometheus that waits for so long: the time, and the size of the answer if it is a page.
    pub(crate) fn scrape(&self, timeout: Duration) -> Option<(Duration, usize)> {
        scrape(self.port(), timeout)
    }

    /// Waits for pages, so that what is measured is not the start.
    pub(crate) fn warm_up(&self) {
        for _ in 0..WARM_UP {
            wait::until("a page", START, || self.scrape(Duration::from_secs(30)));
        }
    }
}

/// See [`Subject::scrape`].
pub(crate) fn scrape(port: u16, timeout: Duration) -> Option<(Duration, usize)> {
    let headers = [("Accept", PROMETHEUS_ACCEPT), ("Accept-Encoding", "gzip"), (SCRAPE_TIMEOUT_HEADER, &timeout.as_secs_f64().to_string())];
    let start = Instant::now();
    let response = http::get(port, "/metrics", &headers).ok()?;
    (response.status == 200).then(|| (start.elapsed(), response.body.len()))
}

pub(crate) fn kibibytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).expect("less than 4 GiB")) / 1024.0
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).expect("less than 4 TiB")) / 1024.0
}

/// Scrapes all subjects in turn, each over a connection that is kept, each until it has had enough.
pub(crate) fn measure(subjects: &[Subject], scrapes: usize) -> Vec<Figures> {
    subjects.iter().for_each(Subject::warm_up);
    let mut figures = vec![Figures::default(); subjects.len()];
    let before: Vec<Duration> = subjects.iter().map(|subject| subject.program().cpu_time()).collect();
    let mut connections: Vec<Connection> = subjects.iter().map(|subject| Connection::open(subject.port()).expect("it listens")).collect();
    let headers = [("Accept", PROMETHEUS_ACCEPT), ("Accept-Encoding", "gzip"), (SCRAPE_TIMEOUT_HEADER, "30")];
    let mut spent = vec![Duration::ZERO; subjects.len()];
    for _ in 0..scrapes {
        for ((connection, figures), spent) in connections.iter_mut().zip(&mut figures).zip(&mut spent) {
            if *spent > ENOUGH {
                continue;
            }
            let start = Instant::now();
            match connection.send("GET", "/metrics", &headers, b"") {
                Ok(response) if response.status == 200 => {
                    figures.latencies.push(start.elapsed());
                    figures.body = response.body.len();
                }
                _ => figures.failures += 1,
            }
            *spent += start.elapsed();
        }
    }
    for ((subject, figures), before) in subjects.iter().zip(&mut figures).zip(before) {
        figures.cpu = subject.program().cpu_time().saturating_sub(before);
        figures.resident = subject.program().resident_bytes();
    }
    figures
}
