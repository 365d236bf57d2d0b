//! What is wrong, and what shows it.

use onsale::{SeatId, Ticket};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One broken rule, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// At which seat; of a ticket told at several seats, where it was told first.
    pub seat: SeatId,
    /// Every ticket concerned.
    pub tickets: Vec<Ticket>,
    /// Every operation concerned: indices into the run's operations.
    pub operations: Vec<usize>,
    /// The fewest recorded operations that show it, of those that break this rule; one more than the fewest, perhaps, where
    /// a rejection does not say which round it was about. Where the ledger or the seats table alone shows it, the first
    /// operation concerned, of a double-sell the first two; empty if none is, or if the seats table shows an earlier
    /// round than the run's.
    pub shown_by: Vec<usize>,
    /// In one plain sentence.
    pub sentence: String,
}

/// The rules, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Per seat and round, at most one confirmed sale.
    DoubleSell,
    /// An acknowledged ticket stands in the ledger.
    LostSale,
    /// Every ledger row belongs to a buyer who was, or may have been, sold the seat.
    Phantom,
    /// No two buyers are told the same ticket.
    SharedTicket,
    /// The run touches only seats and rounds that it opened.
    Unopened,
    /// A "sold" answer ends at or after the start of a possible sale.
    StaleRejection,
    /// A seat seen as sold is held by a ticket in the ledger.
    WrongHolder,
    /// An "available" read starts at or before the end of the sale.
    StaleAvailable,
    /// An "available" read starts no later than any "sold" answer ends.
    SoldThenAvailable,
    /// Once a round was opened, no earlier one is shown or sold.
    StaleRound,
    /// Nothing shows a round before its opening began.
    EarlyRound,
    /// After the run, the seats table shows an owner in the ledger, or nobody if nobody bought.
    SeatsTable,
}

impl Rule {
    /// The rule's name: what `worldseat synth --plant` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DoubleSell => "double-sell",
            Self::LostSale => "lost-sale",
            Self::Phantom => "phantom",
            Self::SharedTicket => "shared-ticket",
            Self::Unopened => "unopened",
            Self::StaleRejection => "stale-rejection",
            Self::WrongHolder => "wrong-holder",
            Self::StaleAvailable => "stale-available",
            Self::SoldThenAvailable => "sold-then-available",
            Self::StaleRound => "stale-round",
            Self::EarlyRound => "early-round",
            Self::SeatsTable => "seats-table",
        }
    }

    /// What it demands, in one sentence.
    pub fn demand(self) -> &'static str {
        match self {
            Self::DoubleSell => "Per seat and round, the ledger holds at most one confirmed sale.",
            Self::LostSale => "A ticket that a buyer was told stands in the ledger.",
            Self::Phantom => "Every ledger row belongs to a buyer who was told “confirmed”, or could be told nothing.",
            Self::SharedTicket => "No two buyers are told the same ticket.",
            Self::Unopened => {
                "A run touches only seats that it opened, and rounds that it opened or its buyers were shown."
            }
            Self::StaleRejection => "A “sold” answer ends at or after the start of a sale that explains it.",
            Self::WrongHolder => "A seat seen as sold is held by a ticket in the ledger.",
            Self::StaleAvailable => "A read of “available” starts at or before the end of the sale.",
            Self::SoldThenAvailable => "A read of “available” starts no later than any “sold” answer ends.",
            Self::StaleRound => "Once a round is known to be open, no earlier one is shown or sold.",
            Self::EarlyRound => "Nothing shows or sells a round before its opening began.",
            Self::SeatsTable => {
                "After the run the seats table shows an owner in the ledger, or nobody if nobody bought."
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
