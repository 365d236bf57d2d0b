//! The island itself: what is on it, and what is said aloud.
#![allow(missing_docs, reason = "the macro writes a struct without any")]

use super::{
    call,
    card::{card, floor_wide},
    controls::Controls,
    map::FloorMap,
    result::ResultCard,
    state::{Phase, Setup, State},
    tickets::MyTickets,
};
use leptos::prelude::*;

/// Everything on the on-sale that moves.
#[island]
pub fn OnSaleFloor(
    /// What the server found.
    setup: Setup,
) -> impl IntoView {
    let state = State::new(setup);
    Effect::new(move || {
        state.hydrated.set(true);
        call::mark_hydrated();
    });
    let shown = Memo::new(move |_| {
        let wish = state.wish();
        let mut card = state.with_phase(|phase| card(phase, state.backend.get(), &wish));
        // What the floor was read with last is newer than what the run remembers of it.
        card.floor_wide = match state.witness() {
            Some(witness) => floor_wide(witness.double_sells, &witness.verdict, witness.seats_checked),
            None => ["–".to_owned(), "floor-wide, not read yet".to_owned()],
        };
        card
    });
    // Said once, when there is something to say: not at every buyer's fate.
    let spoken = move || {
        state.with_phase(|phase| match phase {
            Phase::Done(_) | Phase::Failed(_) => {
                shown.with(|c| format!("{} {} {} {}", c.big, c.headline, c.verdict, c.sentence))
            }
            _ => String::new(),
        })
    };
    let dismiss = Callback::new(move |()| {
        state.update_phase(state.backend.get_untracked(), |phase| *phase = Phase::Idle);
    });
    view! {
        <Controls state />
        <ResultCard card=shown on_dismiss=dismiss />
        <p class="sr" role="status">{spoken}</p>
        <section class="floor" aria-labelledby="floor-title">
            <FloorMap state />
            <MyTickets state />
        </section>
    }
}
