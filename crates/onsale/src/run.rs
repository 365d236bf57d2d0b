//! A run: one burst or rush with everything recorded. It names no floor, because a floor's id is the right to write on it.

use crate::box_office::{Sale, SeatRow};
use crate::history::{Opening, Operation};
use crate::ids::{Backend, Region, Round, RunId, SeatId};
use serde::{Deserialize, Serialize};

/// One burst, complete: verdicts are computed from this and from nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The version of this schema, [`Run::VERSION`].
    pub version: u32,
    /// Its permanent name.
    pub id: RunId,
    /// When its clock began, in milliseconds since 1970.
    pub began_at_ms: i64,
    /// What was asked for.
    pub plan: Plan,
    /// What answered.
    pub engine: Engine,
    /// What asked.
    pub host: Host,
    /// How each seat's round began, in the order of the plan's seats.
    pub openings: Vec<Opening>,
    /// The most that the clocks of the stamps below may differ, in microseconds: 0 if one process took them all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skew_us: u64,
    /// The barrier fell.
    pub barrier_us: u64,
    /// The last buyer was told.
    pub end_us: u64,
    /// What every buyer did, in the order of the plan.
    pub operations: Vec<Operation>,
    /// The committed ledger rows of these rounds, of this run and of others, as read back; on two replicas united by ticket.
    pub ledger: Vec<Sale>,
    /// The seats' rows as each replica showed them.
    pub seat_rows: Vec<SeatRow>,
}

impl Run {
    /// The version written today. Version 1 knew one seat only.
    pub const VERSION: u32 = 2;

    /// The round of the plan's first seat; 1 if no opening was recorded.
    pub fn round(&self) -> Round {
        self.openings.first().map_or(1, |opening| opening.round)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a burst does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Where.
    pub backend: Backend,
    /// What the buyers want: one seat (a burst), or several, a buyer one seat in turn (a rush). Never empty.
    #[serde(deserialize_with = "at_least_one")]
    pub seats: Vec<SeatId>,
    /// How many, split evenly over the regions.
    pub buyers: u32,
    /// The pause between reading and writing, in milliseconds; the same on every backend.
    pub think_ms: u32,
    /// Drives everything random but the tickets: the pauses after conflicts.
    pub seed: u64,
    /// The regions, buyers alternating.
    pub regions: Vec<Region>,
    /// How many buyers a region serves at once; the rest queue.
    pub connections_per_region: u32,
}

impl Plan {
    /// The first seat: the witness's focus.
    ///
    /// # Panics
    /// If there is none: no plan is read without one, and none may be made without one.
    pub fn seat(&self) -> SeatId {
        self.seats[0]
    }
}

fn at_least_one<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<SeatId>, D::Error> {
    let seats = Vec::deserialize(deserializer)?;
    if seats.is_empty() { Err(serde::de::Error::custom("a plan names at least one seat")) } else { Ok(seats) }
}

/// Who ran the buyers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// The version and the commit of WorldSeat.
    pub worldseat: String,
    /// The machine: system, architecture, cores.
    pub machine: String,
}

/// What is really answering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engine {
    /// Whether it stands in for the database that the backend is named after.
    pub stand_in: bool,
    /// Whether it is a database of somebody's own, tested in the place of the one that the backend is named after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Name and version as the server told them, such as "PostgreSQL 15.18".
    pub name: String,
    /// The consistency asked for, such as "REPEATABLE READ".
    pub consistency: String,
    /// Where it is, such as "this machine".
    pub place: String,
    /// Whatever else could make a comparison unfair: pool sizes, retries, timeouts, lags.
    pub settings: Vec<Setting>,
}

impl Engine {
    /// How the line of somebody's own database begins.
    pub const OWN: &str = "database under test: ";
    /// How the line of a stand-in begins.
    pub const STAND_IN: &str = "stand-in: ";
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prefix = match (self.own, self.stand_in) {
            (true, _) => Self::OWN,
            (false, true) => Self::STAND_IN,
            (false, false) => "",
        };
        write!(f, "{prefix}{}, {}, {}", self.name, self.consistency, self.place)
    }
}

/// One setting in the open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What it sets.
    pub name: String,
    /// To what, with its unit.
    pub value: String,
    /// Whether the database said so when it was asked; else it is WorldSeat's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

impl Setting {
    /// `name` set to `value`.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), told: false }
    }

    /// `name` is `value`, as the database says.
    pub fn told(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { told: true, ..Self::new(name, value) }
    }
}
