//! An axum service that is measured: `cargo run -p api-metrics --example measured`, then `curl localhost:3000/users/1` and
//! `curl localhost:3000/metrics`.

use std::sync::Arc;

use api_metrics::{
    ClientAddress, MetricsLayer, TaskType, TrustedProxies,
    business::Business,
    metrics_page::{self, Open},
    security::Security,
};
use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use exporter_core::{Exposition, Registry};

const EXPORT: TaskType = TaskType::new("export");

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let registry = Registry::default();
    let business = Business::new(&registry, &[EXPORT]);
    let security = Security::new(&registry, &["/login"]);

    let page = {
        let (business, security) = (business.clone(), security.clone());
        Exposition::new(registry.clone()).with_collect(move |samples| {
            business.collect(samples);
            security.collect(samples);
        })
    };
    let app = Router::new()
        .route("/users/{id}", get(|Path(id): Path<u64>| async move { format!("user {id}\n") }))
        .route("/exports", post(async move || business.task_created(EXPORT, "user-1")))
        .route(
            "/login",
            post(async move |headers: HeaderMap| {
                // Behind one proxy of ours; 0 where clients come directly.
                let client: ClientAddress = TrustedProxies(1).client(None, &headers);
                security.login_failed(client);
                StatusCode::UNAUTHORIZED
            }),
        )
        .merge(metrics_page::router("/metrics", page, Arc::new(Open)))
        // Last, so that the layer knows which route matched.
        .layer(MetricsLayer::builder().exclude(["/metrics"]).build(&registry));

    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await
}
