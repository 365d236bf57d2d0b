//! The JSON API: plain routes over the same service as the pages.

mod body;
mod burst;
mod downloads;
mod fields;
mod health;
mod problem;
mod stress;

pub use fields::Fields;
pub use problem::Problem;

use app::{
    api::{PurchaseAnswer, ResetAnswer, SeatsAnswer, TicketsAnswer, WitnessAnswer},
    error::AppError,
    service::Service,
    visitor::random_bits,
};
use axum::{
    Extension, Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use body::{Asked, Posted};
use onsale::{BuyerName, Outcome, SeatId};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

type Answer<T> = Result<Json<T>, Problem>;

/// The routes under `/api`, and the two that ask after the server's health.
pub fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/seats", get(seats))
        .route("/api/purchase", post(buy))
        .route("/api/breakit", post(burst::break_it))
        .route("/api/bursts", post(burst::start))
        .route("/api/runs/{run}/events", get(burst::events))
        .route("/api/stress", get(stress::all).post(stress::begin))
        .route("/api/stress/{test}", get(stress::one))
        .route("/run/{id}/{file}", get(downloads::download))
        .route("/api/reset", post(reset))
        .route("/api/tickets", get(tickets))
        .route("/api/witness", get(witness))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready).layer(Extension(Arc::new(health::Checks::default()))))
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .route("/api", any(nothing_here))
        .route("/api/", any(nothing_here))
        .route("/api/{*rest}", any(nothing_here))
        .with_state(service)
}

async fn seats(State(service): State<Arc<Service>>, Asked(wish): Asked) -> Answer<SeatsAnswer> {
    Ok(Json(service.seats(wish.backend()?, &wish.floor()?).await?))
}

async fn tickets(State(service): State<Arc<Service>>, Asked(wish): Asked) -> Answer<TicketsAnswer> {
    let buyer = wish.buyer()?.ok_or_else(|| AppError::Invalid("buyer required: whose tickets?".to_owned()))?;
    Ok(Json(service.tickets(wish.backend()?, &wish.floor()?, buyer).await?))
}

async fn witness(State(service): State<Arc<Service>>, Asked(wish): Asked) -> Answer<WitnessAnswer> {
    Ok(Json(service.witness(wish.backend()?, &wish.floor()?, wish.seat()?).await?))
}

async fn buy(State(service): State<Arc<Service>>, body: Posted) -> Result<Response, Problem> {
    let wish = body.with(&["backend", "floor", "seat", "buyer", "region"])?;
    let seat = wish.seat()?.ok_or_else(|| AppError::Invalid("seat required".to_owned()))?;
    let buyer = wish.buyer()?.unwrap_or_else(|| BuyerName::guest(random_bits()));
    let answer: PurchaseAnswer = service.buy(wish.backend()?, &wish.floor()?, seat, buyer, wish.region()?).await?;
    if answer.outcome == Outcome::Error {
        let error = answer.reason.clone().unwrap_or_else(|| "The database is not available.".to_owned());
        let mut body = json!(answer);
        body["error"] = json!(error);
        return Ok((StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response());
    }
    Ok(Json(answer).into_response())
}

async fn reset(State(service): State<Arc<Service>>, body: Posted) -> Answer<ResetAnswer> {
    let wish = body.with(&["backend", "floor", "seats"])?;
    let backend = wish.backend()?;
    let seats: Option<BTreeSet<SeatId>> = wish.seats()?;
    let seats: Option<Vec<SeatId>> = seats.map(|seats| seats.into_iter().collect());
    let reset = service.reset(backend, &wish.floor()?, seats.as_deref()).await?;
    Ok(Json(ResetAnswer { backend, reset }))
}

async fn nothing_here() -> Problem {
    AppError::NotFound("There is no such call: the README lists the API.".to_owned()).into()
}
