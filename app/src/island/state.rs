//! What the on-sale knows, and the little that changes it.

use super::{call, card::Wish};
use crate::{
    api::{BurstStart, FloorView, PurchaseAnswer, RunReport, WitnessAnswer},
    error::AppError,
    functions::{BreakIt, Buy, LoadFloor, Reset},
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use onsale::{Backend, BuyerName, FloorId, FloorPlan, Outcome, Region, Round, RunId, SeatId, Ticket};
use serde::{Deserialize, Serialize};

/// What the page's server half hands to the island.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// The visitor's floor, or the one the address names.
    pub floor: FloorId,
    /// Who buys.
    pub buyer: BuyerName,
    /// What is on sale here, the product's database first.
    pub backends: Vec<Backend>,
    /// The one shown first.
    pub backend: Backend,
    /// The seats there are.
    pub plan: FloorPlan,
    /// The most buyers of one burst.
    pub buyers_max: u32,
    /// Break it's seat.
    pub seat: SeatId,
    /// Break it's buyers.
    pub buyers: u32,
    /// Break it's think time.
    pub think_ms: u32,
    /// The floor, unless its database is away.
    pub view: Option<FloorView>,
    /// Said at the map.
    pub at_map: Option<Notice>,
    /// Said at the controls.
    pub at_controls: Option<Notice>,
    /// The seat that a burst asks about, and who holds it.
    pub question: Option<(SeatId, BuyerName)>,
}

/// Something said at the place it is about; it stays until dismissed or answered by the next deed there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    /// A seat was bought.
    Bought {
        /// The chair.
        seat: SeatId,
        /// The confirmation code.
        ticket: Ticket,
    },
    /// Something went as asked.
    Done(String),
    /// Something did not: what happened, to which thing, what to do.
    Trouble(String),
}

/// Where the burst on one backend is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// None yet.
    Idle,
    /// Asked for; the server has not answered.
    Asked,
    /// Accepted; this many bursts and resets of the seat come first.
    Queued(RunId, usize),
    /// Under way.
    Running(Progress),
    /// Read back and judged.
    Done(Box<RunReport>),
    /// It could not be done.
    Failed(String),
}

/// A burst under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Its permanent name.
    pub run: RunId,
    /// The seat it wants.
    pub seat: SeatId,
    /// The round it opened.
    pub round: Round,
    /// The regions, buyers alternating.
    pub regions: Vec<Region>,
    /// What each buyer was told so far.
    pub told: Vec<Option<Outcome>>,
    /// Milliseconds since the barrier fell.
    pub ms: u64,
    /// The stream broke off and is being taken up again.
    pub interrupted: bool,
}

/// The island's state. Every field is a signal or a constant: it is copied wherever it is needed.
#[derive(Clone, Copy)]
pub struct State {
    /// What never changes.
    pub setup: StoredValue<Setup>,
    /// The database chosen in the controls.
    pub backend: RwSignal<Backend>,
    /// The floor as a database last gave it.
    pub view: RwSignal<Option<FloorView>>,
    /// A floor is on its way: what the map shows may be old.
    pub loading: RwSignal<bool>,
    /// A reset is on its way.
    pub resetting: RwSignal<bool>,
    /// The seat being bought.
    pub buying: RwSignal<Option<SeatId>>,
    /// The burst of each backend, in [`Setup::backends`]' order.
    pub phases: RwSignal<Vec<Phase>>,
    /// What each of these bursts was asked to be; the fields may have moved on.
    pub wishes: StoredValue<Vec<Wish>>,
    /// The controls' fields, as typed.
    pub seat: RwSignal<String>,
    /// Buyers, as typed.
    pub buyers: RwSignal<String>,
    /// Think time, as typed.
    pub think: RwSignal<String>,
    /// A click on a seat aims Break it instead of buying.
    pub aiming: RwSignal<bool>,
    /// Said at the map.
    pub at_map: RwSignal<Option<Notice>>,
    /// Said at the controls.
    pub at_controls: RwSignal<Option<Notice>>,
    /// A burst waits for a yes: the seat, and who holds it.
    pub question: RwSignal<Option<(SeatId, BuyerName)>>,
    /// The island is alive.
    pub hydrated: RwSignal<bool>,
}

impl State {
    /// The state a page begins with.
    pub fn new(setup: Setup) -> Self {
        Self {
            backend: RwSignal::new(setup.backend),
            view: RwSignal::new(setup.view.clone()),
            loading: RwSignal::new(false),
            resetting: RwSignal::new(false),
            buying: RwSignal::new(None),
            phases: RwSignal::new(vec![Phase::Idle; setup.backends.len()]),
            wishes: StoredValue::new(vec![Wish::default(); setup.backends.len()]),
            seat: RwSignal::new(setup.seat.to_string()),
            buyers: RwSignal::new(setup.buyers.to_string()),
            think: RwSignal::new(setup.think_ms.to_string()),
            aiming: RwSignal::new(false),
            at_map: RwSignal::new(setup.at_map.clone()),
            at_controls: RwSignal::new(setup.at_controls.clone()),
            question: RwSignal::new(setup.question.clone()),
            hydrated: RwSignal::new(false),
            setup: StoredValue::new(setup),
        }
    }

