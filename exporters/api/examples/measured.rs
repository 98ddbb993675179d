//! An axum service that is measured: `cargo run -p api-metrics --example measured`, then `curl localhost:3000/users/1` and
//! `curl localhost:3000/metrics`.

use std::{net::SocketAddr, sync::Arc};

use api_metrics::{
    ClientAddress, MetricsLayer, TaskType, TrustedProxies,
    business::Business,
    metrics_page::{self, Open},
    security::Security,
};
use axum::{
    Router,
    extract::{ConnectInfo, Path},
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
            post(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| {
                // Clients come directly here, so what they say of themselves does not count. Behind a proxy of yours: 1.
                let client: ClientAddress = TrustedProxies(0).client(Some(peer.ip()), &headers);
                security.login_failed(client);
                StatusCode::UNAUTHORIZED
            }),
        )
        .merge(metrics_page::router("/metrics", page, Arc::new(Open)))
        // Last, so that the layer knows which route matched.
        .layer(MetricsLayer::builder().exclude(["/metrics"]).build(&registry));

    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await
}
