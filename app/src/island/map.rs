//! The seat map: a form of buttons, one per chair.

use super::{
    controls::Said,
    host,
    model::State,
    setup::{Look, Notice},
};
use crate::functions::Buy;
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
    server_fn::ServerFn,
};
use onsale::{FloorPlan, SeatId};

/// The map, what a click does, and what came of the last one.
#[component]
pub fn FloorMap(state: State) -> impl IntoView {
    let (floor_id, buyer, plan) =
        state.now(|model| (model.setup.floor_id.clone(), model.setup.buyer.clone(), model.setup.plan));
    let tally = state.show(|model| model.floor.as_ref().map_or_else(|| "not read yet".to_owned(), |f| f.tally.clone()));
    let on_key = move |event: KeyboardEvent| {
        let from = state.now(|model| model.cursor);
        if let Some(to) = step(plan, from, &event.key()) {
            event.prevent_default();
            state.change(|model| model.cursor = to);
            if let Some(seat) = plan.seats().nth(to) {
                host::focus(&format!("seat-{seat}"));
            }
        }
    };
    let rows: Vec<_> = plan.seats().enumerate().collect();
    let rows = rows.chunks(plan.seats_per_row.into()).map(|row| {
        let letter = row.first().map(|(_, seat)| seat.row().to_string());
        let chairs = row.iter().map(|(index, seat)| chair(state, *seat, *index)).collect_view();
        view! { <span class="row" aria-hidden="true">{letter}</span>{chairs} }
    });
    let may_be_old = |model: &super::model::Model| model.loading || !model.is_current();
    view! {
        <h2 id="floor-title">"The floor"<span class="num">{tally}</span></h2>
        <fieldset class="aim">
            <legend>"A click on a seat"</legend>
            {click_way(state, false, "buys it")}
            {click_way(state, true, "aims Break it at it")}
        </fieldset>
        <div class="stage">"STAGE"</div>
        <form method="post" action=Buy::PATH autocomplete="off">
            <input type="hidden" name="backend" value=state.show(|model| model.shop_id().to_owned()) />
            <input type="hidden" name="floor" value=floor_id />
            <input type="hidden" name="buyer" value=buyer />
            <div
                class="seats"
                role="group"
                aria-label="Seats; the arrow keys move between them"
                aria-busy=state.show(move |model| may_be_old(model).to_string())
                style=format!("--columns:{}", plan.seats_per_row)
                on:keydown=on_key
            >
                {rows.collect_view()}
            </div>
        </form>
        <div class="notice" role="status">
            <Said state notice=|model| &mut model.at_map read=|model| &model.at_map />
        </div>
        <p class="key">
            <span><i class="seat"></i>"free"</span>
            <span><i class="seat sold"></i>"sold"</span>
            <span><i class="seat sold mine"></i>"yours"</span>
            <span><i class="seat sold twice"></i>"sold twice"</span>
            <span><i class="seat target"></i>"Break it’s target"</span>
        </p>
    }
}

/// One chair.
fn chair(state: State, seat: SeatId, index: usize) -> impl IntoView {
    let class = state.show(move |model| {
        let target = if model.target() == Some(seat) { " target" } else { "" };
        let buying = if model.buying == Some(seat) { " buying" } else { "" };
        [model.look(index).class(), target, buying].concat()
    });
    let spoken = state.show(move |model| {
        let target = if model.target() == Some(seat) { ", Break it’s target" } else { "" };
        format!("row {} seat {}, {}{target}", seat.row(), seat.number(), model.look(index).word())
    });
    // Until the island is alive every seat is reached by Tab.
    let tab = state.show(move |model| if model.hydrated && model.cursor != index { "-1" } else { "0" }.to_owned());
    let on_click = move |event: MouseEvent| {
        event.prevent_default();
        state.change(|model| model.cursor = index);
        let (current, aiming, look) = state.now(|model| (model.is_current(), model.aiming, model.look(index)));
        if aiming {
            state.change(|model| {
                model.seat = seat.to_string();
                model.question.clear();
            });
        } else if !current {
            // What the map shows is another database's floor.
        } else if look == Look::Free {
            state.buy(seat);
        } else {
            let word = look.word();
            state.change(|model| {
                model.at_map = Notice::trouble(format!(
                    "Seat {seat} is {word}. Choose a free one, or aim Break it at it: that opens its next round."
                ));
            });
            state.refresh();
        }
    };
    view! {
        <button
            id=format!("seat-{seat}")
            name="seat"
            value=seat.to_string()
            class=class
            tabindex=tab
            aria-label=spoken
            on:click=on_click
        >
            {seat.number().to_string()}
        </button>
    }
}

/// Where a key leads from a seat.
fn step(plan: FloorPlan, from: usize, key: &str) -> Option<usize> {
    let (columns, all) = (usize::from(plan.seats_per_row), plan.len());
    let to = match key {
        "ArrowRight" => from + 1,
        "ArrowLeft" => from.checked_sub(1)?,
        "ArrowDown" => from + columns,
        "ArrowUp" => from.checked_sub(columns)?,
        "Home" => from - from % columns,
        "End" => from - from % columns + columns - 1,
        _ => return None,
    };
    (to < all).then_some(to)
}

/// One of the two things a click on a seat does.
fn click_way(state: State, aims: bool, words: &'static str) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name="click"
                checked=!aims
                prop:checked=state.show(move |model| model.aiming == aims)
                on:change=move |_| state.change(|model| model.aiming = aims)
            />
            <span>{words}</span>
        </label>
    }
}
