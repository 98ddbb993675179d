//! What is served where.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Bytes,
    header::{ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS},
};
use tokio::time::Instant;

use super::limits::{Limit, Limits};
use crate::{
    encode::{Negotiated, accepts_gzip},
    flight::Source,
    page::{Filter, Page},
    runner::Runner,
    site::{Site, SiteAnswer, SiteQuestion},
};

/// Scrapes that may wait for a collection at once; more are told to come back.
const WAITING: usize = 128;

/// What Prometheus says of its patience, in seconds.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// How much earlier than Prometheus gives up a page has to leave.
const MARGIN: Duration = Duration::from_millis(500);

pub(super) type Answer = Response<Full<Bytes>>;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Routes<S> {
    runner: Runner<S>,
    site: Option<Arc<dyn Site>>,
    name: &'static str,
    telemetry_path: String,
    scrape_timeout: Duration,
    waiting: AtomicUsize,
    limits: Arc<Limits>,
}

impl<S: Source> Routes<S> {
    pub(crate) fn new(runner: Runner<S>, name: &'static str, telemetry_path: String, scrape_timeout: Duration, limits: Arc<Limits>) -> Self {
        Self { runner, site: None, name, telemetry_path, scrape_timeout, waiting: AtomicUsize::new(0), limits }
    }

    /// Serves the exporter's further paths too.
    pub(crate) fn with_site(mut self, site: Option<Arc<dyn Site>>) -> Self {
        self.site = site;
        self
    }

    pub(super) async fn answer<B>(&self, request: &Request<B>) -> Answer {
        let path = request.uri().path();
        let own = path == self.telemetry_path || matches!(path, "/" | "/-/healthy" | "/-/ready");
        if !own && self.site.is_none() {
            return plain(StatusCode::NOT_FOUND, "not found\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match path {
            _ if path == self.telemetry_path => {
                let filter = filter(request.uri().query().unwrap_or_default());
                self.metrics(request.headers(), filter, request.method() == Method::HEAD).await
            }
            "/-/healthy" => plain(StatusCode::OK, "healthy\n"),
            "/-/ready" => self.ready(request.headers()).await,
            "/" => self.landing(),
            _ => self.further(path, request.uri().query().unwrap_or_default(), request.headers()).await,
        }
    }

    /// A path that only this exporter has, if it has it.
    async fn further(&self, path: &str, query: &str, headers: &HeaderMap) -> Answer {
        let Some(_waiting) = self.wait() else { return plain(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes are waiting\n") };
        let deadline = Instant::now() + budget(self.scrape_timeout, headers);
        let answer = match &self.site {
            Some(site) => site.answer(SiteQuestion { path, query, deadline }).await,
            None => None,
        };
        match answer {
            Some(SiteAnswer::Metrics(page)) => written(page, headers, filter(query)).await,
            Some(SiteAnswer::Html(body)) => typed(StatusCode::OK, "text/html; charset=utf-8", body.into()),
            Some(SiteAnswer::Refused(why)) => plain(StatusCode::BAD_REQUEST, why + "\n"),
            Some(SiteAnswer::Unavailable(why)) => plain(StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
            None => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    async fn metrics(&self, headers: &HeaderMap, filter: Filter, head: bool) -> Answer {
        if head {
            // The headers of a page are known without asking the target for one.
            return exposition(Negotiated::from_accept(text(headers, &ACCEPT)), Bytes::new());
        }
        match self.page(headers).await {
            Some(page) => written(page, headers, filter).await,
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes are waiting\n"),
        }
    }

    /// Ready is what answers a scrape: the target is asked now, or the scrape under way is shared.
    async fn ready(&self, headers: &HeaderMap) -> Answer {
        let Some(page) = self.page(headers).await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "too many scrapes are waiting\n");
        };
        match &page.outcome {
            Ok(()) => plain(StatusCode::OK, "ready\n"),
            Err(failure) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("the target cannot be read: {}\n", failure.reason)),
        }
    }

    fn landing(&self) -> Answer {
        let (name, path) = (self.name, &self.telemetry_path);
        let body = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{name}</title></head>\n<body>\n<h1>{name} {}</h1>\n\
             <ul>\n<li><a href=\"{path}\">Metrics</a></li>\n<li><a href=\"/-/healthy\">Healthy</a>: the exporter answers</li>\n\
             <li><a href=\"/-/ready\">Ready</a>: the target answers the exporter</li>\n</ul>\n</body>\n</html>\n",
            crate::VERSION
        );
        typed(StatusCode::OK, "text/html; charset=utf-8", body.into())
    }

    /// A place among those who wait, if one is free.
    fn wait(&self) -> Option<Waiting<'_>> {
        let place = Waiting::enter(&self.waiting);
        if place.is_none() {
            self.limits.hit(Limit::WaitingScrapes);
        }
        place
    }

    async fn page(&self, headers: &HeaderMap) -> Option<Arc<Page>> {
        let _waiting = self.wait()?;
        Some(self.runner.page(Instant::now() + budget(self.scrape_timeout, headers)).await)
    }
}

/// The page, or the part of it that was asked for, in the form that the scraper prefers.
async fn written(page: Arc<Page>, headers: &HeaderMap, filter: Filter) -> Answer {
    if let Some(unknown) = filter.collectors.iter().find(|wanted| !page.collectors.contains(&wanted.as_str())) {
        return plain(StatusCode::BAD_REQUEST, format!("collect[]: found {unknown:?}, expected one of {}\n", page.collectors.join(", ")));
    }
    let agreed = Negotiated::from_accept(text(headers, &ACCEPT));
    let gzip = accepts_gzip(text(headers, &ACCEPT_ENCODING));
    let encode = move |page: &Page| if filter.is_empty() { page.encoded(agreed.format, gzip) } else { page.filtered(&filter, agreed.format, gzip) };
    let (body, compressed) = if page.is_large() {
        let Ok(encoded) = tokio::task::spawn_blocking(move || encode(&page)).await else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be encoded\n");
        };
        encoded
    } else {
        encode(&page)
    };
    let mut answer = exposition(agreed, body);
    if compressed {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// The time that a page may take: what is configured, or what the scraper has left if that is less.
fn budget(configured: Duration, headers: &HeaderMap) -> Duration {
    let seconds = headers.get(SCRAPE_TIMEOUT).and_then(|value| value.to_str().ok()?.parse::<f64>().ok());
    let patience = seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    patience.map_or(configured, |patience| configured.min(patience.saturating_sub(MARGIN.min(patience / 2))))
}

/// The parts of the page that `name[]` and `collect[]` ask for.
fn filter(query: &str) -> Filter {
    let mut filter = Filter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "name[]" => filter.names.push(value.into_owned()),
            "collect[]" => filter.collectors.push(value.into_owned()),
            _ => {}
        }
    }
    filter
}

