//! The five answers a witness may give.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the witness says. Printed, it is the API's `verdict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Verdict {
    /// Every answer is explained by at most one sale per seat and round.
    Linearizable,
    /// No order of events explains the record. A lost sale, say, has no double-sell and still reads "Violated ✗ (0
    /// double-sells)": old clients read the number from between the parentheses, and 0 is true; what else is wrong
    /// stands in the findings, which every page prints below.
    Violated {
        /// `Σ max(0, confirmed − 1)` over seats and rounds.
        double_sells: u64,
    },
    /// An unknown outcome that the ledger could not settle.
    Unknown,
    /// The run could not have caught anything, or its round was moved under it.
    Inconclusive,
    /// There is nothing to judge.
    NoSales,
}

impl Verdict {
    /// Whether something is wrong.
    pub fn is_violated(self) -> bool {
        matches!(self, Self::Violated { .. })
    }
}

impl Verdict {
    /// Its name without numbers, for counting verdicts: the `kind` it has in JSON.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Violated { .. } => "violated",
            Self::Unknown => "unknown",
            Self::Inconclusive => "inconclusive",
            Self::NoSales => "noSales",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linearizable => f.write_str("Linearizable ✓"),
            Self::Violated { double_sells: 1 } => f.write_str("Violated ✗ (1 double-sell)"),
            Self::Violated { double_sells } => write!(f, "Violated ✗ ({double_sells} double-sells)"),
            Self::Unknown => f.write_str("Unknown ?"),
            Self::Inconclusive => f.write_str("Inconclusive"),
            Self::NoSales => f.write_str("No sales recorded yet"),
        }
    }
}
