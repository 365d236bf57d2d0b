//! A run, or a part of it, in the form that one of three checkers reads.

use crate::calls::{Action, By, Call, Calls, State, calls};
use crate::{edn, elle, porcupine};
use onsale::{Run, SeatId};
use std::{fmt, io, str::FromStr};

/// A checker of histories that is not ours. docs/verify.md describes what each can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checker {
    /// Porcupine: `porcupine.json`, an array of operations with their call and return times.
    Porcupine,
    /// Knossos: `history.edn`, Jepsen operations on compare-and-set registers.
    Knossos,
    /// Elle: `history.jsonl`, `rw-register` transactions.
    Elle,
}

/// Which of a run's calls are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those at this seat. For Knossos their values are then plain, and not `[key value]` tuples.
    pub seat: Option<SeatId>,
    /// Without the buyers' reads of "available". A read changes nothing, so what is not linearizable without them is not
    /// linearizable with them; that the rest is linearizable proves nothing.
    pub essential: bool,
}

/// Why a run was not exported.
#[derive(Debug, thiserror::Error)]
pub enum NotExported {
    /// The run did not open the seat.
    #[error("seat {seat} is not in run {run}: it has {seats}")]
    UnknownSeat {
        /// What was asked for.
        seat: SeatId,
        /// The run's name.
        run: String,
        /// The run's seats, in words.
        seats: String,
    },
    /// It could not be written.
    #[error(transparent)]
    Unwritten(#[from] io::Error),
}

/// Writes the selected calls of `run` for `checker`.
///
/// # Errors
/// [`NotExported`]: the run has no such seat, or what `out` answers.
pub fn export(run: &Run, checker: Checker, selection: Selection, out: impl io::Write) -> Result<(), NotExported> {
    if let Some(seat) = selection.seat.filter(|seat| !run.plan.seats.contains(seat)) {
        return Err(NotExported::UnknownSeat { seat, run: run.id.to_string(), seats: seats(run) });
    }
    let mut calls = calls(run);
    calls.select(selection);
    match checker {
        Checker::Porcupine => porcupine::write(&calls, out)?,
        Checker::Knossos => edn::write(run, &calls, selection, out)?,
        Checker::Elle => elle::write(calls, out)?,
    }
    Ok(())
}

/// `A1`, or `96 seats from A1 to H12`.
fn seats(run: &Run) -> String {
    match run.plan.seats.as_slice() {
        [] => "no seats".into(),
        few if few.len() <= 8 => few.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        [first, .., last] => format!("{} seats from {first} to {last}", run.plan.seats.len()),
        [only] => only.to_string(),
    }
}

impl Calls<'_> {
    fn select(&mut self, selection: Selection) {
        let is_of_seat = |seat: SeatId| selection.seat.is_none_or(|selected| seat == selected);
        let is_free_read =
            |call: &Call<'_>| matches!(call.action, Action::Read(State::Free)) && matches!(call.by, By::Buyer(_));
        self.list.retain(|call| is_of_seat(call.register.seat) && !(selection.essential && is_free_read(call)));
        self.moved.retain(|seat| is_of_seat(*seat));
    }
}

impl Checker {
    /// Every checker.
    pub const ALL: [Self; 3] = [Self::Porcupine, Self::Knossos, Self::Elle];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Porcupine => "porcupine",
            Self::Knossos => "knossos",
            Self::Elle => "elle",
        }
    }
}

impl fmt::Display for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no checker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown checker '{0}': expected porcupine, knossos or elle")]
pub struct UnknownChecker(String);

impl FromStr for Checker {
    type Err = UnknownChecker;

    fn from_str(text: &str) -> Result<Self, UnknownChecker> {
        let named = Self::ALL.into_iter().find(|checker| checker.name() == text);
        named.ok_or_else(|| UnknownChecker(text.to_owned()))
    }
}
