//! A synthetic run of almost any size, for benchmarks, for tests, and for people who test other checkers.

mod buyers;
mod stream;

use onsale::SeatId;
use std::io::{self, Write};

/// Writes a run as run.json, in one line. It takes the same memory whatever its size, and the same bytes come out of the
/// same options on every machine. The run says that it is synthetic, its claims are counted while it is written, and
/// the witness confirms them: valid without a plant, and with one violated by that rule alone.
///
/// On every seat that at least two buyers want, one wins, at least one reads "available" and loses, and the others lose
/// or come late, each at random. With one buyer a seat nobody races, and the verdict is `Inconclusive`.
///
/// # Errors
/// [`NotSynthesised`], before anything is written unless `out` failed.
pub fn synth(options: &SynthOptions, out: impl Write) -> Result<(), NotSynthesised> {
    options.check()?;
    stream::write(options, out).map_err(NotSynthesised::Unwritten)
}

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SynthOptions {
    /// Buyers, and so operations, 1 to [`SynthOptions::OPERATIONS_MAX`]. They want one seat in turn.
    pub operations: u32,
    /// Seats, 1 to [`SynthOptions::SEATS_MAX`].
    pub seats: u32,
    /// The rule to break, on one seat.
    pub plant: Option<Plant>,
    /// Drives everything random.
    pub seed: u64,
}

impl SynthOptions {
    /// Every seat that has a name: rows A to Z, numbers 1 to 65,535.
    pub const SEATS_MAX: u32 = 26 * 65_535;

    /// The end of a run stands before its operations, so every buyer is asked for it before the first is written: with
    /// so many that takes a few seconds.
    pub const OPERATIONS_MAX: u32 = 20_000_000;

    fn check(&self) -> Result<(), NotSynthesised> {
        if !(1..=Self::OPERATIONS_MAX).contains(&self.operations) {
            return Err(NotSynthesised::Operations(self.operations));
        }
        if !(1..=Self::SEATS_MAX).contains(&self.seats) {
            return Err(NotSynthesised::Seats(self.seats));
        }
        match self.plant {
            Some(plant) if self.operations <= self.seats => Err(NotSynthesised::NoRace(plant)),
            _ => Ok(()),
        }
    }

    /// The seat with this number, from 0.
    fn seat(at: u32) -> Option<SeatId> {
        let row = char::from(b'A' + u8::try_from(at / 65_535).ok()?);
        SeatId::new(row, u16::try_from(at % 65_535 + 1).ok()?).ok()
    }
}

/// A rule to break. Printed, it is the rule's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plant {
    /// A loser of the race is sold the seat too.
    DoubleSell,
    /// A loser of the race is told "confirmed", and the ledger does not hold it.
    LostSale,
    /// The winner is told "error", and the ledger holds it.
    Phantom,
    /// A buyer is told "sold" before the sale could have begun.
    StaleRejection,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DoubleSell, Self::LostSale, Self::Phantom, Self::StaleRejection];

    /// The rule it breaks.
    pub fn rule(self) -> witness::Rule {
        match self {
            Self::DoubleSell => witness::Rule::DoubleSell,
            Self::LostSale => witness::Rule::LostSale,
            Self::Phantom => witness::Rule::Phantom,
            Self::StaleRejection => witness::Rule::StaleRejection,
        }
    }
}

impl std::fmt::Display for Plant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.rule().name())
    }
}

impl std::str::FromStr for Plant {
    type Err = NotSynthesised;
    fn from_str(text: &str) -> Result<Self, NotSynthesised> {
        let named = Self::ALL.into_iter().find(|plant| plant.rule().name() == text);
        named.ok_or_else(|| NotSynthesised::NoPlant(text.chars().filter(|c| !c.is_control()).take(40).collect()))
    }
}

/// Why no run was written.
#[derive(Debug, thiserror::Error)]
pub enum NotSynthesised {
    /// A run has buyers, and not without limit.
    #[error("{0} operations: a synthetic run has 1 to {max}", max = SynthOptions::OPERATIONS_MAX)]
    Operations(u32),
    /// There are not so many names.
    #[error("{0} seats: a synthetic run has 1 to {max}, A1 to Z65535", max = SynthOptions::SEATS_MAX)]
    Seats(u32),
    /// Every plant needs two buyers of one seat.
    #[error("a {0} needs two buyers of one seat: ask for more operations than seats")]
    NoRace(Plant),
    /// There is no such plant.
    #[error("'{0}' is not a plant: double-sell, lost-sale, phantom and stale-rejection are")]
    NoPlant(String),
    /// The writer failed.
    #[error("the run could not be written: {0}")]
    Unwritten(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_seat_is_the_last_that_has_a_name() {
        let seat = |at| super::SynthOptions::seat(at).map(|seat| seat.to_string());
        assert_eq!(seat(super::SynthOptions::SEATS_MAX - 1).as_deref(), Some("Z65535"));
        assert_eq!(seat(super::SynthOptions::SEATS_MAX), None);
    }
}
