//! What is served where.

use std::{net::SocketAddr, panic::resume_unwind, sync::Arc};

use api_metrics::{
    CacheType, ClientAddress, TrustedProxies,
    metrics_page::{self, Access},
};
use axum::{
    Json, Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Query, Request, State},
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

/// The caches that the handlers read.
pub(crate) const CACHES: [CacheType; 2] = [users::USERS, tasks::TASKS];

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

/// Runs to its end what changes and counts something, though the client leaves meanwhile: what has changed is counted.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T, ApiError>> + Send + 'static) -> Result<T, ApiError> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        // Where it would have panicked without this.
        Err(error) => error.try_into_panic().map_or(Err(ApiError::Internal), |panic| resume_unwind(panic)),
    }
}

/// Who sends the request.
pub(crate) struct Client {
    address: ClientAddress,
    /// Whether it is the simulation, on a connection of this very process.
    simulated: bool,
}

impl Client {
    /// Whether it may say how tasks have ended.
    fn may_report(&self, app: &App, headers: &HeaderMap) -> bool {
        self.simulated || app.worker.as_ref().map_or(app.local, |worker| worker.check(headers).is_ok())
    }
}

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let simulated = peer.is_some_and(|peer| app.simulator.is(peer));
        // Simulated clients have addresses of their own, which they bring in the header.
        let proxies = if simulated { TrustedProxies(1) } else { app.proxies };
        Ok(Self { address: proxies.client(peer.map(|peer| peer.ip()), &parts.headers), simulated })
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
async fn alerts(State((alerts, access)): State<Kept>, request: Request) -> Response {
    let head = request.into_parts().0;
    let json = head.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("application/json"));
    match access.check(&head).await {
        Ok(()) if json => Json(alerts.list()).into_response(),
        Ok(()) => ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'")], Html(alerts.html())).into_response(),
        Err(refused) => *refused,
    }
}

#[cfg(test)]
mod left;
#[cfg(test)]
mod tests;
