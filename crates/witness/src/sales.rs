//! The ledger's sales of a register, each joined to the operation that explains it.

use crate::records::{Clock, Register};
use onsale::{Operation, Outcome, Read, Round, Sale, Seen, Ticket};
use std::collections::HashMap;

/// The sales of the register's seat and round, distinct, in the order of the ledger.
pub(crate) struct Sales<'a> {
    list: Vec<Sold<'a>>,
    /// Where each ticket stands in the list; empty while there are few.
    by_ticket: HashMap<&'a Ticket, usize>,
    /// The operations that were told "confirmed" or nothing, in the order of the run.
    hopeful: Vec<(usize, &'a Operation)>,
    /// The earliest end of a read that showed this round or a later one.
    pub read_us: u64,
    /// Whose read that was.
    pub read_by: Option<usize>,
    /// The latest start of a read that showed an earlier round; 0 if none did.
    pub older_us: u64,
    /// The lowest and the highest round that anything of the seat was shown in.
    pub rounds: (Round, Round),
    /// Some row of the seat is in a round that the run did not open, though it sold it.
    pub misfiled: bool,
}

/// So many tickets are looked through one by one.
const FEW: usize = 4;

/// One ticket of the ledger.
pub(crate) struct Sold<'a> {
    pub ticket: &'a Ticket,
    /// The ledger says it was sold in this run.
    pub ours: bool,
    /// The operation that asked for it, the one that explains it best.
    pub operation: Option<usize>,
    /// How that operation ended.
    pub outcome: Option<Outcome>,
    opened_us: u64,
    /// The sale took effect no earlier.
    pub start_us: u64,
    /// The sale took effect no later; `u64::MAX` if nobody can say.
    pub end_us: u64,
}

impl<'a> Sales<'a> {
    pub(crate) fn of(register: &Register<'a>) -> Self {
        let round = register.round;
        let mut sales = Self {
            list: Vec::new(),
            by_ticket: HashMap::new(),
            hopeful: Vec::new(),
            read_us: u64::MAX,
            read_by: None,
            older_us: 0,
            rounds: (round, round),
            misfiled: false,
        };
        for row in register.seat_rows() {
            sales.show(row.round);
        }
        for sale in register.ledger() {
            if sale.round == round {
                sales.append(sale, register);
            } else {
                sales.rounds.1 = sales.rounds.1.max(sale.round);
                sales.misfiled |= is_ours(sale, register) && !register.opens(sale.round);
            }
        }
        for (index, op) in register.operations() {
            for read in &op.reads {
                sales.show(read.round);
                let end_us = register.clock.latest(read.end_us);
                if read.round < round {
                    sales.older_us = sales.older_us.max(register.clock.earliest(read.start_us));
                } else if end_us < sales.read_us {
                    (sales.read_us, sales.read_by) = (end_us, Some(index));
                }
            }
            if matches!(op.outcome, Outcome::Confirmed | Outcome::Unknown) {
                sales.hopeful.push((index, op));
            }
            if let Some(at) = sales.position(&op.ticket) {
                sales.list[at].claim(index, op, round, register.clock);
            }
        }
        sales
    }

    /// Whether the seat was opened again while the run was on.
    pub(crate) fn moved(&self, register: &Register<'_>) -> bool {
        register.reopened || self.rounds.1 > register.round
    }

    /// The latest that the round can have begun: its opening had ended, or somebody had read it.
    pub(crate) fn begun_us(&self, register: &Register<'_>) -> u64 {
        register.opened.1.min(self.read_us)
    }

    /// The operations that ended so, in the order of the run: told "confirmed", or nothing.
    pub(crate) fn told(&self, outcome: Outcome) -> impl Iterator<Item = (usize, &'a Operation)> {
        self.hopeful.iter().copied().filter(move |(_, op)| op.outcome == outcome)
    }

    /// The operations that were told "confirmed" or nothing.
    pub(crate) fn hopeful(&self) -> impl Iterator<Item = &'a Operation> {
        self.hopeful.iter().map(|(_, op)| *op)
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

    fn show(&mut self, round: Round) {
        self.rounds = (self.rounds.0.min(round), self.rounds.1.max(round));
    }

    fn append(&mut self, sale: &'a Sale, register: &Register<'a>) {
        let ours = is_ours(sale, register);
        if let Some(at) = self.position(&sale.ticket) {
            self.list[at].ours |= ours;
            return;
        }
        self.list.push(Sold::new(&sale.ticket, ours, register.opened.0));
        if self.list.len() > FEW {
            let unlisted = self.by_ticket.len()..self.list.len();
            self.by_ticket.extend(unlisted.map(|at| (self.list[at].ticket, at)));
        }
    }

    /// One sale is what there should be: a few need no hashing.
    fn position(&self, ticket: &Ticket) -> Option<usize> {
        if self.list.len() > FEW {
            self.by_ticket.get(ticket).copied()
        } else {
            self.list.iter().position(|sold| sold.ticket == ticket)
        }
    }
}

/// Whether the ledger says that `sale` was one of this run.
pub(crate) fn is_ours(sale: &Sale, register: &Register<'_>) -> bool {
    sale.run.as_ref() == Some(&register.run.id)
}

impl<'a> Sold<'a> {
    /// A sale that nobody has claimed yet, in a round that was opened no earlier than `opened_us`.
    pub(crate) fn new(ticket: &'a Ticket, ours: bool, opened_us: u64) -> Self {
        Self { ticket, ours, operation: None, outcome: None, opened_us, start_us: opened_us, end_us: u64::MAX }
    }

    /// Sold outside the run, or to a buyer who was told so, or who could be told nothing.
    pub(crate) fn is_explained(&self) -> bool {
        match self.outcome {
            Some(outcome) => matches!(outcome, Outcome::Confirmed | Outcome::Unknown),
            None => !self.ours,
        }
    }

    /// Joins the sale to the operation that asked for it, unless another explains it better.
    pub(crate) fn claim(&mut self, index: usize, op: &Operation, round: Round, clock: Clock) {
        let weight = |outcome| match outcome {
            Some(Outcome::Confirmed) => 3,
            Some(Outcome::Unknown) => 2,
            Some(Outcome::Rejected | Outcome::Error) => 1,
            None => 0,
        };
        if weight(self.outcome) >= weight(Some(op.outcome)) {
            return;
        }
        self.operation = Some(index);
        self.outcome = Some(op.outcome);
        self.start_us = clock.earliest(asked_us(op, round)).max(self.opened_us);
        self.end_us = if op.outcome == Outcome::Confirmed { clock.latest(op.end_us) } else { u64::MAX };
    }
}

/// When the buyer's first read of the round as available was answered: its purchase wrote nothing before.
pub(crate) fn asked_us(op: &Operation, round: Round) -> u64 {
    let available = |read: &&Read| read.round == round && read.seen == Seen::Available;
    let asked_us = op.reads.iter().filter(available).map(|read| read.end_us).min().unwrap_or(op.start_us);
    asked_us.min(op.end_us).max(op.start_us)
}

/// When a rejected buyer's last read can have begun, if it is not on record: the recorded ones came before it.
pub(crate) fn rejected_us(op: &Operation) -> u64 {
    let read_us = op.reads.iter().map(|read| read.end_us).max();
    read_us.map_or(op.start_us, |us| us.min(op.end_us).max(op.start_us))
}
