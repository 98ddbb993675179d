//! The exporters of Debian that ours are compared with.

use crate::http::{self, Response};
use crate::port;
use crate::program::{self, Program};
use crate::redis::Redis;

/// A running exporter that is not ours.
#[derive(Debug)]
pub struct Peer {
    /// The process.
    pub program: Program,
    port: u16,
}

impl Peer {
    /// Debian's prometheus-redis-exporter, reading `redis`.
    #[must_use]
    pub fn redis(redis: &Redis) -> Self {
        let port = port::free();
        let mut command = program::command("prometheus-redis-exporter");
        command.args(["-redis.addr", &redis.address(), "-web.listen-address", &format!("127.0.0.1:{port}")]);
        let mut program = Program::start(command);
        program.until("the peer to listen", || http::get(port, "/health", &[]).ok());
        Self { program, port }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its metrics page.
    #[must_use]
    pub fn scrape(&self) -> Response {
        http::get(self.port, "/metrics", &[]).expect("the peer answers a scrape")
    }
}
