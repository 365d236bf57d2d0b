//! A burst as it happens: the server-sent events of one run.

use super::json::Json;
use crate::island::{
    card::Card,
    marks::DENSE,
    model::{Burst, Phase, Progress, State},
};
use leptos::prelude::*;
use leptos::wasm_bindgen::{JsCast, closure::Closure};
use leptos::web_sys::{Event, EventSource, MessageEvent};
use std::time::Duration;

/// Follows a run until it ends. The browser itself takes a broken stream up again.
pub(super) fn watch(state: State, shop: usize, run: &str) {
    let Ok(source) = EventSource::new(&format!("/api/runs/{run}/events")) else {
        lose(state, shop);
        return;
    };
    let ticking = tick(state, shop);
    let finish = move |stream: &EventSource| {
        stream.close();
        ticking.iter().for_each(IntervalHandle::clear);
    };
    let stream = source.clone();
    let on_burst = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let text = message.data().as_string().unwrap_or_default();
        let over = if let Some(event) = Json::parse(&text) {
            take(state, shop, &event)
        } else {
            lose(state, shop);
            true
        };
        if over {
            finish(&stream);
            if state.now(|model| model.shop == shop) {
                state.refresh();
            }
        }
    });
    let stream = source.clone();
    let on_error = Closure::<dyn FnMut(Event)>::new(move |_: Event| {
        if stream.ready_state() == EventSource::CLOSED {
            finish(&stream);
            lose(state, shop);
        } else {
            state.change(|model| {
                if let Phase::Running(progress) = &mut model.bursts[shop].phase {
                    progress.interrupted = true;
                }
            });
        }
    });
    let _ = source.add_event_listener_with_callback("burst", on_burst.as_ref().unchecked_ref());
    let _ = source.add_event_listener_with_callback("error", on_error.as_ref().unchecked_ref());
    // The source keeps them for as long as it lives; one burst each, a few hundred bytes.
    on_burst.forget();
    on_error.forget();
}

/// What a [`crate::api::BurstEvent`] does; true if it was the last.
fn take(state: State, shop: usize, event: &Json) -> bool {
    let failed = event.find("error").is_some();
    let over = failed || event.find("card").is_some();
    let ms = u64::from(event.number("ms"));
    // Thousands of buyers are drawn when the clock ticks, not at every handful of answers.
    let mut draw = true;
    state.0.maybe_update(|model| {
        let phase = &mut model.bursts[shop].phase;
        if let Some(plan) = event.find("plan") {
            // A stream that replays from the beginning: everything starts over here.
            *phase = Phase::Running(Progress {
                round: event.number("round"),
                regions: plan.texts("regions"),
                told: vec![None; plan.number("buyers") as usize],
                ms: 0,
                interrupted: false,
            });
        }
        if let Phase::Running(progress) = phase {
            for fate in event.list("fates") {
                if let Some(told) = progress.told.get_mut(fate.number("i") as usize) {
                    *told = Some(fate.outcome("o"));
                }
            }
            progress.interrupted = false;
            progress.ms = progress.ms.max(ms);
            draw = over || ms == 0 || progress.told.len() <= DENSE;
            if let Some(card) = event.find("card") {
                let mut card = Card::from(card);
                let oversold = card.oversold;
                card.draw(&progress.told, &progress.regions, |_| oversold);
                *phase = Phase::Done(Box::new(card));
            }
        }
        if failed {
            *phase = Phase::Failed(event.text("error"));
        }
        draw
    });
    over
}

/// Lets the clock run between the events of a burst whose buyers think for long.
fn tick(state: State, shop: usize) -> Option<IntervalHandle> {
    const EVERY_MS: u32 = 50;
    let step = move || {
        state.0.maybe_update(|model| {
            let Burst { phase: Phase::Running(progress), .. } = &mut model.bursts[shop] else { return false };
            if !progress.interrupted && progress.told.contains(&None) {
                progress.ms += u64::from(EVERY_MS);
            }
            true
        });
    };
    set_interval_with_handle(step, Duration::from_millis(EVERY_MS.into())).ok()
}

fn lose(state: State, shop: usize) {
    state.change(|model| {
        let burst = &mut model.bursts[shop];
        burst.phase = Phase::Failed(format!(
            "The connection to the server was lost. If the server still runs, so does the burst, and {} shows how it ends.",
            burst.address()
        ));
    });
}
