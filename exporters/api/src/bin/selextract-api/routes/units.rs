//! Compute units: consumed, and bought.

use std::sync::Arc;

use api_metrics::Currency;
use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Session, to_the_end, users};
use crate::{
    app::App,
    error::ApiError,
    task::{PlanKind, TaskKind},
};

/// Most units of one request.
const MOST: f64 = 1e6;

#[derive(Deserialize)]
pub(super) struct Consumption {
    units: f64,
    task_type: TaskKind,
}

#[derive(Deserialize)]
pub(super) struct Purchase {
    units: f64,
    plan: PlanKind,
}

pub(super) async fn consume(State(app): State<Arc<App>>, session: Session, Json(wanted): Json<Consumption>) -> Result<Json<Value>, ApiError> {
    let units = amount(wanted.units)?;
    to_the_end(async move {
        let left = app.store.consume(&session.0, units).await?.ok_or(ApiError::Exhausted)?;
        app.business.compute_units_consumed(&session.0, wanted.task_type.label(), units);
        app.cache.remove(&users::key(&session.0)).await;
        Ok(Json(json!({ "units": left })))
    })
    .await
}

pub(super) async fn purchase(State(app): State<Arc<App>>, session: Session, Json(wanted): Json<Purchase>) -> Result<Json<Value>, ApiError> {
    let units = amount(wanted.units)?;
    to_the_end(async move {
        let left = app.store.add_units(&session.0, units).await?.ok_or(ApiError::NotFound)?;
        app.business.revenue(Currency::EUR, wanted.plan.label(), units * wanted.plan.price());
        app.cache.remove(&users::key(&session.0)).await;
        Ok(Json(json!({ "units": left })))
    })
    .await
}

fn amount(units: f64) -> Result<f64, ApiError> {
    // A JSON number is never NaN, but it may be negative or absurd.
    if units > 0.0 && units <= MOST { Ok(units) } else { Err(ApiError::Invalid("units is more than 0 and at most a million")) }
}
