//! `/`: the on-sale. The server reads the floor and renders all of it; the island then brings it to life.

use super::asked::Asked;
use crate::{
    api::FloorView,
    components::{Header, Here},
    functions::load_floor,
    island::{Notice, OnSaleFloor, Setup, THINK_MS_MAX, card::short_title},
    service::Service,
    visitor::Visitor,
};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_query_map;
use onsale::{Backend, BuyerName, SeatId};
use std::sync::Arc;

/// The page.
#[component]
pub fn OnSale() -> impl IntoView {
    let asked = use_query_map().with_untracked(Asked::from_query);
    let visitor = Visitor::of_this_request();
    let service = expect_context::<Arc<Service>>();
    let backends = service.backends();
    let links = backends.iter().map(|backend| {
        let address = format!("/?backend={backend}");
        view! { " "<a href=address>{backend.title()}</a>"." }
    });
    let links = links.collect_view();
    let island = Suspend::new(async move {
        let setup = set_up(&service, asked, visitor).await;
        view! { <OnSaleFloor setup /> }
    });
    view! {
        <Title text="WorldSeat: sold once, proven" />
        <Meta
            name="description"
            content="Sixty buyers hit one seat in the same instant from two regions. The same naive purchase code runs on two databases; a witness reads the committed ledger and counts who was sold a chair that was taken."
        />
        <Header here=Here::OnSale />
        <main id="main" class="onsale">
            <section class="lead">
                <h1>"One seat. Sixty buyers. Try to sell it twice."</h1>
                <p>
                    "The same naive code, read then write, runs on two databases. Only the database decides whether the promise on a ticket is kept."
                </p>
                <noscript>
                    <p class="noscript">"Without JavaScript every button still works. Show the floor on:"{links}</p>
                </noscript>
            </section>
            <Suspense>{island}</Suspense>
        </main>
    }
}

async fn set_up(service: &Service, asked: Asked, visitor: Visitor) -> Setup {
    let backends = service.backends();
    let first = backends.first().copied().unwrap_or(Backend::Dsql);
    let backend = asked.backend.filter(|backend| backends.contains(backend)).unwrap_or(first);
    let floor = asked.floor.clone().unwrap_or(visitor.floor);
    let (view, trouble) = match load_floor(backend, floor.clone(), visitor.buyer.clone()).await {
        Ok(view) => (Some(view), None),
        Err(error) => (None, Some(Notice::Trouble(error.to_string()))),
    };
    let database = match &view {
        Some(view) => view.engine.clone(),
        None => format!("The database behind {}", short_title(backend)),
    };
    let form_error = |at_map: bool| {
        let error = asked.error.as_ref().filter(|error| error.at_map == at_map)?;
        Some(error.words(&database, &service.plan.range(), service.buyers_max))
    };
    Setup {
        at_map: trouble.or_else(|| form_error(true)).or_else(|| bought(&asked, view.as_ref()?)),
        at_controls: form_error(false),
        question: question(&asked, view.as_ref()),
        seat: target(service, &asked),
        buyers: asked.buyers.filter(|buyers| (2..=service.buyers_max).contains(buyers)).unwrap_or(60),
        think_ms: asked.think_ms.filter(|think| *think <= THINK_MS_MAX).unwrap_or(20),
        plan: service.plan,
        buyers_max: service.buyers_max,
        buyer: visitor.buyer,
        floor,
        backends,
        backend,
        view,
    }
}

/// The seat for Break it: the one named, unless it was just bought.
fn target(service: &Service, asked: &Asked) -> SeatId {
    let named = asked.seat.filter(|seat| asked.ticket.is_none() && service.plan.contains(*seat));
    let mut seats = service.plan.seats();
    named.or_else(|| seats.next()).unwrap_or_else(|| unreachable!("a floor has a seat"))
}

/// A purchase is confirmed only by the ledger, whatever the address says.
fn bought(asked: &Asked, view: &FloorView) -> Option<Notice> {
    let ticket = asked.ticket.as_ref()?;
    let held = view.tickets.iter().find(|held| held.ticket_id == *ticket);
    Some(match held {
        Some(held) => Notice::Bought { seat: held.seat_id, ticket: held.ticket_id.clone() },
        None => Notice::Trouble("That ticket is not in your part of the ledger.".to_owned()),
    })
}

fn question(asked: &Asked, view: Option<&FloorView>) -> Option<(SeatId, BuyerName)> {
    let seat = asked.seat.filter(|_| asked.ask)?;
    let owner = view?.seats.iter().find(|row| row.seat == seat)?.owner.clone()?;
    Some((seat, owner))
}
