//! My tickets, read back from the ledger, and the link to this floor.

use super::model::{Model, State};
use leptos::prelude::*;

/// The visitor's stubs, newest first, and the link that shares the floor.
#[component]
pub fn MyTickets(state: State) -> impl IntoView {
    let stubs = state.show(|model| model.floor.as_ref().map_or_else(String::new, |floor| floor.stubs.clone()));
    let tally = state.show(|model| model.floor.as_ref().map_or_else(String::new, |floor| floor.stubs_tally.clone()));
    view! {
        <section class="tickets" aria-labelledby="tickets-title">
            <h2 id="tickets-title">"My tickets"<span>{tally}</span></h2>
            <ul inner_html=stubs></ul>
            <p class="share">
                "You are "<b>{state.now(|model| model.setup.buyer.clone())}</b>
                ". This floor is yours alone; whoever has "
                <a href=state.show(Model::address)>"its link"</a>" can buy and reset here. "
                <button class="plain" type="button" on:click=move |_| state.copy_link()>{state.show(|model| model.copied.to_owned())}</button>
            </p>
        </section>
    }
}
