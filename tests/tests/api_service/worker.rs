//! A real Celery worker that runs the tasks of selextract-api, and the stand-in for the proxies that it calls.

use std::net::TcpStream;
use std::path::Path;

use it::program::{self, Program};
use it::{celery, port};

/// The application that the worker runs.
const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../exporters/api/tests/celery_app");

/// Both, until dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    _worker: Program,
    _proxy: Program,
}

impl Worker {
    /// A worker of this broker, which reports to the API on this port with the token in this file.
    pub(crate) fn start(broker: &str, api: u16, token: &Path) -> Self {
        let (python, app) = (celery::python(), Path::new(APP));
        let port = port::free();
        let mut proxy = program::command(&python);
        proxy.arg(app.join("proxy.py")).arg(port.to_string());
        let mut proxy = Program::start(proxy);
        proxy.until("the proxy to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
        let mut worker = program::command(&python);
        // One process, so that nothing is left when it is killed.
        worker.args(["-m", "celery", "--app", "tasks", "worker", "--pool", "solo", "--task-events", "--without-gossip", "--without-mingle"]);
        worker.env("PYTHONPATH", app).env("PYTHONDONTWRITEBYTECODE", "1").env("WORKER_TOKEN_FILE", token).env("CELERY_BROKER_URL", broker);
        worker.env("API_URL", format!("http://127.0.0.1:{api}")).env("PROXY_URL", format!("http://127.0.0.1:{port}"));
        Self { _worker: Program::start(worker), _proxy: proxy }
    }
}
