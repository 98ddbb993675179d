//! Users: register, log in, read.

use std::sync::Arc;

use api_metrics::CacheType;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, Session, to_the_end};
use crate::{app::App, error::ApiError, identity, task::PlanKind};

pub(crate) const USERS: CacheType = CacheType::new("user");

#[derive(Deserialize)]
pub(super) struct Registration {
    email: String,
    password: String,
    #[serde(default = "free")]
    plan: PlanKind,
}

const fn free() -> PlanKind {
    PlanKind::Free
}

#[derive(Deserialize)]
pub(super) struct Login {
    email: String,
    password: String,
}

pub(super) async fn register(State(app): State<Arc<App>>, client: Client, Json(wanted): Json<Registration>) -> Result<Response, ApiError> {
    app.limit("/register", client.address).await?;
    let local = wanted.email.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    if local.is_none() || wanted.email.len() > 254 {
        return Err(ApiError::Invalid("email is no address"));
    }
    if !(8..=256).contains(&wanted.password.len()) {
        return Err(ApiError::Invalid("password has 8 to 256 bytes"));
    }
    let hash = app.passwords.hash(app.passwords.turn().await?, wanted.password).await?;
    to_the_end(async move {
        let id = app.store.register(&wanted.email, &hash, wanted.plan).await?.ok_or(ApiError::Conflict)?;
        app.business.user_registered();
        Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
    })
    .await
}

pub(super) async fn login(State(app): State<Arc<App>>, client: Client, Json(wanted): Json<Login>) -> Result<Json<Value>, ApiError> {
    app.limit("/login", client.address).await?;
    let (user, hash) = app.store.login(&wanted.email).await?.unzip();
    let turn = app.passwords.turn().await?;
    // Who guesses and leaves has guessed.
    to_the_end(async move {
        let matches = app.passwords.matches(turn, wanted.password, hash).await;
        let Some(user) = user.filter(|_| matches) else {
            app.security.login_failed(client.address);
            return Err(ApiError::Unauthorized);
        };
        let token = identity::token();
        app.store.open_session(&user, &identity::hashed(&token)).await?;
        Ok(Json(json!({ "token": token, "id": user })))
    })
    .await
}

pub(super) async fn read(State(app): State<Arc<App>>, Path(id): Path<String>, session: Session) -> Result<Response, ApiError> {
    if session.0 != id {
        return Err(ApiError::Forbidden);
    }
    let stored = async {
        let user = app.store.user(&id).await?.ok_or(ApiError::NotFound)?;
        serde_json::to_string(&user).map_err(|_| ApiError::Internal)
    };
    let text = app.cached(USERS, &key(&id), stored).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// The cache's key of a user.
pub(super) fn key(id: &str) -> String {
    format!("user:{id}")
}
