//! Do the numbers on the page and the tickets in people's hands agree with the ledger?

use crate::sales::Sales;
use onsale::{Outcome, RoundCount, Run, Scoreboard, Ticket};
use serde::{Deserialize, Serialize};

/// Compares the scoreboard with `focus`, the floor-wide witness's own count of the run's seat and round
/// ([`crate::focus_count`]), and the tickets told with the tickets in the ledger. Without `focus` only the tickets are
/// compared, and nothing is called reconciled.
pub fn reconcile(run: &Run, focus: Option<RoundCount>) -> Reconciliation {
    compare(run, &Sales::of(run), focus)
}

pub(crate) fn compare(run: &Run, sales: &Sales<'_>, focus: Option<RoundCount>) -> Reconciliation {
    let told = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let mut told_not_committed: Vec<_> =
        told.filter(|op| sales.find(&op.ticket).is_none()).map(|op| op.ticket.clone()).collect();
    let unexplained = sales.iter().filter(|sale| !sale.is_explained()).map(|sale| sale.ticket.clone());
    let misfiled = run.ledger.iter().filter(|sale| sales.find(&sale.ticket).is_none()).map(|sale| sale.ticket.clone());
    let mut committed_not_told: Vec<_> = unexplained.chain(misfiled).collect();
    for tickets in [&mut told_not_committed, &mut committed_not_told] {
        tickets.sort_unstable();
        tickets.dedup();
    }
    let asked_for = |count: &RoundCount| (count.seat, count.round) == (run.plan.seat, run.opening.round);
    Reconciliation {
        oversold: Scoreboard::of(run).oversold,
        focus_oversold: focus.filter(asked_for).map(|count| count.confirmed.saturating_sub(1)),
        told_not_committed,
        committed_not_told,
    }
}

/// What agrees and what does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    /// The scoreboard's number.
    pub oversold: u64,
    /// The floor-wide witness's number for the same seat and round; `None` if it was not asked, or about another.
    pub focus_oversold: Option<u64>,
    /// Tickets told to buyers that are not in the ledger of the round.
    pub told_not_committed: Vec<Ticket>,
    /// Tickets in the ledger whose buyers were told no, or that nobody asked for.
    pub committed_not_told: Vec<Ticket>,
}

impl Reconciliation {
    /// **✓ reconciled**: both counts and both sets of tickets are the same.
    pub fn is_reconciled(&self) -> bool {
        self.tickets_agree() && self.focus_oversold == Some(self.oversold)
    }

    /// The tickets told (with the unknown ones that were committed, and those that others bought) are the ledger's.
    pub fn tickets_agree(&self) -> bool {
        self.told_not_committed.is_empty() && self.committed_not_told.is_empty()
    }
}