    /// The floor shown, and who looks at it.
    pub fn floor_and_buyer(self) -> (FloorId, BuyerName) {
        self.setup.with_value(|setup| (setup.floor.clone(), setup.buyer.clone()))
    }

    fn place_of(self, backend: Backend) -> usize {
        self.setup.with_value(|setup| setup.backends.iter().position(|b| *b == backend).unwrap_or(0))
    }

    /// The burst of the chosen backend, looked at by `read`.
    pub fn with_phase<T>(self, read: impl FnOnce(&Phase) -> T) -> T {
        let place = self.place_of(self.backend.get());
        self.phases.with(|phases| read(phases.get(place).unwrap_or(&Phase::Idle)))
    }

    /// What the chosen backend's burst is or would be.
    pub fn wish(self) -> Wish {
        let asked = self.with_phase(|phase| *phase != Phase::Idle);
        let place = self.place_of(self.backend.get());
        let asked = asked.then(|| self.wishes.with_value(|wishes| wishes.get(place).cloned())).flatten();
        asked.unwrap_or_else(|| self.wish_in_fields())
    }

    /// Changes the burst of `backend`.
    pub fn update_phase(self, backend: Backend, change: impl FnOnce(&mut Phase)) {
        let place = self.place_of(backend);
        self.phases.update(|phases| {
            if let Some(phase) = phases.get_mut(place) {
                change(phase);
            }
        });
    }

    /// Whether a burst of the chosen backend is under way.
    pub fn is_bursting(self) -> bool {
        self.with_phase(|phase| matches!(phase, Phase::Asked | Phase::Queued(..) | Phase::Running(_)))
    }

    /// The seat in the controls' field, if it is one on this floor.
    pub fn target(self) -> Option<SeatId> {
        let plan = self.setup.with_value(|setup| setup.plan);
        let seat = self.seat.with(|text| text.trim().to_ascii_uppercase().parse().ok());
        seat.filter(|seat| plan.contains(*seat))
    }

    /// The buyers in the controls' field, if that is a number allowed here.
    pub fn buyers_asked(self) -> Option<u32> {
        let most = self.setup.with_value(|setup| setup.buyers_max);
        self.buyers.with(|text| text.trim().parse().ok()).filter(|buyers| (2..=most).contains(buyers))
    }

    /// The think time in the controls' field, if that is a number allowed here.
    pub fn think_asked(self) -> Option<u32> {
        self.think.with(|text| text.trim().parse().ok()).filter(|think| *think <= THINK_MS_MAX)
    }

    /// The burst that the controls ask for; what is wrong in a field counts as what it began with.
    fn wish_in_fields(self) -> Wish {
        let (buyers, think_ms) = self.setup.with_value(|setup| (setup.buyers, setup.think_ms));
        Wish {
            seat: self.target().map_or_else(|| self.seat.get(), |seat| seat.to_string()),
            buyers: self.buyers_asked().unwrap_or(buyers),
            think_ms: self.think_asked().unwrap_or(think_ms),
            regions: self.view.with(|view| view.as_ref().map_or_else(Vec::new, |view| view.regions.clone())),
        }
    }

    /// The witness's word on the floor shown, if it is the chosen backend's.
    pub fn witness(self) -> Option<WitnessAnswer> {
        let backend = self.backend.get();
        self.view.with(|view| view.as_ref().filter(|view| view.backend == backend).map(|view| view.witness.clone()))
    }

    /// Shows another database's floor. If it does not answer, the choice goes back to the one that is shown.
    pub fn choose(self, backend: Backend) {
        self.backend.set(backend);
        self.question.set(None);
        self.at_controls.set(None);
        self.at_map.set(None);
        call::remember(&format!("/?backend={backend}&floor={}", self.floor_and_buyer().0));
        self.refresh();
    }

    /// Reads the chosen database's floor again.
    pub fn refresh(self) {
        let backend = self.backend.get_untracked();
        let (floor, buyer) = self.floor_and_buyer();
        self.loading.set(true);
        spawn_local(async move {
            let body = call::body(&[("floor", floor.as_str()), ("buyer", buyer.as_str())], backend);
            let answer = call::post::<FloorView>(LoadFloor::PATH, &body).await;
            if self.backend.get_untracked() != backend {
                return; // Another one was chosen meanwhile; its own answer is on its way.
            }
            self.loading.set(false);
            match answer {
                Ok(view) => self.view.set(Some(view)),
                Err(error) => {
                    let shown = self.view.with_untracked(|view| view.as_ref().map(|view| view.backend));
                    if let Some(shown) = shown {
                        self.backend.set(shown);
                    }
                    self.at_map.set(Some(Notice::Trouble(format!("The map could not be read again. {error}"))));
                }
            }
        });
    }

