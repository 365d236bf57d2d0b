//! The seat map: a form of buttons, one per chair. A seat that may be sold is never shown as free.

use super::{
    call,
    card::spoken_seat,
    state::{Notice, State},
};
use crate::{api::FloorSeat, functions::Buy};
use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
    server_fn::ServerFn,
};
use onsale::{BuyerName, FloorPlan, SeatId};

/// The map, what a click does, and what came of the last one.
#[component]
pub fn FloorMap(state: State) -> impl IntoView {
    let (floor, buyer) = state.floor_and_buyer();
    let plan = state.setup.with_value(|setup| setup.plan);
    let tally = move || {
        state.view.with(|view| match view {
            None => "not read yet".to_owned(),
            Some(view) => {
                let sold = view.seats.iter().filter(|seat| is_sold(seat)).count();
                format!("{sold} of {} sold", view.seats.len())
            }
        })
    };
    let stale = move || state.loading.get() || !is_current(state);
    // The seat that Tab reaches; the arrow keys move it. Until the island is alive every seat is reached by Tab.
    let cursor = RwSignal::new(0_usize);
    let on_key = move |event: KeyboardEvent| {
        if let Some(to) = step(plan, cursor.get_untracked(), &event.key()) {
            event.prevent_default();
            cursor.set(to);
            if let Some(seat) = plan.seats().nth(to) {
                call::focus(&format!("seat-{seat}"));
            }
        }
    };
    let rows: Vec<_> = plan.seats().collect();
    let rows = rows.chunks(usize::from(plan.seats_per_row)).enumerate().map(|(row, seats)| {
        let letter = seats.first().map(|seat| seat.row().to_string());
        let first = row * usize::from(plan.seats_per_row);
        let seats = seats
            .iter()
            .enumerate()
            .map(|(at, seat)| view! { <Chair state seat=*seat index=first + at cursor /> })
            .collect_view();
        view! { <span class="row" aria-hidden="true">{letter}</span>{seats} }
    });
    view! {
        <h2 id="floor-title">"The floor"<span class="num">{tally}</span></h2>
        <Aim state />
        <div class="stage">"STAGE"</div>
        <form method="post" action=Buy::PATH autocomplete="off">
            <input type="hidden" name="backend" value=move || state.backend.get().as_str() />
            <input type="hidden" name="floor" value=floor.to_string() />
            <input type="hidden" name="buyer" value=buyer.to_string() />
            <div
                class="seats"
                class:stale=stale
                role="group"
                aria-label="Seats; the arrow keys move between them"
                aria-busy=move || stale().to_string()
                style=format!("--columns:{}", plan.seats_per_row)
                on:keydown=on_key
            >
                {rows.collect_view()}
            </div>
        </form>
        <div class="notice" role="status">{move || state.at_map.get().map(|notice| view! { <Said state notice /> })}</div>
        <p class="key">
            <span><i class="seat"></i>"free"</span>
            <span><i class="seat sold"></i>"sold"</span>
            <span><i class="seat mine"></i>"yours"</span>
            <span><i class="seat twice"></i>"sold twice"</span>
            <span><i class="seat target"></i>"Break it’s target"</span>
        </p>
    }
}

/// One chair.
#[component]
fn Chair(state: State, seat: SeatId, index: usize, cursor: RwSignal<usize>) -> impl IntoView {
    let looks = move || state.view.with(|view| looks(view.as_ref().and_then(|view| view.seats.get(index)), state));
    let is_target = move || state.target() == Some(seat);
    let class = move || {
        let target = if is_target() { " target" } else { "" };
        let buying = if state.buying.get() == Some(seat) { " buying" } else { "" };
        format!("seat {}{target}{buying}", looks().0)
    };
    let spoken = move || {
        let target = if is_target() { ", Break it’s target" } else { "" };
        format!("{}, {}{target}", spoken_seat(seat), looks().1)
    };
    let on_click = move |event: MouseEvent| {
        event.prevent_default();
        cursor.set(index);
        if !is_current(state) {
            return; // What the map shows is another database's floor.
        }
        if state.aiming.get_untracked() {
            state.seat.set(seat.to_string());
            state.question.set(None);
        } else if looks().0 == "free" {
            state.buy(seat);
        } else {
            let word = looks().1;
            state.at_map.set(Some(Notice::Trouble(format!(
                "Seat {seat} is {word}. Choose a free one, or aim Break it at it: that opens its next round."
            ))));
            state.refresh();
        }
    };
    let tab = move || state.hydrated.get().then(|| if cursor.get() == index { "0" } else { "-1" });
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
            {seat.number()}
        </button>
    }
}

/// How a chair looks, and the word for it.
fn looks(seat: Option<&FloorSeat>, state: State) -> (&'static str, &'static str) {
    let mine = |owner: &BuyerName| state.setup.with_value(|setup| setup.buyer == *owner);
    match seat {
        None => ("unread", "not read yet"),
        Some(seat) if seat.holders > 1 => ("sold twice", "sold twice"),
        Some(FloorSeat { owner: Some(owner), .. }) if mine(owner) => ("sold mine", "yours"),
        Some(seat) if is_sold(seat) => ("sold", "sold"),
        Some(_) => ("free", "free"),
    }
}

/// The seats table or the ledger says so: on the foil they may differ.
fn is_sold(seat: &FloorSeat) -> bool {
    seat.owner.is_some() || seat.holders > 0
}

fn is_current(state: State) -> bool {
    let backend = state.backend.get();
    state.view.with(|view| view.as_ref().is_some_and(|view| view.backend == backend))
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

/// What a click on a seat does.
#[component]
fn Aim(state: State) -> impl IntoView {
    let way = move |aims: bool, words: &'static str| {
        view! {
            <label>
                <input
                    type="radio"
                    name="click"
                    checked=!aims
                    prop:checked=move || state.aiming.get() == aims
                    on:change=move |_| state.aiming.set(aims)
                />
                {words}
            </label>
        }
    };
    view! {
        <fieldset class="aim">
            <legend>"A click on a seat"</legend>
            {way(false, "buys it")}
            {way(true, "aims Break it at it")}
        </fieldset>
    }
}

/// What came of the last click.
#[component]
fn Said(state: State, notice: Notice) -> impl IntoView {
    let (class, text, code) = match notice {
        Notice::Bought { seat, ticket } => {
            ("said bought", format!("Seat {seat} is yours. Confirmation code "), Some(ticket.to_string()))
        }
        Notice::Done(text) => ("said", text, None),
        Notice::Trouble(text) => ("said wrong", text, None),
    };
    view! {
        <p class=class>
            {text}{code.map(|code| view! { <code>{code}</code> })}" "
            <button class="plain" type="button" on:click=move |_| state.at_map.set(None)>"Dismiss"</button>
        </p>
    }
}
