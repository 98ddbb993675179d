//! A webhook receiver that keeps what it is sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{Headers, Response};
use crate::server::{Request, Server};
use crate::wait;

/// One post, as it arrived.
#[derive(Clone, Debug)]
pub struct Post {
    /// When it was complete.
    pub at: Instant,
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// The body; `Null` if it is not JSON.
    pub payload: Value,
}

impl Post {
    /// The `status` of each alert in an Alertmanager payload that is named `alertname`: `firing` or `resolved`.
    pub fn statuses_of<'a>(&'a self, alertname: &str) -> impl Iterator<Item = &'a str> {
        let alerts = self.payload["alerts"].as_array().map(Vec::as_slice).unwrap_or_default();
        alerts.iter().filter(move |alert| alert["labels"]["alertname"] == alertname).filter_map(|alert| alert["status"].as_str())
    }
}

/// Answers every request with 200 and keeps it.
#[derive(Debug)]
pub struct Sink {
    server: Server,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Sink {
    /// Listens on a free port.
    #[must_use]
    pub fn start() -> Self {
        let posts = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posts);
        let server = Server::start(move |request: Request| {
            let payload = serde_json::from_slice(&request.body).unwrap_or_default();
            let post = Post { at: Instant::now(), path: request.path, headers: request.headers, payload };
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(post);
            Response { status: 200, ..Response::default() }
        });
        Self { server, posts }
    }

    /// The address to post to, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// Everything that arrived so far, oldest first.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first post that `wanted` accepts, however long ago it came; panics once `deadline` has passed.
    pub fn wait_for(&self, what: &str, deadline: Duration, wanted: impl Fn(&Post) -> bool) -> Post {
        wait::until(what, deadline, || self.posts().into_iter().find(|post| wanted(post)))
    }
}
