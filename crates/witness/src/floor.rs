//! The floor-wide verdict: from counts of the committed ledger, grouped by seat and round.

use crate::Verdict;
use onsale::{Round, RoundCount, SeatId};
use serde::{Deserialize, Serialize};

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
        (true, _) => Verdict::NoSales,
        (false, true) => Verdict::Linearizable,
        (false, false) => Verdict::Violated { double_sells },
    };
    FloorVerdict {
        verdict,
        linearizable: !verdict.is_violated(),
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

/// What the witness says of a floor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FloorVerdict {
    /// In a word.
    pub verdict: Verdict,
    /// Not violated. For old clients; our pages read `verdict`.
    pub linearizable: bool,
    /// `Σ max(0, confirmed − 1)` over seats and rounds.
    pub double_sells: u64,
    /// Seats with history.
    pub seats_checked: u64,
    /// The seats and rounds with more than one confirmed sale, in floor order.
    pub violations: Vec<RoundCount>,
}
