//! A burst over HTTP: created by POST, observed by GET, so that nothing starts twice.

use super::{Answer, Problem, body::Posted};
use app::{
    api::{BreakItAnswer, BurstEvent},
    error::AppError,
    service::{BurstRequest, Service},
};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt};
use onsale::{RunId, SeatId};
use serde_json::json;
use std::{convert::Infallible, sync::Arc};

/// `POST /api/breakit`: runs to the end, then answers.
pub async fn break_it(State(service): State<Arc<Service>>, body: Posted) -> Answer<BreakItAnswer> {
    let wish = wish(&service, body)?;
    Ok(Json(service.break_it_and_wait(wish).await?))
}

/// `POST /api/bursts`: starts, and says where to watch.
pub async fn start(State(service): State<Arc<Service>>, body: Posted) -> Result<Response, Problem> {
    let wish = wish(&service, body)?;
    let (run, ahead) = service.start_burst(wish).await?;
    let body = json!({ "run": run, "ahead": ahead, "events": format!("/api/runs/{run}/events") });
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// `GET /api/runs/{run}/events`: server-sent events named `burst`, from the beginning of the run to its end.
pub async fn events(
    State(service): State<Arc<Service>>,
    run: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(run) = run.map_err(|rejection| AppError::Invalid(rejection.body_text()))?;
    let run: RunId = run.parse().map_err(super::problem::invalid)?;
    let events = sse(service.watch(&run).await?);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn sse(events: impl Stream<Item = BurstEvent>) -> impl Stream<Item = Result<Event, Infallible>> {
    events.map(|event| {
        let event = Event::default().event("burst").json_data(&event);
        Ok(event.unwrap_or_else(|error| Event::default().comment(error.to_string())))
    })
}

fn wish(service: &Service, Posted(wish): Posted) -> Result<BurstRequest, Problem> {
    let first: fn() -> Result<SeatId, Problem> = || SeatId::new('A', 1).map_err(super::problem::invalid);
    Ok(BurstRequest {
        backend: wish.backend()?,
        floor: wish.floor()?,
        seat: wish.seat()?.map_or_else(first, Ok)?,
        buyers: wish.concurrency(service.buyers_max)?,
        think_ms: wish.think_ms()?,
    })
}
