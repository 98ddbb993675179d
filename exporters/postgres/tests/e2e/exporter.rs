//! The exporter's binary on a free port.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    page::Page,
    program::{PATIENCE, Program, command, free_port, until},
};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Exporter {
    pub(crate) program: Program,
    pub(crate) port: u16,
    directory: TempDir,
}

impl Exporter {
    /// Starts it for one server.
    pub(crate) fn start(dsn: &str, flags: &[&str]) -> Self {
        Self::start_with(&[("DATA_SOURCE_NAME", dsn)], flags)
    }

    /// Starts it with other variables.
    pub(crate) fn start_with(variables: &[(&str, &str)], flags: &[&str]) -> Self {
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut command = command(env!("CARGO_BIN_EXE_postgres-exporter"));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).args(flags).envs(variables.iter().copied());
        let program = Program::start(command.stdout(log.try_clone().unwrap()).stderr(log).current_dir(directory.path()), "");
        let mut exporter = Self { program, port, directory };
        until("the exporter to listen", || {
            assert!(exporter.program.0.try_wait().unwrap().is_none(), "the exporter ended: {}", exporter.log());
            exporter.get("/-/healthy").ok()
        });
        exporter
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// One page of metrics.
    pub(crate) fn scrape(&self) -> Page {
        Page::new(&self.get("/metrics").unwrap())
    }

    /// One page by a scraper who waits for so long, and how long it took.
    pub(crate) fn scrape_within(&self, timeout: Duration) -> (Page, Duration) {
        let started = Instant::now();
        let header = format!("X-Prometheus-Scrape-Timeout-Seconds: {}\r\n", timeout.as_secs_f64());
        let (status, body) = self.request("/metrics", &header).unwrap();
        assert_eq!(status, 200, "{body}");
        (Page::new(&body), started.elapsed())
    }

    /// The body of a page.
    pub(crate) fn get(&self, path: &str) -> std::io::Result<String> {
        self.request(path, "").map(|(_, body)| body)
    }

    /// Status and body.
    pub(crate) fn request(&self, path: &str, headers: &str) -> std::io::Result<(u16, String)> {
        get(self.port, path, headers)
    }
}

/// One GET over a connection of its own.
pub(crate) fn get(port: u16, path: &str, headers: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}
