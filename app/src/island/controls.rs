//! Database, seat, buyers, think time, and the button. One plain form; alive, it stays on the page.

use super::{
    card::{grouped, named_engine, short_title},
    state::{Notice, Phase, State, THINK_MS_MAX},
};
use crate::functions::{BreakIt, Reset};
use leptos::{ev::MouseEvent, prelude::*, server_fn::ServerFn};
use onsale::Backend;

/// The controls.
#[component]
pub fn Controls(state: State) -> impl IntoView {
    let (floor, buyer) = state.floor_and_buyer();
    let engine = move || {
        let backend = state.backend.get();
        state.view.with(|view| match view.as_ref().filter(|view| view.backend == backend) {
            Some(view) => named_engine(backend, &view.engine),
            None => format!("{}: not read yet", short_title(backend)),
        })
    };
    let break_it = move |event: MouseEvent| {
        event.prevent_default();
        state.break_it(false);
    };
    let reset = move |event: MouseEvent| {
        event.prevent_default();
        state.reset();
    };
    let busy = move || (state.is_bursting() || state.resetting.get()).to_string();
    view! {
        <p class="engine">{engine}</p>
        <form class="break" method="post" action=BreakIt::PATH autocomplete="off" aria-label="Break it">
            <input type="hidden" name="floor" value=floor.to_string() />
            <input type="hidden" name="buyer" value=buyer.to_string() />
            <Databases state />
            <Field
                label="Seat" name="seat" value=state.seat hint="seat-hint" mode="text"
                wrong=Signal::derive(move || state.target().is_none())
            />
            <Field
                label="Buyers" name="buyers" value=state.buyers hint="buyers-hint" mode="numeric"
                wrong=Signal::derive(move || state.buyers_asked().is_none())
            />
            <Field
                label="Think, ms" name="think_ms" value=state.think hint="think-hint" mode="numeric"
                wrong=Signal::derive(move || state.think_asked().is_none())
            />
            <button class="go" type="submit" aria-disabled=busy on:click=break_it>{move || label(state)}</button>
            <button class="plain" type="submit" formaction=Reset::PATH aria-disabled=busy on:click=reset>
                {move || if state.resetting.get() { "Opening the seats…" } else { "Reset floor" }}
            </button>
            <Hint state />
        </form>
    }
}

/// What the button is doing.
fn label(state: State) -> String {
    state.with_phase(|phase| match phase {
        Phase::Asked | Phase::Queued(_, 0) => "Opening the seat…".to_owned(),
        Phase::Queued(_, ahead) => format!("Waiting behind {ahead}…"),
        Phase::Running(progress) if progress.told.contains(&None) => {
            format!("{} buyers at it…", grouped(progress.told.len() as u64))
        }
        Phase::Running(_) => "Reading the ledger…".to_owned(),
        Phase::Idle | Phase::Done(_) | Phase::Failed(_) => "Break it".to_owned(),
    })
}

/// Which database; the address remembers it.
#[component]
fn Databases(state: State) -> impl IntoView {
    let option = move |backend: Backend| {
        let name = match backend {
            Backend::Dsql => "Aurora DSQL",
            Backend::Naive => "DynamoDB · foil",
            Backend::Control => "Known-bad control",
        };
        view! {
            <label class=backend.as_str() title=backend.title()>
                <input
                    type="radio"
                    name="backend"
                    value=backend.as_str()
                    checked=state.backend.get_untracked() == backend
                    prop:checked=move || state.backend.get() == backend
                    on:change=move |_| state.choose(backend)
                />
                <span>{name}</span>
            </label>
        }
    };
    let options = state.setup.with_value(|setup| setup.backends.iter().map(|b| option(*b)).collect_view());
    view! { <fieldset><legend>"Database"</legend><div class="pick">{options}</div></fieldset> }
}

/// One labelled field, with what is allowed in it.
#[component]
fn Field(
    label: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    hint: &'static str,
    mode: &'static str,
    wrong: Signal<bool>,
) -> impl IntoView {
    view! {
        <label>
            {label}
            <input
                name=name
                inputmode=mode
                required
                spellcheck="false"
                aria-describedby=hint
                aria-invalid=move || wrong.get().to_string()
                value=value.get_untracked()
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
            />
        </label>
    }
}

/// The line under the fields: what is allowed, what is wrong, what is asked. Always there.
#[component]
fn Hint(state: State) -> impl IntoView {
    let (seats, most) = state.setup.with_value(|setup| (setup.plan.range(), grouped(setup.buyers_max.into())));
    let wrong = |is_wrong: bool| if is_wrong { "wrong" } else { "" };
    let notice = move || {
        state.at_controls.get().map(|notice| {
            let (class, text) = match notice {
                Notice::Done(text) => ("said", text),
                Notice::Trouble(text) => ("said wrong", text),
                Notice::Bought { .. } => ("said", String::new()),
            };
            view! {
                <p class=class>
                    {text}" "
                    <button class="plain" type="button" on:click=move |_| state.at_controls.set(None)>"Dismiss"</button>
                </p>
            }
        })
    };
    let question = move || {
        state.question.get().map(|(seat, owner)| {
            view! {
                <div class="said ask" role="group" aria-label="Open a bought seat again?">
                    <p>
                        {owner.to_string()}" bought seat "{seat.to_string()}
                        ". Break it would open its next round; that ticket stays in the ledger, marked with its round."
                    </p>
                    <button
                        class="go small"
                        type="submit"
                        name="confirmed"
                        value="true"
                        on:click=move |event| {
                            event.prevent_default();
                            state.break_it(true);
                        }
                    >
                        "Yes, open it and break it"
                    </button>
                    <button class="plain" type="button" on:click=move |_| state.question.set(None)>"No, leave it"</button>
                </div>
            }
        })
    };
    view! {
        <div class="hint">
            <p hidden=move || state.at_controls.with(Option::is_some)>
                <span id="seat-hint" class=move || wrong(state.target().is_none())>"Seats "{seats}</span>" · "
                <span id="buyers-hint" class=move || wrong(state.buyers_asked().is_none())>"2 to "{most}" buyers"</span>
                " · "
                <span id="think-hint" class=move || wrong(state.think_asked().is_none())>
                    "0 to "{grouped(THINK_MS_MAX.into())}" ms"
                </span>
            </p>
            <div role="status">{notice}{question}</div>
        </div>
    }
}
