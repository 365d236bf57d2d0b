//! The ledger's sales of the round, each joined to the operation that explains it.

use onsale::{Operation, Outcome, Round, Run, Seen, Ticket};
use std::collections::HashMap;

/// The sales of the run's seat and round, distinct, in the order of the ledger.
pub(crate) struct Sales<'a> {
    list: Vec<Sold<'a>>,
    by_ticket: HashMap<&'a Ticket, usize>,
    /// The lowest and the highest round that anything in the run was shown in.
    pub rounds: (Round, Round),
}

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
        let round = run.opening.round;
        let rows = run.seat_rows.iter().filter(|row| row.seat == run.plan.seat).map(|row| row.round);
        let rounds = rows.fold((round, round), |(low, high), shown| (low.min(shown), high.max(shown)));
        let mut sales = Self { list: Vec::new(), by_ticket: HashMap::new(), rounds };
        for sale in run.ledger.iter().filter(|sale| sale.seat == run.plan.seat && sale.round == round) {
            sales.append(&sale.ticket, sale.run.as_ref() == Some(&run.id), run.opening.start_us);
        }
        for (index, op) in run.operations.iter().enumerate() {
            for read in &op.reads {
                sales.rounds = (sales.rounds.0.min(read.round), sales.rounds.1.max(read.round));
            }
            if let Some(at) = sales.position(&op.ticket) {
                sales.list[at].claim(index, op, run);
            }
        }
        sales
    }

    /// Whether somebody else opened the seat again while the run was on.
    pub(crate) fn moved(&self, run: &Run) -> bool {
        self.rounds.1 > run.opening.round
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Sold<'a>> {
        self.list.iter()
    }

    pub(crate) fn find(&self, ticket: &Ticket) -> Option<&Sold<'a>> {
        self.position(ticket).map(|at| &self.list[at])
    }

    fn append(&mut self, ticket: &'a Ticket, ours: bool, start_us: u64) {
        let at = *self.by_ticket.entry(ticket).or_insert(self.list.len());
        if let Some(again) = self.list.get_mut(at) {
            again.ours |= ours;
            return;
        }
        self.list.push(Sold {
            ticket,
            ours,
            operation: None,
            outcome: None,
            shared_with: None,
            start_us,
            end_us: u64::MAX,
        });
    }

    /// One sale is what there should be: then nothing needs hashing.
    fn position(&self, ticket: &Ticket) -> Option<usize> {
        match self.list.as_slice() {
            [] => None,
            [only] => (only.ticket == ticket).then_some(0),
            _ => self.by_ticket.get(ticket).copied(),
        }
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
