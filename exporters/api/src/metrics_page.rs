//! The route that Prometheus scrapes.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use exporter_core::{Exposition, Rendered};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::credentials::{Credentials, Refusal};

/// Who may read the page.
pub trait Access: fmt::Debug + Send + Sync + 'static {
    /// Whether this request may.
    ///
    /// # Errors
    /// The answer instead of the page.
    fn check(&self, headers: &HeaderMap) -> Result<(), Box<Response>>;
}

/// Everybody who reaches it, as with every exporter.
#[derive(Clone, Copy, Debug)]
pub struct Open;

impl Access for Open {
    fn check(&self, _headers: &HeaderMap) -> Result<(), Box<Response>> {
        Ok(())
    }
}

impl Access for Credentials {
    fn check(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        Self::check(self, headers).map_err(|refusal| {
            let status = if refusal == Refusal::Unreadable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNAUTHORIZED };
            Box::new((status, [(header::WWW_AUTHENTICATE, self.challenge())], format!("{refusal}\n")).into_response())
        })
    }
}

#[derive(Clone)]
struct Page {
    exposition: Arc<Exposition>,
    access: Arc<dyn Access>,
}

/// Routes GET and HEAD of `path` to the page.
pub fn router<S: Clone + Send + Sync + 'static>(path: &str, exposition: Exposition, access: Arc<dyn Access>) -> Router<S> {
    let page = Page { exposition: Arc::new(exposition), access };
    Router::new().route(path, get(answer)).with_state(page)
}

async fn answer(State(page): State<Page>, headers: HeaderMap) -> Response {
    // A large page takes milliseconds to write, and a password longer to check: neither is to hold up the requests that it is about.
    let written = tokio::task::spawn_blocking(move || page.write(&headers)).await;
    let Ok(written) = written else { return (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be written\n").into_response() };
    written.unwrap_or_else(|refused| *refused)
}

impl Page {
    fn write(&self, headers: &HeaderMap) -> Result<Response, Box<Response>> {
        self.access.check(headers)?;
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(sent(self.exposition.render(text(&header::ACCEPT), text(&header::ACCEPT_ENCODING))))
    }
}

fn sent(rendered: Rendered) -> Response {
    let mut answer = rendered.body.into_response();
    let headers = answer.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(&rendered.content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if let Some(encoding) = rendered.content_encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
