//! The tower layer: what it counts, and from when to when.
//!
//! A request **starts** when the wrapped service is called. It **ends** once, at the first of these:
//!
//! | what happens | `status_code` | also |
//! |---|---|---|
//! | the body has handed over its last byte, or the answer has no body | that of the answer | |
//! | the future or the body is dropped before that: the client left | 499 | `http_requests_aborted_total` |
//! | the service or the body returns an error | 500 | |
//! | the service or the body panics | 500 | `http_handler_panics_total`; the panic goes on to whatever catches it |
//!
//! A body counts as complete when it ends, when it says that it has ended, or when it is dropped after as many bytes as the head
//! declared; an answer to HEAD, a 204 or a 304 ends with its head.
//!
//! | metric | from | to |
//! |---|---|---|
//! | `http_requests_total{method,endpoint,status_code}` | | the end |
//! | `http_request_duration_seconds{method,endpoint}` | the start | the end, aborted and failed requests included |
//! | `http_response_first_byte_seconds{method,endpoint}` | the start | the head of the answer |
//! | `http_request_size_bytes{method,endpoint}` | the first byte that the service reads | when it drops the body |
//! | `http_response_size_bytes{method,endpoint}` | the first byte that the server takes | the end |
//! | `http_requests_aborted_total{method,endpoint}`, `http_handler_panics_total{method,endpoint}` | | the end |
//! | `selextract_active_connections` | up at the start | down at the end |
//! | `http_event_streams_active`, `http_event_stream_duration_seconds{endpoint}` | the head of an event stream | its end |
//!
//! *Upgraded connections* (101, or 2xx to CONNECT) end with their head and are counted in `http_requests_total` only: what follows is
//! not HTTP. *Event streams* (`text/event-stream`) are in flight while open and have durations of their own; neither is in the latency
//! histograms, except under the names of `OpenTelemetry`, where the count of the durations is that of the requests: there they are in it
//! with the time until their head. That the reader of an event stream leaves is not an abortion.
//!
//! `endpoint` is the template of the matched route, `unmatched` where no route matched; `method` is `_OTHER` for one that is not
//! registered; `status_code` is `_OTHER` outside 100 to 599. All three are closed sets, whatever clients send. With the first request of
//! a method to an endpoint its 500s, 499s, panics and aborted requests are exposed at 0, so that the first of them is seen as an increase.
//! Times are monotonic: the wall clock does not matter.
//!
//! Where a request brings a sampled `traceparent`, its trace and span are the exemplars of `http_requests_total` and of the two
//! histograms of times, which `OpenMetrics` and protobuf pages show.
//!
//! `axum::serve` gives a router its state once. Before another server has it, call `with_state(())`: a router that still waits for its
//! state puts the route, and its layers, together anew for each request.
//!
//! ```
//! use api_metrics::MetricsLayer;
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use exporter_core::{Exposition, Registry};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let registry = Registry::default();
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(|| async { "Ada" }))
//!     // After the routes, so that the layer knows which one matched.
//!     .layer(MetricsLayer::builder().exclude(["/health"]).build(&registry));
//!
//! let answer = app.oneshot(Request::get("/users/42").body(Body::empty()).unwrap()).await.unwrap();
//! axum::body::to_bytes(answer.into_body(), 64).await.unwrap();
//!
//! let page = Exposition::new(registry).render("text/plain", "");
//! let page = String::from_utf8(page.body.to_vec()).unwrap();
//! assert!(page.contains("http_requests_total{method=\"GET\",endpoint=\"/users/{id}\",status_code=\"200\"} 1\n"));
//! assert!(page.contains("http_response_size_bytes_sum{method=\"GET\",endpoint=\"/users/{id}\"} 3\n"));
//! # }
//! ```

mod endpoint;
mod exchange;
mod future;
mod instruments;
mod layer;
mod method;
mod request_body;
mod response_body;
mod service;
mod status;

pub use exporter_core::InvalidBounds;
pub use future::ResponseFuture;
pub use layer::{MetricsLayer, MetricsLayerBuilder, Names};
pub use request_body::{Countable, CountedBody, Tally};
pub use response_body::ResponseBody;
pub use service::Metrics;
