//! The floor-wide verdict: from counts of the committed ledger, grouped by seat and round.

use crate::Verdict;
use onsale::{Round, RoundCount, SeatId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Judges a floor by how many confirmed sales each round of each seat has. A count says nothing about the order of
/// events; [`crate::judge_run`] judges that.
pub fn judge_floor(counts: &[RoundCount]) -> FloorVerdict {
    let mut violations: Vec<_> = counts.iter().filter(|count| count.confirmed > 1).copied().collect();
    violations.sort_unstable();
    let mut seats: Vec<_> = counts.iter().filter(|count| count.confirmed > 0).map(|count| count.seat).collect();
    seats.sort_unstable();
    seats.dedup();
    let double_sells = violations.iter().fold(0, |sum: u64, count| sum.saturating_add(count.confirmed - 1));
    let verdict = match (seats.is_empty(), violations.is_empty()) {
        (true, _) => FloorWord::NoSales,
        (false, true) => FloorWord::SoldOnce { seats: seats.len() as u64 },
        (false, false) => FloorWord::Violated { double_sells },
    };
    FloorVerdict {
        verdict,
        linearizable: violations.is_empty(),
        double_sells,
        seats_checked: seats.len() as u64,
        violations,
    }
}

/// The count of one seat and round, zero if the ledger has none: the witness's focus.
pub fn focus_count(counts: &[RoundCount], seat: SeatId, round: Round) -> RoundCount {
    let found = counts.iter().find(|count| (count.seat, count.round) == (seat, round));
    found.copied().unwrap_or(RoundCount { seat, round, confirmed: 0 })
}

/// The floor-wide verdict in a word. It is never "linearizable": a count of ledger rows shows no order of events. Printed, it
/// is the API's `verdict` of a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FloorWord {
    /// Each seat with a sale was sold once in each of its rounds.
    SoldOnce {
        /// Seats with a sale.
        seats: u64,
    },
    /// A seat was sold more than once in a round.
    Violated {
        /// `Σ max(0, confirmed − 1)` over seats and rounds.
        double_sells: u64,
    },
    /// The ledger has no sale of the floor.
    NoSales,
}

impl fmt::Display for FloorWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SoldOnce { seats: 1 } => f.write_str("Sold once ✓ (1 seat)"),
            Self::SoldOnce { seats } => write!(f, "Sold once ✓ ({seats} seats)"),
            Self::Violated { double_sells } => Verdict::Violated { double_sells: *double_sells }.fmt(f),
            Self::NoSales => Verdict::NoSales.fmt(f),
        }
    }
}

/// What the witness says of a floor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FloorVerdict {
    /// In a word.
    pub verdict: FloorWord,
    /// No seat was sold twice. Kept for old clients; a count cannot show that a history is linearizable.
    pub linearizable: bool,
    /// `Σ max(0, confirmed − 1)` over seats and rounds.
    pub double_sells: u64,
    /// Seats with history.
    pub seats_checked: u64,
    /// The seats and rounds with more than one confirmed sale, in floor order.
    pub violations: Vec<RoundCount>,
}
