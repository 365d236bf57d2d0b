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

fn wish(
    service: &Service,
    peer: SocketAddr,
    headers: &HeaderMap,
    Posted(wish): Posted,
) -> Result<BurstRequest, Problem> {
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
