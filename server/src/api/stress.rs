//! Recorded stress tests over HTTP. The numbers are the server's own: a client says what to do, never what came out.

use super::{Answer, Problem, body::object, fields::number, problem::invalid};
use crate::address::is_this_machine;
use app::{error::AppError, service::Service};
use axum::{
    Json,
    extract::{ConnectInfo, FromRequest, Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use evidence::{StressPlan, StressTest};
use onsale::{Backend, RunId, SeatId};
use serde::Serialize;
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc};

/// `POST /api/stress`: begins to record one.
pub async fn begin(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Planned(plan): Planned,
) -> Result<Response, Problem> {
    may_record(&service, peer, &headers)?;
    let test = service.begin_stress(plan).await?;
    Ok((StatusCode::CREATED, Json(Answered::from(test))).into_response())
}

/// `GET /api/stress`: every one ever begun here, newest first.
pub async fn all(State(service): State<Arc<Service>>) -> Answer<Vec<Answered>> {
    Ok(Json(service.stress_tests().await?.into_iter().map(Answered::from).collect()))
}

/// `GET /api/stress/{test}`.
pub async fn one(State(service): State<Arc<Service>>, test: Result<Path<String>, PathRejection>) -> Answer<Answered> {
    let Path(test) = test.map_err(|rejection| AppError::Invalid(rejection.body_text()))?;
    let test: RunId = test.parse().map_err(invalid)?;
    Ok(Json(service.stress(&test).await?.into()))
}

/// A test and its result.
#[derive(Serialize)]
pub struct Answered {
    #[serde(flatten)]
    test: StressTest,
    result: String,
}

impl From<StressTest> for Answered {
    fn from(test: StressTest) -> Self {
        Self { result: test.result().to_string(), test }
    }
}

/// Whether the sender may record. With a record key: who sends it, as `Authorization: Bearer KEY`. Without one: whoever is
/// on this machine, and not merely passed on by a proxy on it.
pub fn may_record(service: &Service, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Problem> {
    let allowed = match &service.record_key {
        Some(key) => {
            let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
            sent == Some(key.as_bytes())
        }
        None => is_this_machine(peer, headers),
    };
    if allowed {
        return Ok(());
    }
    let error = "Stress tests are recorded here only by who knows the server's record key (--record-key KEY), or, if it has none, from its own machine";
    Err(Problem::Request(StatusCode::FORBIDDEN, error.to_owned()))
}

/// What the body asks for; what is left out is the usual test.
pub struct Planned(StressPlan);

impl<S: Send + Sync> FromRequest<S> for Planned {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let wish = object(request, state).await?.only(&["levels", "thinkMs", "rounds", "seat", "backends"])?;
        let any = 0..=u32::MAX;
        let numbers = |name: &str| wish.list(name, "[8, 24]", |value| Some(number(name, value, any.clone())));
        let backend = |value: &Value| Some(value.as_str()?.parse::<Backend>().map_err(invalid));
        Ok(Self(StressPlan {
            levels: numbers("levels")?.unwrap_or_else(|| vec![8, 24, 48, 60]),
            think_ms: numbers("thinkMs")?.unwrap_or_else(|| vec![0, 20]),
            rounds: wish.number("rounds", 1, any.clone())?,
            seat: wish.text("seat")?.map_or_else(|| SeatId::new('A', 1), str::parse).map_err(invalid)?,
            backends: wish.list("backends", "[\"dsql\", \"naive\"]", backend)?.unwrap_or_default(),
            no_foil: false,
        }))
    }
}
