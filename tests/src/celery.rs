//! Real Celery workers, and clients that send tasks to them: those of the Celery exporter's own tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{self, Program};

/// The root of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The application of the exporter's tests, by its broker.
#[derive(Debug)]
pub struct Application {
    broker: String,
    python: PathBuf,
    /// Where its tasks write down what they do.
    ledger: TempDir,
}

impl Application {
    /// The application that has this broker.
    #[must_use]
    pub fn new(broker: &str) -> Self {
        Self { broker: broker.to_owned(), python: python(), ledger: tempfile::tempdir().expect("a temporary directory") }
    }

    /// A worker with this node name that takes tasks from this queue, in threads: it has no processes to leave behind.
    #[must_use]
    pub fn worker(&self, node: &str, queue: &str) -> Program {
        let mut command = self.command();
        command.args(["-m", "celery", "-A", "app", "worker", "-n", node, "-Q", queue, "-E", "--heartbeat-interval", "1"]);
        command.args(["--pool", "threads", "--concurrency", "4", "--loglevel", "warning", "--without-gossip", "--without-mingle"]);
        Program::start(command)
    }

    /// A client that sends so many tasks of a name to a queue, so many seconds apart.
    #[must_use]
    pub fn client(&self, task: &str, count: u32, pause: f64, queue: &str) -> Program {
        let mut command = self.command();
        command.args(["-m", "send", task, &count.to_string(), "--pause", &pause.to_string(), "--queue", queue]);
        Program::start(command)
    }

    fn command(&self) -> Command {
        let mut command = program::command(&self.python);
        command.env("PYTHONPATH", Path::new(ROOT).join("exporters/celery/tests/app")).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("BROKER_URL", &self.broker).env("LEDGER", self.ledger.path().join("ledger"));
        command
    }
}

/// Python with Celery: the environment of the exporter's tests, made by whoever needs it first.
#[must_use]
pub fn python() -> PathBuf {
    let target = Path::new(ROOT).join("target");
    let environment = target.join("venv-celery");
    let requirements = Path::new(ROOT).join("exporters/celery/tests/requirements.txt");
    let wanted = fs::read_to_string(&requirements).expect("the requirements");
    fs::create_dir_all(&target).expect("the folder of built files");
    let lock = File::create(target.join("venv-celery.lock")).expect("a file in the folder of built files");
    lock.lock().expect("a file can be locked");
    let ready = environment.join(".ready");
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        // Both need the caller's environment: pip reads there where packages come from.
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment), "apt-get install --yes python3-venv");
        run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(&requirements), "a package index");
        fs::write(&ready, wanted).expect("a file in the environment");
    }
    environment.join("bin/python")
}

fn run(command: &mut Command, needs: &str) {
    let status = program::spawn(command).wait().expect("a child can be waited for");
    assert!(status.success(), "{command:?} failed; it needs: {needs}");
}
