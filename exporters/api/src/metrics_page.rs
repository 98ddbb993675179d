//! The route that Prometheus scrapes.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use exporter_core::{Exposition, Rendered};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};

use crate::credentials::{Credentials, Refusal};

/// Whether a request may; else the answer instead of the page.
pub type Checked<'a> = Pin<Box<dyn Future<Output = Result<(), Box<Response>>> + Send + 'a>>;

/// Who may read the page.
pub trait Access: fmt::Debug + Send + Sync + 'static {
    /// Whether the request with this head may. A password takes long to check, so it is checked off the threads that serve.
    fn check<'a>(&'a self, head: &'a Parts) -> Checked<'a>;
}

/// Everybody who reaches it, as with every exporter.
#[derive(Clone, Copy, Debug)]
pub struct Open;

impl Access for Open {
    fn check<'a>(&'a self, _head: &'a Parts) -> Checked<'a> {
        Box::pin(async { Ok(()) })
    }
}

impl Access for Credentials {
    fn check<'a>(&'a self, head: &'a Parts) -> Checked<'a> {
        let checked = Self::check(self, &head.headers).map_err(|refusal| {
            let status = if refusal == Refusal::Unreadable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNAUTHORIZED };
            Box::new((status, [(header::WWW_AUTHENTICATE, self.challenge())], format!("{refusal}\n")).into_response())
        });
        Box::pin(async { checked })
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

async fn answer(State(page): State<Page>, request: Request) -> Response {
    let head = request.into_parts().0;
    if let Err(refused) = page.access.check(&head).await {
        return *refused;
    }
    // A large page takes milliseconds to write, which is not to hold up the requests that it is about.
    let written = tokio::task::spawn_blocking(move || page.write(&head.headers)).await;
    written.unwrap_or_else(|_| (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be written\n").into_response())
}

impl Page {
    fn write(&self, headers: &HeaderMap) -> Response {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        sent(self.exposition.render(text(&header::ACCEPT), text(&header::ACCEPT_ENCODING)))
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
