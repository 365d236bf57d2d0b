//! A burst over HTTP: created by POST, observed by GET, so that nothing starts twice.

use super::{Answer, Problem, body::Posted};
use app::{
    api::{BreakItAnswer, BurstEvent},
    error::AppError,
    service::{BurstRequest, Service},
};
use axum::{
    Json,
    extract::{ConnectInfo, Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt};
use onsale::{RunId, SeatId};
use serde_json::json;
use std::{convert::Infallible, net::SocketAddr, sync::Arc};

/// `POST /api/breakit`: runs to the end, then answers.
pub async fn break_it(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Posted,
) -> Answer<BreakItAnswer> {
    let wish = wish(&service, peer, &headers, body)?;
    Ok(Json(service.break_it_and_wait(wish).await?))
}

/// `POST /api/bursts`: starts, and says where to watch.
pub async fn start(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Posted,
) -> Result<Response, Problem> {
    let wish = wish(&service, peer, &headers, body)?;
    let (run, ahead) = service.start_burst(wish).await?;
    let body = json!({ "run": run, "ahead": ahead, "events": format!("/api/runs/{run}/events") });
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// `GET /api/runs/{run}/events`: server-sent events named `burst`, from the beginning of the run to its end.
///
/// An event's id says how many buyers' answers were told up to it, and the last event's is [`END`]. A client that
/// reconnects sends the last id it has seen and is told the rest; after the end it is told 204, which ends its attempts.
pub async fn events(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    run: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(run) = run.map_err(|rejection| AppError::Invalid(rejection.body_text()))?;
    let run: RunId = run.parse().map_err(super::problem::invalid)?;
    let last_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    if last_id == Some(END) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // An id that this server did not give counts as none.
    let seen = last_id.and_then(|id| id.parse::<usize>().ok());
    let events = sse(service.watch(&run, seen).await?, seen.unwrap_or(0));
    // For proxies that would keep the events until they have many.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::default())).into_response())
}

/// The id of a stream's last event.
const END: &str = "end";

fn sse(events: impl Stream<Item = BurstEvent>, seen: usize) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut told = seen;
    events.map(move |event| {
        let id = match &event {
            BurstEvent::Ready { .. } => told.to_string(),
            BurstEvent::Fates { fates, .. } => {
                told += fates.len();
                told.to_string()
            }
            BurstEvent::Report(_) | BurstEvent::Failed { .. } => END.to_owned(),
        };
        let event = Event::default().event("burst").id(id).json_data(&event);
        Ok(event.unwrap_or_else(|error| Event::default().comment(error.to_string())))
    })
}

fn wish(service: &Service, peer: SocketAddr, headers: &HeaderMap, body: Posted) -> Result<BurstRequest, Problem> {
    let wish = body.with(&["backend", "floor", "seat", "seats", "concurrency", "thinkMs", "stress"])?;
    let stress = wish.stress()?;
    if stress.is_some() {
        super::stress::may_record(service, peer, headers)?;
    }
    let seats = match (wish.seat()?, wish.seats()?) {
        (Some(_), Some(_)) => {
            return Err(AppError::Invalid("name one seat, or seats for a rush, not both".to_owned()).into());
        }
        (Some(seat), None) => vec![seat],
        (None, Some(seats)) => seats.into_iter().collect(),
        (None, None) => vec![SeatId::new('A', 1).map_err(super::problem::invalid)?],
    };
    Ok(BurstRequest {
        backend: wish.backend()?,
        floor: wish.floor()?,
        seats,
        buyers: wish.concurrency(service.buyers_max)?,
        think_ms: wish.think_ms()?,
        stress,
    })
}