/// A place among the waiting scrapes, given back when dropped.
#[derive(Debug)]
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let place = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < WAITING).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn exposition(agreed: Negotiated, body: Bytes) -> Answer {
    let mut answer = typed(StatusCode::OK, agreed.format.content_type(), body);
    if let Ok(content_type) = HeaderValue::from_str(&agreed.content_type()) {
        answer.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    answer
}

pub(super) fn plain(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", body.into())
}

fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_leaves_a_margin_to_the_scraper() {
        let configured = Duration::from_secs(10);
        for (header, expected) in [
            ("15", 10_000),
            ("10", 9_500),
            ("1.5", 1_000),
            ("1", 500),
            ("0.4", 200),
            ("0", 10_000),
            ("-1", 10_000),
            ("NaN", 10_000),
            ("1e300", 10_000),
            ("soon", 10_000),
        ] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(SCRAPE_TIMEOUT), HeaderValue::from_static(header))]);
            assert_eq!(budget(configured, &headers), Duration::from_millis(expected), "{header}");
        }
        assert_eq!(budget(configured, &HeaderMap::new()), configured);
    }

    #[test]
    fn filters_are_read_from_the_query() {
        let found = filter("name[]=redis_up&collect%5B%5D=info&collect[]=slow+log&other=x&name[]");
        assert_eq!((found.names, found.collectors), (vec!["redis_up".to_owned(), String::new()], vec!["info".to_owned(), "slow log".to_owned()]));
        assert!(filter("").is_empty() && filter("name=x").is_empty());
    }

    #[test]
    fn waiting_places_are_given_back() {
        let count = AtomicUsize::new(0);
        let places: Vec<_> = std::iter::from_fn(|| Waiting::enter(&count)).take(WAITING + 5).collect();
        assert_eq!(places.len(), WAITING);
        assert!(Waiting::enter(&count).is_none());
        drop(places);
        assert_eq!(count.into_inner(), 0);
    }
}
