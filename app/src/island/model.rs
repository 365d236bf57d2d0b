//! What the on-sale knows: one value in one signal. Views read it, deeds change it.

use super::{
    card::Card,
    setup::{Floor, Look, Notice, Setup},
};
use leptos::prelude::*;
use onsale::{Outcome, SeatId};

/// The longest pause between reading and writing, in milliseconds.
pub const THINK_MS_MAX: u32 = 2000;

/// Everything that can change on the page.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that goes on or does not")]
pub struct Model {
    /// What never changes.
    pub setup: Setup,
    /// The database chosen in the controls.
    pub shop: usize,
    /// The floor as a database last gave it.
    pub floor: Option<Floor>,
    /// A floor is on its way: what the map shows may be old.
    pub loading: bool,
    /// How often the floor was asked for: only the newest answer is shown.
    pub asked: u32,
    /// A reset is on its way.
    pub resetting: bool,
    /// The seat being bought.
    pub buying: Option<SeatId>,
    /// The burst of each database.
    pub bursts: Vec<Burst>,
    /// The controls' seat, as typed.
    pub seat: String,
    /// Buyers, as typed.
    pub buyers: String,
    /// Think time, as typed.
    pub think: String,
    /// A click on a seat aims Break it instead of buying.
    pub aiming: bool,
    /// Said at the map.
    pub at_map: Notice,
    /// Said at the controls.
    pub at_controls: Notice,
    /// What a burst asks before it begins; empty if it does not ask.
    pub question: String,
    /// The seat that Tab reaches; the arrow keys move it.
    pub cursor: usize,
    /// What became of copying the floor's link.
    pub copied: &'static str,
    /// The island is alive.
    pub hydrated: bool,
}

/// A burst on one database: wished for, under way, or over.
#[derive(Clone, Default)]
pub struct Burst {
    /// What was asked for. The fields may have moved on.
    pub wish: Wish,
    /// Its permanent name, once it has one.
    pub run: String,
    /// Where it is.
    pub phase: Phase,
}

/// A burst that could be asked for.
#[derive(Clone, Default)]
pub struct Wish {
    /// The chair, as typed.
    pub seat: String,
    /// How many buyers.
    pub buyers: u32,
    /// How long they think.
    pub think_ms: u32,
    /// Where they connect, if that is known.
    pub regions: Vec<String>,
}

/// Where a burst is.
#[derive(Clone, Default)]
pub enum Phase {
    /// Nowhere yet.
    #[default]
    Idle,
    /// Asked for; the server has not answered.
    Asked,
    /// Accepted; this many bursts and resets of the seat come first.
    Queued(u32),
    /// Under way.
    Running(Progress),
    /// Read back and judged.
    Done(Box<Card>),
    /// It could not be done.
    Failed(String),
}

/// A burst under way.
#[derive(Clone)]
pub struct Progress {
    /// The round it opened.
    pub round: u32,
    /// The regions, buyers alternating.
    pub regions: Vec<String>,
    /// What each buyer was told so far.
    pub told: Vec<Option<Outcome>>,
    /// Milliseconds since the barrier fell.
    pub ms: u64,
    /// The stream broke off and is being taken up again.
    pub interrupted: bool,
}

impl Burst {
    /// Whether it is under way.
    pub fn is_on(&self) -> bool {
        matches!(self.phase, Phase::Asked | Phase::Queued(_) | Phase::Running(_))
    }

    /// The run's page, once there is one.
    pub fn address(&self) -> String {
        if self.run.is_empty() { String::new() } else { format!("/run/{}", self.run) }
    }
}

