//! A run: one burst with everything recorded. It names no floor, because a floor's id is the right to write on it.

use crate::box_office::{Sale, SeatRow};
use crate::history::{Opening, Operation};
use crate::ids::{Backend, Region, RunId, SeatId};
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
    /// How the seat's round began.
    pub opening: Opening,
    /// The barrier fell.
    pub barrier_us: u64,
    /// The last buyer was told.
    pub end_us: u64,
    /// What every buyer did, in the order of the plan.
    pub operations: Vec<Operation>,
    /// The committed ledger rows of the round, of this run and of others, as read back; on two replicas united by ticket.
    pub ledger: Vec<Sale>,
    /// The seat's row as each replica showed it.
    pub seat_rows: Vec<SeatRow>,
}

impl Run {
    /// The version written today.
    pub const VERSION: u32 = 1;
}

/// What a burst does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Where.
    pub backend: Backend,
    /// The one seat all buyers want.
    pub seat: SeatId,
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

/// What is really answering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engine {
    /// Whether it stands in for the database that the backend is named after.
    pub stand_in: bool,
    /// Name and version as the server told them, such as "PostgreSQL 15.18".
    pub name: String,
    /// The consistency asked for, such as "REPEATABLE READ".
    pub consistency: String,
    /// Where it is, such as "this machine".
    pub place: String,
    /// Whatever else could make a comparison unfair: pool sizes, retries, timeouts, lags.
    pub settings: Vec<Setting>,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prefix = if self.stand_in { "stand-in: " } else { "" };
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
}

impl Setting {
    /// `name` set to `value`.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