    /// Buys a seat.
    pub fn buy(self, seat: SeatId) {
        if self.buying.get_untracked().is_some() {
            return;
        }
        let backend = self.backend.get_untracked();
        let (floor, buyer) = self.floor_and_buyer();
        self.buying.set(Some(seat));
        self.at_map.set(None);
        spawn_local(async move {
            let chair = seat.to_string();
            let body =
                call::body(&[("floor", floor.as_str()), ("buyer", buyer.as_str()), ("seat", chair.as_str())], backend);
            let answer = call::post::<PurchaseAnswer>(Buy::PATH, &body).await;
            self.buying.set(None);
            self.at_map.set(Some(match answer {
                Ok(PurchaseAnswer { outcome: Outcome::Confirmed, ticket_id: Some(ticket), .. }) => {
                    Notice::Bought { seat, ticket }
                }
                Ok(PurchaseAnswer { outcome: Outcome::Rejected, .. }) => {
                    Notice::Trouble(AppError::Taken { seat }.to_string())
                }
                Ok(PurchaseAnswer { outcome: Outcome::Unknown, .. }) => Notice::Trouble(format!(
                    "The answer was lost. Seat {seat} may be yours: look under My tickets before you buy again."
                )),
                Ok(_) => Notice::Trouble(format!("Seat {seat} was not sold. Nothing was bought; try again.")),
                Err(error) => Notice::Trouble(error.to_string()),
            }));
            self.refresh();
        });
    }

    /// Starts a burst, if the fields are right and nothing is under way.
    pub fn break_it(self, confirmed: bool) {
        if self.is_bursting() || self.resetting.get_untracked() {
            return;
        }
        let (Some(seat), Some(buyers), Some(think)) = (self.target(), self.buyers_asked(), self.think_asked()) else {
            return; // The field itself says what is allowed.
        };
        let backend = self.backend.get_untracked();
        let floor = self.floor_and_buyer().0;
        self.question.set(None);
        self.at_controls.set(None);
        let place = self.place_of(backend);
        let wish = untrack(|| self.wish_in_fields());
        self.wishes.update_value(|wishes| wishes[place] = wish);
        self.update_phase(backend, |phase| *phase = Phase::Asked);
        spawn_local(async move {
            let (chair, buyers, think) = (seat.to_string(), buyers.to_string(), think.to_string());
            let fields = [
                ("floor", floor.as_str()),
                ("seat", chair.as_str()),
                ("buyers", buyers.as_str()),
                ("think_ms", think.as_str()),
                ("confirmed", if confirmed { "true" } else { "false" }),
            ];
            match call::post::<BurstStart>(BreakIt::PATH, &call::body(&fields, backend)).await {
                Ok(BurstStart::Started { run, ahead }) => {
                    self.update_phase(backend, |phase| *phase = Phase::Queued(run.clone(), ahead));
                    super::stream::watch(self, backend, run);
                }
                Ok(BurstStart::Ask { seat, owner }) => {
                    self.update_phase(backend, |phase| *phase = Phase::Idle);
                    self.question.set(Some((seat, owner)));
                }
                Err(error) => self.update_phase(backend, |phase| *phase = Phase::Failed(error.to_string())),
            }
        });
    }

    /// Opens every seat that was sold since the last reset.
    pub fn reset(self) {
        if self.resetting.get_untracked() || self.is_bursting() {
            return;
        }
        let backend = self.backend.get_untracked();
        let (floor, buyer) = self.floor_and_buyer();
        self.resetting.set(true);
        self.question.set(None);
        self.at_controls.set(None);
        spawn_local(async move {
            let body = call::body(&[("floor", floor.as_str()), ("buyer", buyer.as_str())], backend);
            let answer = call::post::<FloorView>(Reset::PATH, &body).await;
            self.resetting.set(false);
            let notice = match answer {
                Ok(view) => {
                    if self.backend.get_untracked() == backend {
                        self.view.set(Some(view));
                    }
                    self.at_map.set(None);
                    self.update_phase(backend, |phase| *phase = Phase::Idle);
                    Notice::Done("Every seat is open again. Earlier tickets stay in the ledger.".to_owned())
                }
                Err(error) => Notice::Trouble(error.to_string()),
            };
            self.at_controls.set(Some(notice));
        });
    }
}

/// The longest pause between reading and writing, in milliseconds.
pub const THINK_MS_MAX: u32 = 2000;
