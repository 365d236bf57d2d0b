//! A burst over HTTP: created by POST, observed by GET, so that nothing starts twice.

use super::{Answer, Problem, body};
use app::{
    api::{BreakItAnswer, BurstEvent},
    service::{BurstRequest, Service},
};
use axum::{
    Json,
    extract::{Path, State},
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
pub async fn break_it(State(service): State<Arc<Service>>, body: String) -> Answer<BreakItAnswer> {
    Ok(Json(service.break_it_and_wait(wish(&body)?).await?))
}

/// `POST /api/bursts`: starts, and says where to watch.
pub async fn start(State(service): State<Arc<Service>>, body: String) -> Result<Response, Problem> {
    let (run, ahead) = service.start_burst(wish(&body)?).await?;
    let body = json!({ "run": run, "ahead": ahead, "events": format!("/api/runs/{run}/events") });
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// `GET /api/runs/{run}/events`: server-sent events named `burst`, from the beginning of the run to its end.
pub async fn events(State(service): State<Arc<Service>>, Path(run): Path<String>) -> Result<Response, Problem> {
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

fn wish(body: &str) -> Result<BurstRequest, Problem> {
    let wish = body::posted(body)?;
    let first: fn() -> Result<SeatId, Problem> = || SeatId::new('A', 1).map_err(super::problem::invalid);
    Ok(BurstRequest {
        backend: wish.backend()?,
        floor: wish.floor()?,
        seat: wish.seat()?.map_or_else(first, Ok)?,
        buyers: wish.concurrency()?,
        think_ms: wish.think_ms()?,
    })
}
