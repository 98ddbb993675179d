//! What is served where.

use std::{net::SocketAddr, sync::Arc};

use api_metrics::{
    ClientAddress,
    metrics_page::{self, Access},
};
use axum::{
    Json, Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Query, State},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use exporter_core::Exposition;
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::Deserialize;
use serde_json::json;

use crate::{app::App, error::ApiError, identity};

mod tasks;
mod units;
mod users;

/// Largest request of a user; alerts have a limit of their own.
const BODY_BYTES: usize = 16 << 10;

/// The whole service, without the layer that measures it.
pub(crate) fn router(app: &Arc<App>, exposition: Exposition, access: Box<dyn Access>, webhook: Router) -> Router {
    let access: Arc<dyn Access> = access.into();
    let alerts = Router::new().route("/alerts", get(alerts)).with_state((app.alerts.clone(), Arc::clone(&access)));
    Router::new()
        .route("/register", post(users::register))
        .route("/login", post(users::login))
        .route("/users/{id}", get(users::read))
        .route("/tasks", post(tasks::create))
        .route("/tasks/{id}", get(tasks::read))
        .route("/internal/tasks/{id}/completion", post(tasks::complete))
        .route("/units/consume", post(units::consume))
        .route("/units/purchase", post(units::purchase))
        .route("/test-endpoint", get(test_endpoint))
        .route("/health", get(|| async { Json(json!({ "status": "ok" })) }))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(Arc::clone(app))
        .merge(alerts)
        .merge(metrics_page::router("/metrics", exposition, access))
        .nest("/internal/alerts", webhook)
}

/// Who sends the request.
pub(crate) struct Client {
    address: ClientAddress,
    /// Whether it came from this machine itself, and not through a proxy.
    local: bool,
}

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let local = peer.is_some_and(|peer| peer.to_canonical().is_loopback()) && !parts.headers.contains_key("x-forwarded-for");
        Ok(Self { address: app.proxies.client(peer, &parts.headers), local })
    }
}

/// The user who is logged in.
pub(crate) struct Session(String);

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.ok_or(ApiError::Unauthorized)?;
        app.store.session(&identity::hashed(token)).await?.map(Self).ok_or(ApiError::Unauthorized)
    }
}

#[derive(Deserialize)]
struct Wanted {
    status: Option<u16>,
}

/// Answers with the status that it is asked for: to try alerts out.
async fn test_endpoint(Query(wanted): Query<Wanted>) -> Result<Response, ApiError> {
    let status = wanted.status.unwrap_or(200);
    let status = StatusCode::from_u16(status).ok().filter(|_| (200..600).contains(&status)).ok_or(ApiError::Invalid("status is 200 to 599"))?;
    Ok((status, Json(json!({ "status": status.as_u16() }))).into_response())
}

type Kept = (crate::alerts::AlertStore, Arc<dyn Access>);

/// The last alerts: for people, or as JSON for who prefers that.
async fn alerts(State((alerts, access)): State<Kept>, headers: HeaderMap) -> Response {
    let json = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("application/json"));
    // A password takes a while to check.
    let allowed = tokio::task::spawn_blocking(move || access.check(&headers)).await;
    match allowed {
        Ok(Ok(())) if json => Json(alerts.list()).into_response(),
        Ok(Ok(())) => ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'")], Html(alerts.html())).into_response(),
        Ok(Err(refused)) => *refused,
        Err(_) => ApiError::Internal.into_response(),
    }
}

#[cfg(test)]
mod tests;
