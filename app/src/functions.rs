//! The server functions: what the page asks of the server. Thin; each calls one function of the service.
//!
//! Every one is also the target of a plain form, so that the page works without JavaScript: a form is answered with a
//! redirect to the page that shows the result.

// The macro turns arguments into public fields, which carry no docs of their own.
#![allow(missing_docs)]

#[cfg(feature = "ssr")]
use crate::service::BurstRequest;
use crate::{
    api::{BurstStart, PurchaseAnswer},
    error::AppError,
    island::setup::Floor,
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use onsale::Outcome;
use onsale::{Backend, BuyerName, FloorId, InvalidId, SeatId, text};
use serde::{Deserialize, Deserializer, Serialize};
use std::str::FromStr;

/// What a form holds, read as somebody typed it (by [`FromStr`]) and not as it was recorded.
#[derive(Clone, Debug, Serialize)]
pub struct Typed<T>(pub T);

impl<'de, T: FromStr<Err = InvalidId>> Deserialize<'de> for Typed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// A whole number, however it was typed: 4, 4.0 or 4e0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Whole(pub u32);

impl FromStr for Whole {
    type Err = InvalidId;
    fn from_str(typed: &str) -> Result<Self, InvalidId> {
        let number = typed.trim().parse().ok().and_then(text::whole).and_then(|number| u32::try_from(number).ok());
        number.map(Self).ok_or_else(|| InvalidId("Buyers and think time are whole numbers, such as 24".to_owned()))
    }
}

/// Buys one seat. Whatever is not a sale is an error here, so that page and form are told so in the same words.
#[server(prefix = "/do", endpoint = "buy")]
pub async fn buy(
    backend: Backend,
    floor: FloorId,
    seat: SeatId,
    buyer: Typed<BuyerName>,
) -> Result<PurchaseAnswer, AppError> {
    let guest = ssr::guest(&buyer.0);
    let answer = ssr::service()?.buy(backend, &floor, seat, buyer.0, None).await?;
    let database = || "The database".to_owned();
    match (answer.outcome, &answer.ticket_id) {
        (Outcome::Confirmed, Some(ticket)) => {
            ssr::send_form_to(&format!("/?backend={backend}&floor={floor}&seat={seat}&ticket={ticket}{guest}"));
        }
        (Outcome::Rejected, _) => return Err(AppError::Taken { seat }),
        (Outcome::Unknown, _) => return Err(AppError::Unknown { database: database(), seat }),
        _ => {
            return Err(answer
                .reason
                .map_or_else(|| AppError::Unavailable { database: database() }, AppError::Refused));
        }
    }
    Ok(answer)
}

/// Starts a burst, or asks first if somebody bought the seat for real. The burst goes on whether or not anybody watches.
#[server(prefix = "/do", endpoint = "break")]
pub async fn break_it(
    backend: Backend,
    floor: FloorId,
    seat: SeatId,
    buyers: Typed<Whole>,
    think_ms: Typed<Whole>,
    #[server(default)] confirmed: bool,
) -> Result<BurstStart, AppError> {
    let (Typed(Whole(buyers)), Typed(Whole(think_ms))) = (buyers, think_ms);
    let wish = BurstRequest { backend, floor: floor.clone(), seats: vec![seat], buyers, think_ms, stress: None };
    let start = ssr::service()?.break_it(wish, confirmed).await?;
    match &start {
        BurstStart::Started { run, .. } => ssr::send_form_to(&format!("/run/{run}")),
        BurstStart::Ask { .. } => ssr::send_form_to(&format!(
            "/?backend={backend}&floor={floor}&seat={seat}&buyers={buyers}&think={think_ms}&ask=1"
        )),
    }
    Ok(start)
}

/// Opens every seat that was sold since the last reset.
#[server(prefix = "/do", endpoint = "reset")]
pub async fn reset(backend: Backend, floor: FloorId, buyer: Typed<BuyerName>) -> Result<Floor, AppError> {
    let service = ssr::service()?;
    service.reset(backend, &floor, None).await?;
    ssr::send_form_to(&format!("/?backend={backend}&floor={floor}{}", ssr::guest(&buyer.0)));
    Ok(ssr::shown(Floor::of(&service.floor_view(backend, &floor, &buyer.0).await?, &buyer.0)))
}

/// The floor as the database has it now, with the visitor's tickets and the floor-wide witness.
#[server(prefix = "/do", endpoint = "floor")]
pub async fn load_floor(backend: Backend, floor: FloorId, buyer: Typed<BuyerName>) -> Result<Floor, AppError> {
    Ok(ssr::shown(Floor::of(&ssr::service()?.floor_view(backend, &floor, &buyer.0).await?, &buyer.0)))
}

#[cfg(feature = "ssr")]
mod ssr {
    use super::{AppError, BuyerName, Floor, use_context};
    use crate::{service::Service, visitor::has_cookie};
    use http::{header::ACCEPT, request::Parts};
    use std::sync::Arc;

    /// The service that the router put into the context.
    pub fn service() -> Result<Arc<Service>, AppError> {
        use_context::<Arc<Service>>().ok_or_else(|| AppError::Transport("The server is not set up.".to_owned()))
    }

    /// Where a browser without JavaScript goes next; a script's call is left alone.
    pub fn send_form_to(location: &str) {
        if is_form() {
            leptos_axum::redirect(location);
        }
    }

    /// What the address tells the next page of a buyer whose browser keeps no cookie: who it is.
    pub fn guest(buyer: &BuyerName) -> String {
        if has_cookie() { String::new() } else { format!("&guest={buyer}") }
    }

    /// The floor as this browser is shown it.
    pub fn shown(floor: Floor) -> Floor {
        if has_cookie() { floor } else { floor.without_cookies() }
    }

    /// Whether a plain form asks, and a page is to be the answer.
    fn is_form() -> bool {
        use_context::<Parts>().is_some_and(|parts| {
            parts.headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
        })
    }
}
