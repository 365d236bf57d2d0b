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
use onsale::{Backend, BuyerName, FloorId, SeatId};

/// Buys one seat. Whatever is not a sale is an error here, so that page and form are told so in the same words.
#[server(prefix = "/do", endpoint = "buy")]
pub async fn buy(backend: Backend, floor: FloorId, seat: SeatId, buyer: BuyerName) -> Result<PurchaseAnswer, AppError> {
    let answer = ssr::service()?.buy(backend, &floor, seat, buyer, None).await?;
    let database = || "The database".to_owned();
    match (answer.outcome, &answer.ticket_id) {
        (Outcome::Confirmed, Some(ticket)) => {
            ssr::send_form_to(&format!("/?backend={backend}&floor={floor}&seat={seat}&ticket={ticket}"));
        }
        (Outcome::Rejected, _) => return Err(AppError::Taken { seat }),
        (Outcome::Unknown, _) => return Err(AppError::Unknown { database: database(), seat }),
        _ => return Err(AppError::Unavailable { database: database() }),
    }
    Ok(answer)
}

/// Starts a burst, or asks first if somebody bought the seat for real. The burst goes on whether or not anybody watches.
#[server(prefix = "/do", endpoint = "break")]
pub async fn break_it(
    backend: Backend,
    floor: FloorId,
    seat: SeatId,
    buyers: u32,
    think_ms: u32,
    #[server(default)] confirmed: bool,
) -> Result<BurstStart, AppError> {
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
pub async fn reset(backend: Backend, floor: FloorId, buyer: BuyerName) -> Result<Floor, AppError> {
    let service = ssr::service()?;
    service.reset(backend, &floor, None).await?;
    ssr::send_form_to(&format!("/?backend={backend}&floor={floor}"));
    Ok(Floor::of(&service.floor_view(backend, &floor, &buyer).await?, &buyer))
}

/// The floor as the database has it now, with the visitor's tickets and the floor-wide witness.
#[server(prefix = "/do", endpoint = "floor")]
pub async fn load_floor(backend: Backend, floor: FloorId, buyer: BuyerName) -> Result<Floor, AppError> {
    Ok(Floor::of(&ssr::service()?.floor_view(backend, &floor, &buyer).await?, &buyer))
}

#[cfg(feature = "ssr")]
mod ssr {
    use super::{AppError, use_context};
    use crate::service::Service;
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

    /// Whether a plain form asks, and a page is to be the answer.
    fn is_form() -> bool {
        use_context::<Parts>().is_some_and(|parts| {
            parts.headers.get(ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
        })
    }
}
