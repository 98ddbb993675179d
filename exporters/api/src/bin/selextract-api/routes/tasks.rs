//! Tasks: create, read, and hear of their end.

use std::{sync::Arc, time::Duration};

use api_metrics::{CacheType, ProxyFailure, TaskStatus};
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{Client, Session, to_the_end, users};
use crate::{
    app::App,
    error::ApiError,
    store::Task,
    task::{Provider, TaskKind},
};

pub(crate) const TASKS: CacheType = CacheType::new("task");

/// Most requests through proxies that one report tells of.
const PROXY_CALLS: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct Wanted {
    task_type: TaskKind,
}

/// What a worker says of a task that has ended.
#[derive(Deserialize)]
pub(super) struct Completion {
    status: String,
    #[serde(default)]
    runtime_seconds: Option<f64>,
    #[serde(default)]
    units: f64,
    #[serde(default)]
    proxy_requests: Vec<ProxyCall>,
}

#[derive(Deserialize)]
struct ProxyCall {
    provider: Provider,
    #[serde(default)]
    failure: Option<String>,
}

pub(super) async fn create(State(app): State<Arc<App>>, client: Client, session: Session, Json(wanted): Json<Wanted>) -> Result<Response, ApiError> {
    app.limit("/tasks", client.address).await?;
    to_the_end(async move {
        let task = app.store.create_task(&session.0, wanted.task_type).await?;
        app.business.task_created(wanted.task_type.label(), &session.0);
        if let Some(queue) = &app.queue
            && let Err(error) = queue.send(&task.id, task.kind, &session.0).await
        {
            // Nobody will work on it: it has ended before it began.
            if app.store.end_task(&task.id, TaskStatus::Failed.as_str(), None).await?.is_some() {
                app.business.task_completed(wanted.task_type.label(), TaskStatus::Failed, None);
            }
            return Err(error);
        }
        Ok((StatusCode::ACCEPTED, Json(task)).into_response())
    })
    .await
}

pub(super) async fn read(State(app): State<Arc<App>>, Path(id): Path<String>, session: Session) -> Result<Response, ApiError> {
    let stored = async {
        let task = app.store.task(&id).await?.ok_or(ApiError::NotFound)?;
        serde_json::to_string(&task).map_err(|_| ApiError::Internal)
    };
    let text = app.cached(TASKS, &key(&id), stored).await?;
    let task: Task = serde_json::from_str(&text).map_err(|_| ApiError::Internal)?;
    // Whether a task of somebody else exists is none of the asker's business.
    if task.user_id != session.0 {
        return Err(ApiError::NotFound);
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

pub(super) async fn complete(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    client: Client,
    headers: HeaderMap,
    Json(completion): Json<Completion>,
) -> Result<StatusCode, ApiError> {
    if !client.may_report(&app, &headers) {
        return Err(ApiError::Unauthorized);
    }
    let status = TaskStatus::parse(&completion.status).ok_or(ApiError::Invalid("status is succeeded, failed, cancelled or timed_out"))?;
    let executed = completion.runtime_seconds.map(Duration::try_from_secs_f64).transpose();
    let executed = executed.map_err(|_| ApiError::Invalid("runtime_seconds is a time"))?;
    if !(completion.units.is_finite() && completion.units >= 0.0) {
        return Err(ApiError::Invalid("units is an amount"));
    }
    to_the_end(async move {
        let Some(task) = app.store.end_task(&id, status.as_str(), completion.runtime_seconds).await? else {
            // Reported again, or never ours: either way nothing more is to be counted.
            return Err(if app.store.task(&id).await?.is_some() { ApiError::Conflict } else { ApiError::NotFound });
        };
        app.business.task_completed(task.kind.label(), status, executed);
        count_calls(&app, &completion.proxy_requests);
        if completion.units > 0.0 && app.store.consume(&task.user_id, completion.units).await?.is_some() {
            app.business.compute_units_consumed(&task.user_id, task.kind.label(), completion.units);
            app.cache.remove(&users::key(&task.user_id)).await;
        }
        app.cache.remove(&key(&id)).await;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn count_calls(app: &App, calls: &[ProxyCall]) {
    for call in calls.iter().take(PROXY_CALLS) {
        app.business.proxy_requested(call.provider.label());
        if let Some(failure) = &call.failure {
            let failure = ProxyFailure::ALL.into_iter().find(|known| known.as_str() == failure).unwrap_or(ProxyFailure::Other);
            app.business.proxy_failed(call.provider.label(), failure);
        }
    }
}

fn key(id: &str) -> String {
    format!("task:{id}")
}
