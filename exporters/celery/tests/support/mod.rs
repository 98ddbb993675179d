//! Real servers, workers and exporters for tests, each ended when its handle is dropped.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Seek, SeekFrom, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

mod servers;

pub(crate) use servers::*;

/// Python with Celery.
pub(crate) fn python() -> PathBuf {
    environment("venv-celery", "tests/requirements.txt")
}

/// Python with the packages of a file, in an environment that is made once.
pub(crate) fn environment(name: &str, requirements: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let environment = root.join(name);
    let ready = environment.join(".ready");
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(requirements);
    let wanted = fs::read_to_string(&requirements).unwrap();
    fs::create_dir_all(&root).unwrap();
    // Tests that start at the same time wait for the one that makes it.
    let lock = fs::File::create(root.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment), "apt-get install python3-venv");
        run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(&requirements), "a package index");
        fs::write(&ready, wanted).unwrap();
    }
    environment.join("bin/python")
}

fn run(command: &mut Command, needs: &str) {
    let done = command.status();
    assert!(done.is_ok_and(|status| status.success()), "{command:?} has failed; it needs: {needs}");
}

/// The application in `tests/app`, as worker or client.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) python: PathBuf,
    pub(crate) broker: String,
    pub(crate) directory: PathBuf,
    pub(crate) sent_events: bool,
    pub(crate) transport_options: String,
}

impl Application {
    fn command(&self) -> Command {
        self.prepared(Command::new(&self.python))
    }

    fn prepared(&self, mut command: Command) -> Command {
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("LEDGER", self.directory.join("ledger"))
            .env("BROKER_URL", &self.broker)
            .env("SENT_EVENTS", if self.sent_events { "1" } else { "0" })
            .env("TRANSPORT_OPTIONS", &self.transport_options);
        command
    }

    /// A worker with this node name.
    pub(crate) fn worker(&self, node: &str, arguments: &[&str]) -> Program {
        self.start_worker(self.command(), node, arguments)
    }

    /// A worker on a host whose clock is off by so much: `-1h`.
    pub(crate) fn worker_off_by(&self, offset: &str, node: &str, arguments: &[&str]) -> Program {
        assert!(Command::new("faketime").arg("--version").output().is_ok(), "faketime is missing: apt-get install faketime");
        let mut command = Command::new("faketime");
        command.args(["-f", offset]).arg(&self.python).env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        self.start_worker(self.prepared(command), node, arguments)
    }

    fn start_worker(&self, mut command: Command, node: &str, arguments: &[&str]) -> Program {
        command.args(["-m", "celery", "-A", "app", "worker", "--loglevel", "info", "--without-gossip", "--without-mingle", "-n", node]);
        Program::start(command.args(arguments), &self.directory.join(format!("{node}.log")))
    }

    /// The client, which sends so many tasks.
    pub(crate) fn client(&self, tasks: usize) -> Program {
        Program::start(self.command().args(["client.py", &tasks.to_string()]), &self.directory.join("client.log"))
    }

    /// Another script of the application.
    pub(crate) fn run(&self, script: &str, arguments: &[&str]) -> Program {
        Program::start(self.command().arg(script).args(arguments), &self.directory.join(format!("{script}.log")))
    }

    /// Sends so many tasks of one name.
    pub(crate) fn send(&self, task: &str, count: usize) -> Program {
        Program::start(self.command().args(["send.py", task, &count.to_string()]), &self.directory.join("send.log"))
    }

    /// What tasks and client have written down.
    pub(crate) fn ledger(&self) -> Vec<serde_json::Value> {
        let mut ledger = Ledger::default();
        ledger.follow(self);
        ledger.lines
    }
}

/// What tasks and client have written down so far; each line is read once.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    read: u64,
    lines: Vec<serde_json::Value>,
}

impl Ledger {
    /// Every line that is whole by now.
    pub(crate) fn follow(&mut self, application: &Application) -> &[serde_json::Value] {
        if let Ok(mut file) = fs::File::open(application.directory.join("ledger")) {
            let mut text = String::new();
            file.seek(SeekFrom::Start(self.read)).unwrap();
            file.read_to_string(&mut text).unwrap();
            for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
                self.read += u64::try_from(line.len()).unwrap();
                self.lines.push(serde_json::from_str(line).unwrap());
            }
        }
        &self.lines
    }
}

/// A running exporter.
#[derive(Debug)]
pub(crate) struct Exporter {
    program: Program,
    port: u16,
}

/// Values of a page by series.
pub(crate) type Page = BTreeMap<String, f64>;

impl Exporter {
    /// Starts one on a free port.
    pub(crate) fn start(arguments: &[&str], directory: &Path) -> Self {
        let port = free_port();
        let mut command = Self::command();
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).args(arguments);
        Self::run(command, port, directory)
    }

    /// The program.
    pub(crate) fn command() -> Command {
        Command::new(env!("CARGO_BIN_EXE_celery-exporter"))
    }

    /// Starts one that listens on this port.
    pub(crate) fn run(mut command: Command, port: u16, directory: &Path) -> Self {
        let program = Program::start(&mut command, &directory.join("exporter.log"));
        wait("the exporter answers", Duration::from_secs(10), || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { program, port }
    }

    /// Its process.
    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The text of a page.
    pub(crate) fn text(&self) -> String {
        get(self.port)
    }

    /// A page by series.
    pub(crate) fn page(&self) -> Page {
        series(&self.text())
    }

    /// The value of one series.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        self.page().get(series).copied()
    }
}

/// The page of metrics that is served on a port.
pub(crate) fn get(port: u16) -> String {
    let (head, body) = ask(port, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body
}

/// Head and body of the answer to a request for a path.
pub(crate) fn ask(port: u16, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// A page by series.
pub(crate) fn series(text: &str) -> Page {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' ')).map(|(series, value)| (series.to_owned(), value.parse().unwrap())).collect()
}
