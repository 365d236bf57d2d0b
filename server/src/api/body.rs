//! What a client asks for, read field by field, so that each mistake is named with what is allowed.

use super::problem::{Problem, invalid};
use app::error::AppError;
use axum::extract::{Query, rejection::QueryRejection};
use onsale::{Backend, BuyerName, FloorId, Region, SeatId};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

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
}

/// The body of a POST.
pub fn posted(body: &str) -> Result<Wish, Problem> {
    serde_json::from_str(body)
        .map_err(|error| Problem(AppError::Invalid(format!("The body must be a JSON object: {error}"))))
}

/// The query of a GET.
pub fn asked(query: Result<Query<Wish>, QueryRejection>) -> Result<Wish, Problem> {
    let Query(wish) = query.map_err(|error| AppError::Invalid(error.body_text()))?;
    Ok(wish)
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

    /// How many buyers; 24 if left out.
    pub fn concurrency(&self) -> Result<u32, Problem> {
        number("concurrency", self.concurrency.as_ref(), 24)
    }

    /// The think time in milliseconds; 20 if left out.
    pub fn think_ms(&self) -> Result<u32, Problem> {
        number("thinkMs", self.think_ms.as_ref(), 20)
    }

    /// The seats of a reset, if listed; each once.
    pub fn seats(&self) -> Result<Option<BTreeSet<SeatId>>, Problem> {
        let Some(seats) = self.seats.as_ref().filter(|value| !value.is_null()) else { return Ok(None) };
        let wrong = || Problem(AppError::Invalid("seats must be a list of seats, such as [\"A1\", \"B2\"]".to_owned()));
        let seats = seats.as_array().ok_or_else(wrong)?;
        let seat = |value: &Value| value.as_str().ok_or_else(wrong)?.parse().map_err(invalid);
        seats.iter().map(seat).collect::<Result<_, _>>().map(Some)
    }
}

fn text<'a>(name: &str, value: Option<&'a Value>) -> Result<Option<&'a str>, Problem> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem(AppError::Invalid(format!("{name} must be a text in quotes")))),
    }
}

fn number(name: &str, value: Option<&Value>, default: u32) -> Result<u32, Problem> {
    match value {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
            Problem(AppError::Invalid(format!("{name} must be a whole number, such as {default}; {value} is not")))
        }),
    }
}
