//! A burst as it happens: the server-sent events of one run.

use super::state::{Phase, Progress, State};
use crate::api::BurstEvent;
use onsale::{Backend, RunId};

/// Follows a run until it ends.
#[cfg(feature = "hydrate")]
pub use browser::watch;

/// On the server nobody watches.
#[cfg(not(feature = "hydrate"))]
pub fn watch(_state: State, _backend: Backend, _run: RunId) {}

/// What an event does to the state; true if it was the last.
#[cfg_attr(not(feature = "hydrate"), allow(dead_code))]
fn take(state: State, backend: Backend, run: &RunId, event: BurstEvent) -> bool {
    match event {
        // The stream replays from the beginning: after a broken connection everything starts over here.
        BurstEvent::Ready { plan, round, .. } => state.update_phase(backend, |phase| {
            *phase = Phase::Running(Progress {
                run: run.clone(),
                seat: plan.seat,
                round,
                regions: plan.regions,
                told: vec![None; plan.buyers as usize],
                ms: 0,
                interrupted: false,
            });
        }),
        BurstEvent::Fates { fates, ms } => state.update_phase(backend, |phase| {
            if let Phase::Running(progress) = phase {
                for fate in fates {
                    if let Some(told) = progress.told.get_mut(fate.index as usize) {
                        *told = Some(fate.outcome);
                    }
                }
                progress.ms = ms;
            }
        }),
        BurstEvent::Report(report) => {
            state.update_phase(backend, |phase| *phase = Phase::Done(report));
            return true;
        }
        BurstEvent::Failed { error } => {
            state.update_phase(backend, |phase| *phase = Phase::Failed(error));
            return true;
        }
    }
    false
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::{Backend, BurstEvent, Phase, RunId, State, take};
    use leptos::prelude::*;
    use leptos::wasm_bindgen::{JsCast, closure::Closure};
    use leptos::web_sys::{Event, EventSource, MessageEvent};
    use std::time::Duration;

    /// Follows a run until it ends. The browser itself takes a broken stream up again.
    pub fn watch(state: State, backend: Backend, run: RunId) {
        let Ok(source) = EventSource::new(&format!("/api/runs/{run}/events")) else {
            lose(state, backend, &run);
            return;
        };
        let ticking = tick(state, backend);
        let (stream, name) = (source.clone(), run.clone());
        let on_burst = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let text = message.data().as_string().unwrap_or_default();
            let over = match serde_json::from_str::<BurstEvent>(&text) {
                Ok(event) => take(state, backend, &name, event),
                Err(_) => {
                    lose(state, backend, &name);
                    true
                }
            };
            if over {
                stream.close();
                ticking.iter().for_each(IntervalHandle::clear);
                if state.backend.get_untracked() == backend {
                    state.refresh();
                }
            }
        });
        let stream = source.clone();
        let on_error = Closure::<dyn FnMut(Event)>::new(move |_: Event| {
            if stream.ready_state() == EventSource::CLOSED {
                ticking.iter().for_each(IntervalHandle::clear);
                lose(state, backend, &run);
            } else {
                state.update_phase(backend, |phase| {
                    if let Phase::Running(progress) = phase {
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

    /// Lets the clock run between the events of a burst whose buyers think for long.
    fn tick(state: State, backend: Backend) -> Option<IntervalHandle> {
        const EVERY_MS: u32 = 50;
        let step = move || {
            state.update_phase(backend, |phase| {
                if let Phase::Running(progress) = phase
                    && progress.told.contains(&None)
                    && !progress.interrupted
                {
                    progress.ms += u64::from(EVERY_MS);
                }
            });
        };
        set_interval_with_handle(step, Duration::from_millis(EVERY_MS.into())).ok()
    }

    fn lose(state: State, backend: Backend, run: &RunId) {
        state.update_phase(backend, |phase| {
            *phase = Phase::Failed(format!(
                "The connection to the server was lost. The burst goes on without it: open /run/{run} to see how it ends."
            ));
        });
    }
}
