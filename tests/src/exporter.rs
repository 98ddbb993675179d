//! Our own exporters.

use std::io;
use std::thread;
use std::time::Duration;

use crate::PATIENCE;
use crate::binary;
use crate::http::{self, Response};
use crate::page::{self, Page, PageError};
use crate::port;
use crate::program::Program;
use crate::wait;

/// Prometheus' own header: how long it waits for the page, in seconds.
pub const SCRAPE_TIMEOUT_HEADER: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// The `Accept` header of Prometheus 2.42.
pub const PROMETHEUS_ACCEPT: &str =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// A running exporter of ours.
#[derive(Debug)]
pub struct Exporter {
    /// The process.
    pub program: Program,
    port: u16,
}

impl Exporter {
    /// Starts the binary `name` on a free port and waits until it is ready.
    ///
    /// `arguments` and `environment` are added to the listen address; nothing else is set.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let port = port::free();
        let mut command = binary::command(name);
        command.args(["--web.listen-address", &format!("127.0.0.1:{port}")]).args(arguments).envs(environment.iter().copied());
        let mut program = Program::start(command);
        program.until("the exporter to be healthy", || http::get(port, "/-/healthy", &[]).ok().filter(|response| response.status == 200));
        Self { program, port }
    }

    /// Where it listens on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A GET of the metrics page.
    ///
    /// # Errors
    /// When the exporter does not answer in HTTP.
    pub fn get(&self, headers: &[(&str, &str)]) -> io::Result<Response> {
        http::get(self.port, "/metrics", headers)
    }

    /// The text page, which must be there and pass the strict parser.
    #[must_use]
    pub fn scrape(&self) -> Page {
        self.scrape_within(Duration::from_secs(10))
    }

    /// The text page as a Prometheus with that `scrape_timeout` asks for it.
    #[must_use]
    pub fn scrape_within(&self, timeout: Duration) -> Page {
        let response = self.get(&[(SCRAPE_TIMEOUT_HEADER, &timeout.as_secs_f64().to_string())]).expect("the exporter answers a scrape");
        assert_eq!(response.status, 200, "{}", response.text());
        page::text(&response.text()).expect("a correct text page")
    }
}

/// The text and the `OpenMetrics` page of one collection, which concurrent scrapes share; `collections` is the exporter's
/// counter of them, by which that is seen. The target should be slow, or it takes many attempts.
#[must_use]
pub fn pages_of_one_collection(exporter: &Exporter, collections: &str) -> (String, String) {
    let scrape = |accept: &str| exporter.get(&[("Accept", accept)]).expect("the exporter answers a scrape").text();
    wait::until("two scrapes that share a collection", PATIENCE, || {
        let (text, open) = thread::scope(|scope| {
            let open = scope.spawn(|| scrape(PROMETHEUS_ACCEPT));
            (scrape("text/plain;version=0.0.4"), open.join().expect("the other scrape ends"))
        });
        let number = |page: Result<Page, PageError>| page.expect("a correct page").value(collections, &[]).expect("the counter is on the page");
        (number(page::text(&text)).to_bits() == number(page::openmetrics(&open)).to_bits()).then_some((text, open))
    })
}
