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

/// What asks for protobuf.
pub const PROTOBUF_ACCEPT: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// One collection in every format.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Text 0.0.4.
    pub text: String,
    /// `OpenMetrics` 1.0.
    pub openmetrics: String,
    /// Delimited protobuf.
    pub protobuf: Vec<u8>,
}

/// The pages of one collection, which concurrent scrapes share; `collections` is the exporter's counter of them, by which
/// that is seen. The target should be slow, or it takes many attempts.
#[must_use]
pub fn pages_of_one_collection(exporter: &Exporter, collections: &str) -> Pages {
    let scrape = |accept: &str| exporter.get(&[("Accept", accept)]).expect("the exporter answers a scrape");
    wait::until("three scrapes that share a collection", PATIENCE, || {
        let pages = thread::scope(|scope| {
            let openmetrics = scope.spawn(|| scrape(PROMETHEUS_ACCEPT).text());
            let protobuf = scope.spawn(|| scrape(PROTOBUF_ACCEPT).body);
            let text = scrape("text/plain;version=0.0.4").text();
            let other = "the other scrape ends";
            Pages { text, openmetrics: openmetrics.join().expect(other), protobuf: protobuf.join().expect(other) }
        });
        let number =
            |page: Result<Page, PageError>| page.expect("a correct page").value(collections, &[]).expect("the counter is on the page").to_bits();
        let text = number(page::text(&pages.text));
        let shared = text == number(page::openmetrics(&pages.openmetrics)) && text == number(page::protobuf(&pages.protobuf));
        shared.then_some(pages)
    })
}