impl Model {
    /// What a page begins with.
    pub fn new(setup: Setup) -> Self {
        Self {
            shop: setup.shop,
            floor: setup.floor.clone(),
            loading: false,
            asked: 0,
            resetting: false,
            buying: None,
            bursts: vec![Burst::default(); setup.shops.len()],
            seat: setup.seat.clone(),
            buyers: setup.buyers.to_string(),
            think: setup.think_ms.to_string(),
            aiming: false,
            at_map: setup.at_map.clone(),
            at_controls: setup.at_controls.clone(),
            question: setup.question.clone(),
            cursor: 0,
            copied: "Copy link",
            hydrated: false,
            setup,
        }
    }

    /// The chosen database's name on the wire.
    pub fn shop_id(&self) -> &str {
        &self.setup.shops[self.shop].id
    }

    /// The chosen database's burst, or the one that the fields ask for.
    pub fn burst(&self) -> Burst {
        let mut burst = self.bursts[self.shop].clone();
        if matches!(burst.phase, Phase::Idle) {
            burst.wish = self.wish();
        }
        burst
    }

    /// The burst that the fields ask for; what is wrong in one counts as what it began with.
    pub fn wish(&self) -> Wish {
        Wish {
            seat: self.target().map_or_else(|| self.seat.clone(), |seat| seat.to_string()),
            buyers: self.buyers_asked().unwrap_or(self.setup.buyers),
            think_ms: self.think_asked().unwrap_or(self.setup.think_ms),
            regions: self.floor.as_ref().map_or_else(Vec::new, |floor| floor.regions.clone()),
        }
    }

    /// The seat in the controls' field, if it is one on this floor.
    pub fn target(&self) -> Option<SeatId> {
        let seat = self.seat.trim().to_ascii_uppercase().parse().ok();
        seat.filter(|seat| self.setup.plan.contains(*seat))
    }

    /// The buyers in the controls' field, if that is a number allowed here.
    pub fn buyers_asked(&self) -> Option<u32> {
        self.buyers.trim().parse().ok().filter(|buyers| (2..=self.setup.buyers_max).contains(buyers))
    }

    /// The think time in the controls' field, if that is a number allowed here.
    pub fn think_asked(&self) -> Option<u32> {
        self.think.trim().parse().ok().filter(|think| *think <= THINK_MS_MAX)
    }

    /// Whether the floor shown is the chosen database's.
    pub fn is_current(&self) -> bool {
        self.floor.as_ref().is_some_and(|floor| floor.shop == self.shop_id())
    }

    /// How a seat of the floor shown looks.
    pub fn look(&self, index: usize) -> Look {
        Look::of_letter(self.floor.as_ref().and_then(|floor| floor.looks.as_bytes().get(index)))
    }

    /// The floor and who looks at it, as fields of a form.
    pub fn form(&self) -> String {
        format!("backend={}&floor={}&buyer={}", self.shop_id(), self.setup.floor_id, self.setup.buyer)
    }

    /// The address of the floor shown.
    pub fn address(&self) -> String {
        format!("/?backend={}&floor={}", self.shop_id(), self.setup.floor_id)
    }
}

/// What is asked before a seat is opened that somebody bought.
pub fn question(seat: &str, owner: &str) -> String {
    format!(
        "{owner} bought seat {seat}. Break it would open its next round; that ticket stays in the ledger, marked with its round."
    )
}

/// The model in its signal. It is copied wherever it is needed.
#[derive(Clone, Copy)]
pub struct State(pub RwSignal<Model>);

impl State {
    /// Something to show, kept up to date.
    pub fn show<T: 'static>(self, read: impl Fn(&Model) -> T + Send + Sync + 'static) -> Shown<T> {
        Box::new(move || self.0.with(&read))
    }

    /// A look at the model as it is now.
    pub fn now<T>(self, read: impl FnOnce(&Model) -> T) -> T {
        self.0.with_untracked(read)
    }

    /// Changes the model.
    pub fn change(self, change: impl FnOnce(&mut Model)) {
        self.0.update(change);
    }
}

/// Something to show. Boxed, because the code that keeps it up to date is compiled anew for every type of function.
pub type Shown<T> = Box<dyn Fn() -> T + Send + Sync>;
