//! A page of metrics for a program that has an HTTP server of its own.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{
    encode::{Negotiated, accepts_gzip},
    foreign,
    page::{Page, Pool},
    process::Process,
    registry::Registry,
    samples::Samples,
};

type Collect = Box<dyn Fn(&mut Samples) + Send + Sync>;
type Foreign = Box<dyn Fn(&mut String) -> fmt::Result + Send + Sync>;

/// A registry, and whatever else belongs on the same page.
///
/// ```
/// use exporter_core::{Exposition, Registry};
///
/// let registry = Registry::default();
/// let exposition = Exposition::new(registry.clone())
///     .with_foreign(|out| std::fmt::Write::write_str(out, "# TYPE jobs gauge\njobs 3\n# EOF\n"));
/// let page = exposition.render("text/plain", "gzip;q=0");
/// assert_eq!(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
/// assert!(page.body.starts_with(b"# HELP jobs \n# TYPE jobs gauge\njobs 3\n"));
/// ```
pub struct Exposition {
    registry: Registry,
    collect: Vec<Collect>,
    foreign: Vec<Foreign>,
    process: Process,
    pool: Arc<Pool>,
}

/// A page, ready to be sent.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Exact `Content-Type`.
    pub content_type: String,
    /// `Content-Encoding`, if there is one.
    pub content_encoding: Option<&'static str>,
    /// The bytes.
    pub body: Bytes,
}

impl fmt::Debug for Exposition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exposition").field("registry", &self.registry).finish_non_exhaustive()
    }
}

impl Exposition {
    /// A page of this registry and of the process.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry, collect: Vec::new(), foreign: Vec::new(), process: Process::new(), pool: Arc::default() }
    }

    /// Asks `collect` for samples each time a page is made.
    #[must_use]
    pub fn with_collect(mut self, collect: impl Fn(&mut Samples) + Send + Sync + 'static) -> Self {
        self.collect.push(Box::new(collect));
        self
    }

    /// Takes over the metrics of another library, which `write` writes as `OpenMetrics` text: for instance
    /// `prometheus_client::encoding::text::encode`. A family that is already on the page is left out.
    #[must_use]
    pub fn with_foreign(mut self, write: impl Fn(&mut String) -> fmt::Result + Send + Sync + 'static) -> Self {
        self.foreign.push(Box::new(write));
        self
    }

    /// The page as it is now, in the form that the request's `Accept` and `Accept-Encoding` ask for.
    #[must_use]
    pub fn render(&self, accept: &str, accept_encoding: &str) -> Rendered {
        let mut samples = self.pool.take();
        for collect in &self.collect {
            collect(&mut samples);
        }
        let mut text = String::new();
        for write in &self.foreign {
            text.clear();
            // What was written before an error is still good: it is read line by line.
            let _ = write(&mut text);
            foreign::read(&text, &mut samples);
        }
        self.process.collect(&mut samples);
        let page = Page::new(samples, self.registry.clone(), Ok(()), Arc::clone(&self.pool));
        let agreed = Negotiated::from_accept(accept);
        let (body, compressed) = page.encoded(agreed.format, accepts_gzip(accept_encoding));
        Rendered { content_type: agreed.content_type(), content_encoding: compressed.then_some("gzip"), body }
    }
}
