//! Is it alive, and do its databases answer?

use super::Problem;
use app::{error::AppError, service::Service};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Longer than any database that is well takes to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: asks every database who it is. 200 if all answer, 503 if one does not; with the time each took.
pub async fn ready(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let mut answers = Map::new();
    let mut all = true;
    for backend in service.backends() {
        let began = Instant::now();
        let told = tokio::time::timeout(PATIENCE, service.engine(backend)).await;
        let told = told.unwrap_or_else(|_| Err(AppError::Unavailable { database: backend.title().to_owned() }));
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        all &= told.is_ok();
        let answer = match told {
            Ok(engine) => json!({ "ready": true, "ms": ms, "engine": engine.to_string() }),
            Err(error) => json!({ "ready": false, "ms": ms, "error": error.to_string() }),
        };
        answers.insert(backend.to_string(), answer);
    }
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(json!({ "ready": all, "databases": Value::Object(answers) }))).into_response())
}
