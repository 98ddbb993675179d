//! What an exporter serves beside its own page: other targets (`/probe`), a page for people (`/status`).

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use tokio::time::Instant;

use crate::page::Page;

/// Further paths of an exporter; asked for every path that core does not serve itself.
pub trait Site: fmt::Debug + Send + Sync + 'static {
    /// The answer, or `None` if the path is not one of this site's.
    fn answer<'a>(&'a self, question: SiteQuestion<'a>) -> SiteFuture<'a>;
}

/// An answer in the making.
pub type SiteFuture<'a> = Pin<Box<dyn Future<Output = Option<SiteAnswer>> + Send + 'a>>;

/// A GET or HEAD request for a path of a site.
#[derive(Clone, Copy, Debug)]
pub struct SiteQuestion<'a> {
    /// Path, beginning with a slash.
    pub path: &'a str,
    /// What follows the question mark, not yet decoded.
    pub query: &'a str,
    /// When the answer has to leave.
    pub deadline: Instant,
}

impl SiteQuestion<'_> {
    /// The decoded value of a parameter; the first one if it is there twice.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }
}

/// What a site answers.
#[derive(Debug)]
pub enum SiteAnswer {
    /// A page of metrics, in the format that the scraper asks for: from [`Target::page`](crate::Target::page).
    Metrics(Arc<Page>),
    /// A page for people.
    Html(String),
    /// Status 400 and one line that says what is wrong with the request.
    Refused(String),
    /// Status 503 and one line that says what is missing.
    Unavailable(String),
}
