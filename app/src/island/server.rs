//! The same on the server, where nobody clicks.
#![allow(clippy::unused_self, reason = "the deeds are the browser's")]

use super::{model::State, setup::Setup};
use leptos::prelude::use_context;
use onsale::SeatId;

/// What the page was found to be.
pub fn setup() -> Setup {
    use_context().unwrap_or_default()
}

pub fn focus(_id: &str) {}

pub fn mark_hydrated() {}

impl State {
    pub fn choose(self, _shop: usize) {}

    pub fn refresh(self) {}

    pub fn buy(self, _seat: SeatId) {}

    pub fn break_it(self, _yes: bool) {}

    pub fn reset(self) {}

    pub fn copy_link(self) {}
}
