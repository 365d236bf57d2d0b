//! What a client asks for, read field by field, so that each mistake is named with what is allowed.

use super::problem::{Problem, invalid};
use app::{error::AppError, island::THINK_MS_MAX};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{StatusCode, request::Parts},
};
use onsale::{Backend, BuyerName, FloorId, Region, RunId, SeatId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{collections::BTreeSet, error::Error, ops::RangeInclusive};

/// A body or a query; what is left out means its default.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wish {
    backend: Option<Value>,
    floor: Option<Value>,
    seat: Option<Value>,
    seats: Option<Value>,
    buyer: Option<Value>,
    region: Option<Value>,
    concurrency: Option<Value>,
    think_ms: Option<Value>,
    stress: Option<Value>,
}

/// What the body of a POST asks for.
pub struct Posted(pub Wish);

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        object(request, state).await.map(Self)
    }
}

/// Reads the body as an object; whatever it is called by its sender.
pub async fn object<T: DeserializeOwned, S: Send + Sync>(request: Request, state: &S) -> Result<T, Problem> {
    let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_long(),
        _ => mistake(format!("The body could not be read: {}", rejection.body_text())),
    })?;
    let wrong = |why: &dyn std::fmt::Display| mistake(format!("The body must be a JSON object: {why}"));
    let body = std::str::from_utf8(&body).map_err(|error| wrong(&error))?;
    // A list of values would be read as the fields in their order.
    if !body.trim_start().starts_with('{') {
        return Err(wrong(&"it does not begin with {"));
    }
    serde_json::from_str(body).map_err(|error| wrong(&error))
}

/// What the query of a GET asks for.
pub struct Asked(pub Wish);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(wish) = Query::try_from_uri(&parts.uri).map_err(|error| {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            mistake(format!("The query cannot be read: {why}"))
        })?;
        Ok(Self(wish))
    }
}

impl Wish {
    /// The backend; `dsql` if left out.
    pub fn backend(&self) -> Result<Backend, Problem> {
        text("backend", self.backend.as_ref())?.map_or(Ok(Backend::Dsql), |t| t.parse().map_err(invalid))
    }

    /// The floor; `main` if left out.
    pub fn floor(&self) -> Result<FloorId, Problem> {
        text("floor", self.floor.as_ref())?.map_or_else(|| Ok(FloorId::main()), |t| t.parse().map_err(invalid))
    }

    /// The seat, if named.
    pub fn seat(&self) -> Result<Option<SeatId>, Problem> {
        text("seat", self.seat.as_ref())?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// The buyer, if named.
    pub fn buyer(&self) -> Result<Option<BuyerName>, Problem> {
        text("buyer", self.buyer.as_ref())?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// The region, if named.
    pub fn region(&self) -> Result<Option<Region>, Problem> {
        text("region", self.region.as_ref())?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// How many buyers, up to `most`; 24 if left out.
    pub fn concurrency(&self, most: u32) -> Result<u32, Problem> {
        number("concurrency", self.concurrency.as_ref(), 24.min(most), 2..=most)
    }

    /// The think time in milliseconds; 20 if left out.
    pub fn think_ms(&self) -> Result<u32, Problem> {
        number("thinkMs", self.think_ms.as_ref(), 20, 0..=THINK_MS_MAX)
    }

    /// The stress test that a burst belongs to, if any.
    pub fn stress(&self) -> Result<Option<RunId>, Problem> {
        text("stress", self.stress.as_ref())?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// The seats of a reset or a rush, if listed; each once.
    pub fn seats(&self) -> Result<Option<BTreeSet<SeatId>>, Problem> {
        let Some(seats) = self.seats.as_ref().filter(|value| !value.is_null()) else { return Ok(None) };
        let wrong = || mistake("seats must be a list of seats, such as [\"A1\", \"B2\"]".to_owned());
        let seats = seats.as_array().ok_or_else(wrong)?;
        let seat = |value: &Value| value.as_str().ok_or_else(wrong)?.parse().map_err(invalid);
        seats.iter().map(seat).collect::<Result<_, _>>().map(Some)
    }
}

fn text<'a>(name: &str, value: Option<&'a Value>) -> Result<Option<&'a str>, Problem> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(mistake(format!("{name} must be a text in quotes"))),
    }
}

fn number(name: &str, value: Option<&Value>, default: u32, allowed: RangeInclusive<u32>) -> Result<u32, Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(default) };
    let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| allowed.contains(n));
    number.ok_or_else(|| {
        let (least, most) = allowed.into_inner();
        let got: String = value.to_string().chars().take(24).collect();
        mistake(format!("{name} must be a whole number from {least} to {most}; {got} is not"))
    })
}

fn mistake(what: String) -> Problem {
    Problem::from(AppError::Invalid(what))
}
