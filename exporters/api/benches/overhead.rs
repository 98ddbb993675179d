//! Instructions per request of an axum service over HTTP/1.1, for a counter such as callgrind's to run under: serves as many requests
//! as its second argument says, bare or with the layer that its first names (axum itself boxes
//! what any layer wraps: that is what `identity` shows).
//!
//! ```text
//! for n in 1000 6000; do valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/deps/overhead-… ours $n; done
//! ```
#![allow(clippy::allow_attributes, clippy::print_stderr, clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panicking")]

use api_metrics::MetricsLayer;
use axum::{Router, routing::get};
use axum_prometheus::PrometheusMetricLayerBuilder;
use exporter_core::Registry;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const REQUEST: &[u8] = b"GET /users/42 HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: curl/8.9.1\r\naccept: */*\r\naccept-encoding: gzip\r\n\r\n";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (Some(layer), Some(requests)) = (arguments.next(), arguments.next()) else {
        eprintln!("expected bare, identity, ours or theirs, and a number of requests");
        return;
    };
    let app: Router = Router::new().route("/users/{id}", get(|| async { axum::Json(serde_json::json!({ "id": 42, "name": "Ada" })) }));
    let app = match layer.as_str() {
        "ours" => app.layer(MetricsLayer::new(&Registry::default())),
        "theirs" => app.layer(PrometheusMetricLayerBuilder::new().enable_response_body_size(true).with_default_metrics().build_pair().0),
        "identity" => app.layer(tower::layer::util::Identity::new()),
        _ => app,
    };
    let (mut client, server) = tokio::io::duplex(1 << 16);
    tokio::spawn(
        async move { hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), TowerToHyperService::new(app)).await },
    );
    let mut answer = [0; 4096];
    for _ in 0..requests.parse::<u32>().unwrap() {
        client.write_all(REQUEST).await.unwrap();
        // The whole answer is written at once.
        assert!(client.read(&mut answer).await.unwrap() > 100);
    }
}
