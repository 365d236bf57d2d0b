//! The island itself: what is on it, and what is said aloud.
#![allow(missing_docs, reason = "the macro writes a struct without any")]

use super::{
    card::card,
    controls::Controls,
    host,
    map::FloorMap,
    model::{Model, Phase, Shown, State},
    result::ResultCard,
    tickets::MyTickets,
};
use leptos::prelude::*;

/// Everything on the on-sale that moves.
#[island]
pub fn OnSaleFloor() -> impl IntoView {
    let state = State(RwSignal::new(Model::new(host::setup())));
    Effect::new(move || {
        state.change(|model| model.hydrated = true);
        host::mark_hydrated();
    });
    let shown = Memo::new(move |_| {
        state.0.with(|model| {
            let mut card = card(&model.burst(), &model.setup.shops[model.shop].hidden_name);
            // The verdict does not wait for the whole floor, which is counted when it is read again.
            card.floor_wide = match &model.floor {
                Some(_) if model.loading && !card.verdict.is_empty() => {
                    ["…".to_owned(), "floor-wide, being counted".to_owned()]
                }
                Some(floor) if model.is_current() => floor.floor_wide.clone(),
                _ => ["–".to_owned(), "floor-wide, not read yet".to_owned()],
            };
            card
        })
    });
    // Said once, when there is something to say: not at every buyer's fate.
    let spoken: Shown<String> = Box::new(move || {
        let ended = state.0.with(|model| matches!(model.bursts[model.shop].phase, Phase::Done(_) | Phase::Failed(_)));
        if ended {
            shown.with(|c| [c.big.as_str(), &c.headline, &c.verdict, &c.sentence].join(" "))
        } else {
            String::new()
        }
    });
    view! {
        <Controls state />
        <ResultCard card=shown state=Some(state) />
        <p class="sr" role="status">{spoken}</p>
        <section class="floor" aria-labelledby="floor-title">
            <FloorMap state />
            <MyTickets state />
        </section>
    }
}
