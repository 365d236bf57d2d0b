//! Is it alive, and do its databases answer?

use super::Problem;
use app::service::Service;
use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, join_all},
};
use onsale::{Backend, Engine};
use serde_json::{Map, Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinError;

/// Longer than opening a connection may take, so that whoever failed to can say which.
const PATIENCE: Duration = Duration::from_secs(15);

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: asks every database, through every regional endpoint, whether it can be used, and who it is. 200 if all
/// can, 503 if one cannot, with the reason and the mend in a line; and with the time each took.
pub async fn ready(
    State(service): State<Arc<Service>>,
    Extension(checks): Extension<Arc<Checks>>,
) -> Result<Response, Problem> {
    let (status, answer) = checks.join(service).await;
    Ok((status, Json(answer)).into_response())
}

type Answer = (StatusCode, Value);

/// The check that is under way, if one is: whoever asks meanwhile shares it, so that many monitors, or somebody who
/// repeats the question, do not take the connections of the site.
#[derive(Default)]
pub struct Checks(Mutex<Option<Shared<BoxFuture<'static, Answer>>>>);

impl Checks {
    async fn join(&self, service: Arc<Service>) -> Answer {
        let check = {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let running = under_way.take().filter(|check| check.peek().is_none());
            // In a task of its own: a monitor that goes away leaves the others their answer.
            let check = running.unwrap_or_else(|| {
                let task = tokio::spawn(async move { check(&service).await });
                let stopped =
                    |error: JoinError| (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": error.to_string() }));
                task.map(move |answer| answer.unwrap_or_else(stopped)).boxed().shared()
            });
            under_way.insert(check).clone()
        };
        check.await
    }
}

async fn check(service: &Service) -> Answer {
    let mut answers = Map::new();
    let mut all = true;
    for (backend, ms, told) in join_all(service.backends().into_iter().map(|backend| timed(service, backend))).await {
        all &= told.is_ok();
        let answer = match told {
            Ok(engine) => json!({ "ready": true, "ms": ms, "engine": engine.to_string() }),
            Err(error) => json!({ "ready": false, "ms": ms, "error": error }),
        };
        answers.insert(backend.to_string(), answer);
    }
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, json!({ "ready": all, "databases": Value::Object(answers) }))
}

/// What one database says, and how many milliseconds it took.
async fn timed(service: &Service, backend: Backend) -> (Backend, u64, Result<Engine, String>) {
    let began = Instant::now();
    let told = tokio::time::timeout(PATIENCE, usable(service, backend)).await;
    let told = told.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
    (backend, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), told)
}

async fn usable(service: &Service, backend: Backend) -> Result<Engine, String> {
    service.check(backend).await?;
    service.engine(backend).await.map_err(|error| error.to_string())
}
