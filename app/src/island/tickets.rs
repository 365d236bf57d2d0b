//! My tickets, read back from the ledger, and the link to this floor.

use super::{call, state::State};
use crate::api::{FloorView, TicketAnswer};
use leptos::{prelude::*, task::spawn_local};

/// The visitor's stubs, newest first, and the link that shares the floor.
#[component]
pub fn MyTickets(state: State) -> impl IntoView {
    let stubs = move || {
        state.view.with(|view| {
            let view = view.as_ref()?;
            Some(view.tickets.iter().map(|ticket| stub(view, ticket)).collect_view())
        })
    };
    let how_many = move || {
        state.view.with(|view| match view.as_ref().map_or(0, |view| view.tickets.len()) {
            0 => "none yet".to_owned(),
            n => format!("{n}, read back from the ledger"),
        })
    };
    let (floor, buyer) = state.floor_and_buyer();
    let address = move || format!("/?backend={}&floor={floor}", state.backend.get());
    let copied = RwSignal::new("Copy link");
    let on_copy = {
        let address = address.clone();
        move |_| {
            let address = address();
            spawn_local(async move {
                copied.set(if call::copy(&address).await { "Copied" } else { "Copy the link by hand" });
            });
        }
    };
    view! {
        <section class="tickets" aria-labelledby="tickets-title">
            <h2 id="tickets-title">"My tickets"<span>{how_many}</span></h2>
            <ul>{stubs}</ul>
            <p class="share">
                "You are "<b>{buyer.to_string()}</b>". This floor is yours alone; whoever has "
                <a href=address>"its link"</a>" can buy and reset here. "
                <button class="plain" type="button" on:click=on_copy>{move || copied.get()}</button>
            </p>
        </section>
    }
}

fn stub(view: &FloorView, ticket: &TicketAnswer) -> impl IntoView + use<> {
    let now = view.seats.iter().find(|seat| seat.seat == ticket.seat_id).map(|seat| seat.round);
    let earlier = now.is_some_and(|now| ticket.round < now);
    let round = if earlier {
        format!("round {}, an earlier sale of this chair", ticket.round)
    } else {
        format!("round {}", ticket.round)
    };
    view! {
        <li class="stub" class:earlier=earlier>
            <b>{ticket.seat_id.to_string()}</b>
            <code>{ticket.ticket_id.to_string()}</code>
            <span>{ticket.region.to_string()}<br/>{round}</span>
        </li>
    }
}
