//! Do the numbers on the page and the tickets in people's hands agree with the ledger?

use crate::glance::Glance;
use crate::records::{Records, Register};
use crate::sales::{Sales, is_ours};
use onsale::{Outcome, RoundCount, Run, Scoreboard, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Compares the scoreboard with `counts`, the floor-wide witness's own (those of other seats and rounds are passed over;
/// a seat and round without a count has none sold), and the tickets told with the tickets in the ledger. Without
/// `counts` only the tickets are compared, and nothing is called reconciled.
pub fn reconcile(run: &Run, counts: Option<&[RoundCount]>) -> Reconciliation {
    let records = Records::of(run, &Glance::of(run));
    let mut books = Reconciliation { oversold: Scoreboard::sales(run).oversold, ..Reconciliation::default() };
    for register in records.registers(run) {
        books.compare(&register, &Sales::of(&register));
    }
    books.close(run, &records);
    books.focus_oversold = counts.map(|counts| {
        let counts: HashMap<_, _> = counts.iter().map(|count| ((count.seat, count.round), count.confirmed)).collect();
        let mut opened: Vec<_> = run.openings.iter().map(|opening| (opening.seat, opening.round)).collect();
        opened.sort_unstable();
        opened.dedup();
        let confirmed = opened.iter().filter_map(|opened| counts.get(opened));
        confirmed.fold(0, |sum: u64, confirmed| sum.saturating_add(confirmed.saturating_sub(1)))
    });
    books
}

/// What agrees and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    /// The scoreboard's number; in a [`crate::RunVerdict`] its own [`crate::RunVerdict::double_sells`], the same sum.
    pub oversold: u64,
    /// The floor-wide witness's number for the same seats and rounds; `None` if it was not asked.
    pub focus_oversold: Option<u64>,
    /// Tickets told to buyers that are not in the ledger of the seat and the round.
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

    /// Compares what was told of one register with its ledger. Of a seat in several rounds each round is its own ledger,
    /// and a ticket told is missing only if it stands in none.
    pub(crate) fn compare(&mut self, register: &Register<'_>, sales: &Sales<'_>) {
        let unexplained = sales.iter().filter(|sale| !sale.is_explained()).map(|sale| sale.ticket.clone());
        self.committed_not_told.extend(unexplained);
        if !register.is_last() {
            return;
        }
        let earlier = register.ledger().filter(|sale| register.reopened && register.opens(sale.round));
        let earlier: HashSet<_> = earlier.map(|sale| &sale.ticket).collect();
        let told = sales.told(Outcome::Confirmed);
        let missing = told.filter(|(_, op)| sales.find(&op.ticket).is_none() && !earlier.contains(&op.ticket));
        self.told_not_committed.extend(missing.map(|(_, op)| op.ticket.clone()));
        let misfiled = register.ledger().filter(|sale| is_ours(sale, register) && !register.opens(sale.round));
        let misfiled: Vec<_> = misfiled.filter(|sale| sales.find(&sale.ticket).is_none()).collect();
        if !misfiled.is_empty() {
            let asked: HashSet<_> = sales.hopeful().map(|op| &op.ticket).collect();
            let untold = misfiled.into_iter().filter(|sale| !asked.contains(&sale.ticket));
            self.committed_not_told.extend(untold.map(|sale| sale.ticket.clone()));
        }
    }

    /// Adds what belongs to no seat that was opened.
    pub(crate) fn close(&mut self, run: &Run, records: &Records) {
        let [operations, ledger, _] = records.unopened();
        let told = operations.into_iter().map(|(_, index)| &run.operations[index]);
        let told = told.filter(|op| op.outcome == Outcome::Confirmed).map(|op| op.ticket.clone());
        self.told_not_committed.extend(told);
        self.committed_not_told.extend(ledger.into_iter().map(|(_, index)| run.ledger[index].ticket.clone()));
        for tickets in [&mut self.told_not_committed, &mut self.committed_not_told] {
            tickets.sort_unstable();
            tickets.dedup();
        }
    }
}
