//! The ledger's sales of the round, each joined to the operation that explains it.

use onsale::{Operation, Outcome, Run, Seen, Ticket};

/// The sales of the run's seat and round, distinct, sorted by ticket.
pub(crate) struct Sales<'a>(Vec<Sold<'a>>);

/// One ticket of the ledger.
pub(crate) struct Sold<'a> {
    pub ticket: &'a Ticket,
    /// The ledger says it was sold in this run.
    pub ours: bool,
    /// The operation that asked for it, the one that explains it best.
    pub operation: Option<usize>,
    /// How that operation ended.
    pub outcome: Option<Outcome>,
    /// Another operation that was told the same ticket.
    pub shared_with: Option<usize>,
    /// The sale took effect no earlier.
    pub start_us: u64,
    /// The sale took effect no later; `u64::MAX` if nobody can say.
    pub end_us: u64,
}

impl<'a> Sales<'a> {
    pub(crate) fn of(run: &'a Run) -> Self {
        let of_round = |sale: &&onsale::Sale| sale.seat == run.plan.seat && sale.round == run.opening.round;
        let mut sales: Vec<_> = run
            .ledger
            .iter()
            .filter(of_round)
            .map(|sale| Sold {
                ticket: &sale.ticket,
                ours: sale.run.as_ref() == Some(&run.id),
                operation: None,
                outcome: None,
                shared_with: None,
                start_us: run.opening.start_us,
                end_us: u64::MAX,
            })
            .collect();
        sales.sort_unstable_by(|a, b| (a.ticket, !a.ours).cmp(&(b.ticket, !b.ours)));
        sales.dedup_by_key(|sale| sale.ticket);
        for (index, op) in run.operations.iter().enumerate() {
            if let Ok(at) = sales.binary_search_by(|sale| sale.ticket.cmp(&op.ticket)) {
                sales[at].claim(index, op, run);
            }
        }
        Self(sales)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Sold<'a>> {
        self.0.iter()
    }

    pub(crate) fn find(&self, ticket: &Ticket) -> Option<&Sold<'a>> {
        self.0.binary_search_by(|sale| sale.ticket.cmp(ticket)).ok().map(|at| &self.0[at])
    }
}

impl Sold<'_> {
    /// Sold outside the run, or to a buyer who was told so, or who could be told nothing.
    pub(crate) fn is_explained(&self) -> bool {
        match self.outcome {
            Some(outcome) => matches!(outcome, Outcome::Confirmed | Outcome::Unknown),
            None => !self.ours,
        }
    }

    fn claim(&mut self, index: usize, op: &Operation, run: &Run) {
        let weight = |outcome| match outcome {
            Some(Outcome::Confirmed) => 3,
            Some(Outcome::Unknown) => 2,
            Some(Outcome::Rejected | Outcome::Error) => 1,
            None => 0,
        };
        if (self.outcome, op.outcome) == (Some(Outcome::Confirmed), Outcome::Confirmed) {
            self.shared_with.get_or_insert(index);
        }
        if weight(self.outcome) >= weight(Some(op.outcome)) {
            return;
        }
        let available = |read: &&onsale::Read| read.round == run.opening.round && read.seen == Seen::Available;
        let asked_us = op.reads.iter().filter(available).map(|read| read.end_us).min().unwrap_or(op.start_us);
        self.operation = Some(index);
        self.outcome = Some(op.outcome);
        self.start_us = asked_us.min(op.end_us).max(op.start_us).max(run.opening.start_us);
        self.end_us = if op.outcome == Outcome::Confirmed { op.end_us } else { u64::MAX };
    }
}
