//! What a client asks for, read field by field, so that each mistake is named with what is allowed.

use super::{
    fields::{Fields, mistake},
    problem::{Problem, invalid},
};
use app::island::THINK_MS_MAX;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
};
use onsale::{Backend, BuyerName, FloorId, Region, RunId, SeatId};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a client asks for; what is left out means its default.
#[derive(Debug)]
pub struct Wish(Fields);

/// What the body of a POST asks for.
pub struct Posted(Fields);

impl Posted {
    /// The wish, if it names nothing but `known` fields: one that is misspelt, or means nothing here, would be ignored.
    pub fn with(self, known: &[&str]) -> Result<Wish, Problem> {
        self.0.only(known).map(Wish)
    }
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        object(request, state).await.map(Self)
    }
}

/// Reads the body as an object; whatever it is called by its sender.
pub async fn object<S: Send + Sync>(request: Request, state: &S) -> Result<Fields, Problem> {
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        // Ignored, it would mean another floor or database than the caller thinks.
        return Err(mistake("A POST takes its fields in the body, as a JSON object: leave out the query".to_owned()));
    }
    let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_long(),
        _ => mistake(format!("The body could not be read: {}", rejection.body_text())),
    })?;
    Fields::of_json(&body)
}

/// What the query of a GET asks for. Every reading call takes these four; those that mean nothing to it do no harm.
pub struct Asked(pub Wish);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let fields = Fields::of_form(parts.uri.query().unwrap_or_default())?;
        fields.only(&["backend", "floor", "seat", "buyer"]).map(|fields| Self(Wish(fields)))
    }
}

impl Wish {
    /// The backend; `dsql` if left out.
    pub fn backend(&self) -> Result<Backend, Problem> {
        self.0.text("backend")?.map_or(Ok(Backend::Dsql), |t| t.parse().map_err(invalid))
    }

    /// The floor; `main` if left out.
    pub fn floor(&self) -> Result<FloorId, Problem> {
        self.0.text("floor")?.map_or_else(|| Ok(FloorId::main()), |t| t.parse().map_err(invalid))
    }

    /// The seat, if named.
    pub fn seat(&self) -> Result<Option<SeatId>, Problem> {
        self.0.text("seat")?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// The buyer, if named.
    pub fn buyer(&self) -> Result<Option<BuyerName>, Problem> {
        self.0.text("buyer")?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// The region, if named.
    pub fn region(&self) -> Result<Option<Region>, Problem> {
        self.0.text("region")?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// How many buyers, up to `most`; 24 if left out.
    pub fn concurrency(&self, most: u32) -> Result<u32, Problem> {
        self.0.number("concurrency", 24.min(most), 2..=most)
    }

    /// The think time in milliseconds; 20 if left out.
    pub fn think_ms(&self) -> Result<u32, Problem> {
        self.0.number("thinkMs", 20, 0..=THINK_MS_MAX)
    }

    /// The stress test that a burst belongs to, if any.
    pub fn stress(&self) -> Result<Option<RunId>, Problem> {
        self.0.text("stress")?.map(|t| t.parse().map_err(invalid)).transpose()
    }

    /// The seats of a reset or a rush, if listed; each once.
    pub fn seats(&self) -> Result<Option<BTreeSet<SeatId>>, Problem> {
        let seat = |value: &Value| Some(value.as_str()?.parse().map_err(invalid));
        let seats = self.0.list("seats", "[\"A1\", \"B2\"]", seat)?;
        Ok(seats.map(|seats| seats.into_iter().collect()))
    }
}
