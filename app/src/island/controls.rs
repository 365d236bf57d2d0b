//! Database, seat, buyers, think time, and the button. One plain form; alive, it stays on the page.

use super::{
    card::grouped,
    model::{Model, Phase, State, THINK_MS_MAX},
    setup::Notice,
};
use crate::functions::{BreakIt, Reset};
use leptos::{ev::MouseEvent, prelude::*, server_fn::ServerFn};

/// The controls.
#[component]
pub fn Controls(state: State) -> impl IntoView {
    let (floor_id, buyer) = state.now(|model| (model.setup.floor_id.clone(), model.setup.buyer.clone()));
    let engine = state.show(|model| match &model.floor {
        Some(floor) if model.is_current() => floor.engine.clone(),
        _ => format!("{}: not read yet", model.setup.shops[model.shop].title),
    });
    let press = move |deed: fn(State)| {
        move |event: MouseEvent| {
            event.prevent_default();
            deed(state);
        }
    };
    let busy = || state.show(|model| (model.bursts[model.shop].is_on() || model.resetting).to_string());
    let seat = field(state, "Seat", "seat", "text", |model| &mut model.seat, |model| &model.seat, no_seat);
    let buyers =
        field(state, "Buyers", "buyers", "numeric", |model| &mut model.buyers, |model| &model.buyers, no_buyers);
    let think =
        field(state, "Think, ms", "think_ms", "numeric", |model| &mut model.think, |model| &model.think, no_think);
    view! {
        <p class="engine">{engine}</p>
        <form class="break" method="post" action=BreakIt::PATH autocomplete="off" aria-label="Break it">
            <input type="hidden" name="floor" value=floor_id />
            <input type="hidden" name="buyer" value=buyer />
            {databases(state)}
            {seat}
            {buyers}
            {think}
            <button class="go" type="submit" aria-disabled=busy() on:click=press(|state| state.break_it(false))>
                {state.show(label)}
            </button>
            <button class="plain" type="submit" formaction=Reset::PATH aria-disabled=busy() on:click=press(State::reset)>
                {state.show(|model| if model.resetting { "Opening the seats…" } else { "Reset floor" }.to_owned())}
            </button>
            <div class="hint">
                {hint(state)}
                <div role="status">
                    <Said state notice=|model| &mut model.at_controls read=|model| &model.at_controls />
                    <div
                        class="said ask"
                        role="group"
                        aria-label="Open a bought seat again?"
                        hidden=state.show(|model| model.question.is_empty())
                    >
                        <p>{state.show(|model| model.question.clone())}</p>
                        <button
                            class="go small"
                            type="submit"
                            name="confirmed"
                            value="true"
                            on:click=press(|state| state.break_it(true))
                        >
                            "Yes, open it and break it"
                        </button>
                        <button
                            class="plain"
                            type="button"
                            on:click=press(|state| state.change(|model| model.question.clear()))
                        >
                            "No, leave it"
                        </button>
                    </div>
                </div>
            </div>
        </form>
    }
}

/// What the button is doing.
fn label(model: &Model) -> String {
    match &model.bursts[model.shop].phase {
        Phase::Asked | Phase::Queued(0) => "Opening the seat…".to_owned(),
        Phase::Queued(ahead) => format!("Waiting behind {ahead}…"),
        Phase::Running(progress) if progress.told.contains(&None) => {
            format!("{} buyers at it…", grouped(progress.told.len() as u64))
        }
        Phase::Running(_) => "Reading the ledger…".to_owned(),
        Phase::Idle | Phase::Done(_) | Phase::Failed(_) => "Break it".to_owned(),
    }
}

/// Which database; the address remembers it. Where there is one, there is nothing to choose.
fn databases(state: State) -> impl IntoView {
    let shops = state.now(|model| model.setup.shops.clone());
    let only = (shops.len() == 1).then(|| shops[0].id.clone());
    let option = |(place, shop): (usize, super::setup::ShopWords)| {
        let id = shop.id.clone();
        view! {
            <label class=id title=shop.title>
                <input
                    type="radio"
                    name="backend"
                    value=shop.id
                    checked=state.now(|model| model.shop == place)
                    prop:checked=state.show(move |model| model.shop == place)
                    on:change=move |_| state.choose(place)
                />
                <span>{shop.name}</span>
            </label>
        }
    };
    let pick = only.is_none().then(|| {
        let options = shops.into_iter().enumerate().map(option).collect_view();
        view! {
            <fieldset>
                <legend>"Database"</legend>
                <div class="pick">{options}</div>
            </fieldset>
        }
    });
    view! {
        {only.map(|id| view! { <input type="hidden" name="backend" value=id /> })}
        {pick}
    }
}

/// One labelled field, with what is allowed in it.
fn field(
    state: State,
    label: &'static str,
    name: &'static str,
    mode: &'static str,
    write: fn(&mut Model) -> &mut String,
    read: fn(&Model) -> &String,
    is_wrong: fn(&Model) -> bool,
) -> impl IntoView {
    view! {
        <label>
            {label}
            <input
                name=name
                inputmode=mode
                required
                spellcheck="false"
                aria-describedby=format!("{name}-hint")
                aria-invalid=state.show(move |model| is_wrong(model).to_string())
                value=state.now(|model| read(model).clone())
                prop:value=state.show(move |model| read(model).clone())
                on:input:target=move |event| {
                    let typed = event.target().value();
                    state.change(|model| *write(model) = typed);
                }
            />
        </label>
    }
}

fn no_seat(model: &Model) -> bool {
    model.target().is_none()
}

fn no_buyers(model: &Model) -> bool {
    model.buyers_asked().is_none()
}

fn no_think(model: &Model) -> bool {
    model.think_asked().is_none()
}

/// The line beside the fields: what is allowed, and what is wrong. It makes room for what is said there.
fn hint(state: State) -> impl IntoView {
    let (seats, most) = state.now(|model| (model.setup.plan.range(), grouped(model.setup.buyers_max.into())));
    let part = move |name: &'static str, allowed: String, is_wrong: fn(&Model) -> bool| {
        let class = state.show(move |model| if is_wrong(model) { "wrong" } else { "" }.to_owned());
        view! { <span id=format!("{name}-hint") class=class>{allowed}</span> }
    };
    view! {
        <p hidden=state.show(|model| !model.at_controls.text.is_empty())>
            {part("seat", format!("Seats {seats}"), no_seat)}" · "
            {part("buyers", format!("2 to {most} buyers"), no_buyers)}" · "
            {part("think_ms", format!("0 to {} ms", grouped(THINK_MS_MAX.into())), no_think)}
        </p>
    }
}

/// Something said at the place it is about.
#[component]
pub fn Said(state: State, notice: fn(&mut Model) -> &mut Notice, read: fn(&Model) -> &Notice) -> impl IntoView {
    let class = state.show(move |model| if read(model).wrong { "said wrong" } else { "said" }.to_owned());
    view! {
        <p class=class hidden=state.show(move |model| read(model).text.is_empty())>
            <span>{state.show(move |model| read(model).text.clone())}</span>
            <code>{state.show(move |model| read(model).code.clone())}</code>
            " "
            <button
                class="plain"
                type="button"
                on:click=move |_| state.change(|model| *notice(model) = Notice::default())
            >
                "Dismiss"
            </button>
        </p>
    }
}
