//! What a client is told when something does not work.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use crate::cache::WINDOW;

/// Why a request was not answered as it wished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    Invalid(&'static str),
    #[error("wrong or missing credentials")]
    Unauthorized,
    #[error("not yours")]
    Forbidden,
    #[error("not found")]
    NotFound,
    #[error("already there")]
    Conflict,
    #[error("not enough compute units")]
    Exhausted,
    #[error("too many requests")]
    TooMany,
    /// What the service needs is not there; why is in the log, and none of the client's business.
    #[error("{0}")]
    Unavailable(String),
    #[error("internal error")]
    Internal,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Exhausted => StatusCode::PAYMENT_REQUIRED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let shown = if let Self::Unavailable(_) = self { "temporarily unavailable".to_owned() } else { self.to_string() };
        let mut answer = (status, Json(json!({ "error": shown }))).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            answer.headers_mut().insert(header::RETRY_AFTER, WINDOW.as_secs().into());
        }
        answer
    }
}
