//! selextract-api as a process, and a user of it.

use std::fs;
use std::path::PathBuf;

use it::http::{self, Connection, Response};
use it::program::Program;
use it::{binary, port};
use serde_json::{Value, json};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) program: Program,
    pub(crate) port: u16,
    /// What workers show.
    pub(crate) token: PathBuf,
}

/// Somebody who is logged in.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    token: String,
}

impl Service {
    pub(crate) fn start(flags: &[String]) -> Self {
        let port = port::free();
        Self::start_at(port, &[&[format!("--web.listen-address=127.0.0.1:{port}")], flags].concat())
    }

    /// With flags that say themselves where it listens.
    pub(crate) fn start_at(port: u16, flags: &[String]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let token = directory.path().join("token");
        fs::write(&token, "CANARY").expect("a file in a temporary directory");
        let mut command = binary::command("selextract-api");
        command.arg(format!("--worker.token-file={}", token.display())).args(flags);
        let mut service = Self { program: Program::start_in(directory, command), port, token };
        service.program.until("the service to answer", || http::get(port, "/health", &[]).ok().filter(|answer| answer.status == 200));
        service
    }

    pub(crate) fn post(&self, path: &str, user: Option<&User>, body: &Value) -> (u16, Value) {
        let token = user.map(|user| format!("Bearer {}", user.token));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(token.as_deref().map(|token| ("authorization", token)));
        read(&self.open().send("POST", path, &headers, body.to_string().as_bytes()).expect("the service answers"))
    }

    pub(crate) fn get(&self, path: &str, user: &User) -> (u16, Value) {
        let token = format!("Bearer {}", user.token);
        read(&self.open().send("GET", path, &[("authorization", &token)], b"").expect("the service answers"))
    }

    pub(crate) fn register(&self, email: &str) -> u16 {
        self.post("/register", None, &json!({ "email": email, "password": "long enough" })).0
    }

    pub(crate) fn log_in(&self, email: &str) -> Result<User, u16> {
        let (status, body) = self.post("/login", None, &json!({ "email": email, "password": "long enough" }));
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        match (status, text("id"), text("token")) {
            (200, Some(id), Some(token)) => Ok(User { id, token }),
            _ => Err(status),
        }
    }

    /// The page, which is there whatever happens to the stores.
    pub(crate) fn page(&self) -> String {
        let answer = http::get(self.port, "/metrics", &[]).expect("the page");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// Sum of a family's series that have all these texts in their labels.
    pub(crate) fn sum(&self, family: &str, labels: &[&str]) -> f64 {
        let page = self.page();
        let series = page.lines().filter(|line| line.strip_prefix(family).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let wanted = series.filter(|line| labels.iter().all(|label| line.contains(label)));
        wanted.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    fn open(&self) -> Connection {
        Connection::open(self.port).expect("the service listens")
    }
}

fn read(answer: &Response) -> (u16, Value) {
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}
