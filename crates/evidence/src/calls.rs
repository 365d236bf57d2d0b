//! A run as calls on registers: what every export has in common.
//!
//! One seat in one round is one register. It shows an *older* round until its opening makes it *free*; a purchase takes it
//! from free to *sold*, by a ticket; and so it stays. Four sources are calls on it:
//! - the opening, which makes it free;
//! - every purchase: it takes the seat if it is free, and its answer says that it did, that it did not, or nothing. It
//!   begins where its buyer's first read of "available" was answered, because nothing is written before. One of an earlier
//!   round happened before the opening: it is a read of *older*;
//! - every read of every attempt, and every rejection whose read was not recorded, unless it may have been about an
//!   earlier round;
//! - after the run, every row of the seats table, and then the ledger: both are reads. A row of the ledger that somebody
//!   outside the run bought is a purchase whose interval nobody knows.
//!
//! So a general checker of registers can decide what [`witness::judge_run`] decides by its rules: the calls can be put in
//! order if and only if the witness finds no broken rule but [`witness::Rule::Unopened`], as long as no seat's round was
//! moved under the run, nothing is shown or sold in an older round than the one before the run's, and no ticket was asked
//! for twice. Of any other run only this holds: if the calls cannot be put in order, the witness finds a broken rule. The
//! tests search every order to show both. A register has no word for how many were sold, whether anybody raced, and whether
//! an answer that got lost may still land.

use onsale::{Opening, Operation, Outcome, Round, Run, Sale, SeatId, Seen, Ticket};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

/// The calls of `run` in an order of no meaning; a call's place in it names its client. Seats whose round somebody else
/// moved while the run was on are left out: which of their rounds an answer was about is not always on record.
pub(crate) fn calls(run: &Run) -> Calls<'_> {
    let registers = registers(run);
    let register = |seat: &SeatId| registers.get(seat).filter(|register| !register.moved);
    let mut calls = Vec::new();
    for opening in run.openings.iter().filter(|opening| register(&opening.seat).is_some()) {
        calls.push(Call::new(opening, By::Opening, Action::Open, opening.start_us, Some(opening.end_us)));
    }
    for (index, op) in run.operations.iter().enumerate() {
        if let Some(register) = register(&op.seat) {
            register.operation(index, op, &mut calls);
        }
    }
    for register in run.plan.seats.iter().filter_map(register) {
        register.outsiders(&mut calls);
    }
    // Stamps of more than one clock: widened by what the clocks may differ, as the witness does.
    for call in &mut calls {
        call.start_us = call.start_us.saturating_sub(run.skew_us);
        call.end_us = call.end_us.map(|us| us.saturating_add(run.skew_us));
    }
    let over_us = calls.iter().filter_map(|call| call.end_us).max().unwrap_or(0).max(run.end_us);
    for row in &run.seat_rows {
        if let Some(register) = register(&row.seat) {
            let shown = if row.round < register.opening.round { State::Older } else { holder(row.holder.as_ref()) };
            calls.push(Call::new(
                register.opening,
                By::SeatsTable,
                Action::Read(shown),
                over_us.saturating_add(1),
                Some(over_us.saturating_add(2)),
            ));
        }
    }
    for register in run.plan.seats.iter().filter_map(register) {
        register.ledger(over_us, &mut calls);
    }
    let moved = run.plan.seats.iter().copied().filter(|seat| register(seat).is_none()).collect();
    Calls { list: calls, over_us: over_us.saturating_add(5), moved }
}

/// What a run is to a checker of registers.
pub(crate) struct Calls<'a> {
    pub list: Vec<Call<'a>>,
    /// Later than every stamp of every call.
    pub over_us: u64,
    /// The seats that were left out.
    pub moved: Vec<SeatId>,
}

/// One call on one register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub register: Key,
    pub by: By<'a>,
    pub action: Action<'a>,
    /// It took effect no earlier.
    pub start_us: u64,
    /// It took effect no later; `None` if nobody can say.
    pub end_us: Option<u64>,
}

/// The register: printed, it is what the exports call it, such as `A1/6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub seat: SeatId,
    pub round: Round,
}

/// Whose call it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    Opening,
    Buyer(&'a str),
    Outsider(&'a str),
    SeatsTable,
    Ledger,
}

/// What was asked, and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action<'a> {
    /// Makes it free.
    Open,
    /// Takes it if it is free.
    Buy(&'a Ticket, Told),
    /// Shows it.
    Read(State<'a>),
}

/// How a purchase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It took the seat.
    Yes,
    /// It certainly did not.
    No,
    /// Its buyer was told nothing, and it may have.
    Nothing,
    /// Its buyer was told nothing, or is outside the run; but after the run its ticket stands in the ledger.
    Later,
}

/// What a read showed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State<'a> {
    /// An earlier round.
    Older,
    /// Nobody's.
    Free,
    /// This ticket's.
    Sold(&'a Ticket),
    /// Somebody's, though there was no sale at all.
    Nobodys,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.seat, self.round)
    }
}

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => f.write_str("the opening"),
            Self::Buyer(name) => f.write_str(name),
            Self::Outsider(name) => write!(f, "{name}, outside the run"),
            Self::SeatsTable => f.write_str("the seats table"),
            Self::Ledger => f.write_str("the ledger"),
        }
    }
}

impl<'a> Call<'a> {
    fn new(opening: &Opening, by: By<'a>, action: Action<'a>, start_us: u64, end_us: Option<u64>) -> Self {
        Self { register: Key { seat: opening.seat, round: opening.round }, by, action, start_us, end_us }
    }
}

/// One seat in the run's round of it.
struct Register<'a> {
    opening: &'a Opening,
    /// Something was shown in a later round.
    moved: bool,
    /// The latest that the round can have begun: its opening had ended, or somebody had read it.
    begun_us: u64,
    /// The ledger's, one a ticket.
    sales: Vec<Row<'a>>,
    /// Where each ticket stands in them.
    by_ticket: HashMap<&'a Ticket, usize>,
    /// The run's own sales in earlier rounds, by ticket: each round, and the operation that can have bought in it.
    earlier: HashMap<&'a Ticket, BTreeMap<Round, Option<usize>>>,
    skew_us: u64,
}

struct Row<'a> {
    sale: &'a Sale,
    /// The ledger says it was sold in this run.
    ours: bool,
    /// An operation asked for this ticket.
    asked: bool,
}

/// A purchase of the round, or of one before it.
enum Bought {
    Here,
    Earlier(Round),
    Elsewhere,
}

fn registers(run: &Run) -> HashMap<SeatId, Register<'_>> {
    let mut registers = HashMap::with_capacity(run.openings.len());
    for opening in &run.openings {
        let begun_us = opening.end_us.saturating_add(run.skew_us);
        let new = Register {
            opening,
            moved: false,
            begun_us,
            skew_us: run.skew_us,
            sales: Vec::new(),
            earlier: HashMap::new(),
            by_ticket: HashMap::new(),
        };
        registers.insert(opening.seat, new);
    }
    for sale in &run.ledger {
        if let Some(register) = registers.get_mut(&sale.seat) {
            register.append(sale, sale.run.as_ref() == Some(&run.id));
        }
    }
    for (index, op) in run.operations.iter().enumerate() {
        let Some(register) = registers.get_mut(&op.seat) else { continue };
        register.claim_earlier(index, op);
        for read in &op.reads {
            register.show(read.round);
            if read.round >= register.opening.round {
                register.begun_us = register.begun_us.min(read.end_us.saturating_add(run.skew_us));
            }
        }
        if let Some(&at) = register.by_ticket.get(&op.ticket) {
            register.sales[at].asked = true;
        }
    }
    for row in &run.seat_rows {
        if let Some(register) = registers.get_mut(&row.seat) {
            register.show(row.round);
        }
    }
    registers
}

impl<'a> Register<'a> {
    fn show(&mut self, round: Round) {
        self.moved |= round > self.opening.round;
    }

    fn append(&mut self, sale: &'a Sale, ours: bool) {
        self.show(sale.round);
        if sale.round != self.opening.round {
            if ours && sale.round < self.opening.round {
                self.earlier.entry(&sale.ticket).or_default().insert(sale.round, None);
            }
            return;
        }
        let at = *self.by_ticket.entry(&sale.ticket).or_insert(self.sales.len());
        match self.sales.get_mut(at) {
            Some(row) => row.ours |= ours,
            None => self.sales.push(Row { sale, ours, asked: false }),
        }
    }

    /// Joins `op` to the sales of its ticket in earlier rounds, as the witness does. It can have bought in a round that it
    /// read as available. If none of its reads is on record, it must have begun before the opening had ended: real time
    /// puts a call that began later after the opening, and so after every earlier round. Such a row is `unopened` to the
    /// witness: it says where the record is wrong, but not what any call on a register did, so it is not exported.
    fn claim_earlier(&mut self, index: usize, op: &Operation) {
        let opened_us = self.opening.end_us.saturating_add(self.skew_us);
        let may_be_earlier = op.reads.is_empty() && op.start_us.saturating_sub(self.skew_us) <= opened_us;
        let may_buy = matches!(op.outcome, Outcome::Confirmed | Outcome::Unknown);
        for (round, buyer) in self.earlier.get_mut(&op.ticket).into_iter().flatten().filter(|_| may_buy) {
            let saw_free = op.reads.iter().any(|read| read.round == *round && read.seen == Seen::Available);
            if buyer.is_none() && (saw_free || may_be_earlier) {
                *buyer = Some(index);
            }
        }
    }

    fn operation(&self, index: usize, op: &'a Operation, calls: &mut Vec<Call<'a>>) {
        let by = By::Buyer(op.buyer.as_str());
        let mut call = |action, start_us, end_us| calls.push(Call::new(self.opening, by, action, start_us, end_us));
        for read in &op.reads {
            call(Action::Read(self.shown(read.round, &read.seen)), read.start_us, Some(read.end_us));
        }
        // Each row of an earlier round is a purchase of its own, whatever else became of the ticket. It happened before the
        // opening, as a read of an earlier round did; a ticket that stands in this round too was then bought twice.
        let mut sold_earlier = false;
        for (round, _) in self.earlier.get(&op.ticket).into_iter().flatten().filter(|(_, buyer)| **buyer == Some(index))
        {
            sold_earlier = true;
            call(Action::Read(State::Older), asked_us(op, *round), Some(op.end_us));
        }
        let here = asked_us(op, self.opening.round);
        let is_committed = self.by_ticket.contains_key(&op.ticket);
        match (op.outcome, self.bought(op)) {
            (Outcome::Unknown, _) if is_committed => call(Action::Buy(&op.ticket, Told::Later), here, None),
            (Outcome::Unknown, _) if !sold_earlier => call(Action::Buy(&op.ticket, Told::Nothing), here, None),
            (Outcome::Confirmed, Bought::Here) => call(Action::Buy(&op.ticket, Told::Yes), here, Some(op.end_us)),
            (Outcome::Confirmed, Bought::Earlier(round)) if !sold_earlier => {
                call(Action::Read(State::Older), asked_us(op, round), Some(op.end_us));
            }
            (Outcome::Error, _) => call(Action::Buy(&op.ticket, Told::No), op.start_us, Some(op.end_us)),
            (Outcome::Rejected, _) if self.is_answer(op) => {
                let holder = self.sales.first().map_or(State::Nobodys, |row| State::Sold(&row.sale.ticket));
                call(Action::Read(holder), op.start_us, Some(op.end_us));
            }
            (Outcome::Confirmed | Outcome::Rejected | Outcome::Unknown, _) => {}
        }
    }

    /// Whether a rejection whose read is not on record was about this round: it came after the reads that are, and if it
    /// can have begun before the round, it may have been about the earlier one.
    fn is_answer(&self, op: &Operation) -> bool {
        let read_us = op.reads.iter().map(|read| read.end_us).max();
        let start_us = read_us.map_or(op.start_us, |us| us.min(op.end_us).max(op.start_us));
        let is_unread = !op.reads.iter().any(|read| matches!(read.seen, Seen::Sold(_)));
        is_unread && start_us.saturating_sub(self.skew_us) > self.begun_us
    }

    fn shown(&self, round: Round, seen: &'a Seen) -> State<'a> {
        match seen {
            _ if round < self.opening.round => State::Older,
            Seen::Available => State::Free,
            Seen::Sold(ticket) => State::Sold(ticket),
        }
    }

    /// A purchase sells the round it last read as available, unless the ledger says otherwise. If no such read is on
    /// record, it may be the round before, if it can have begun before the opening had ended.
    fn bought(&self, op: &Operation) -> Bought {
        let last = op.reads.iter().rfind(|read| read.seen == Seen::Available).map(|read| read.round);
        let opened_us = self.opening.end_us.saturating_add(self.skew_us);
        match last {
            _ if self.by_ticket.contains_key(&op.ticket) => Bought::Here,
            Some(round) if round == self.opening.round => Bought::Here,
            Some(round) if round < self.opening.round => Bought::Earlier(round),
            None if op.start_us.saturating_sub(self.skew_us) > opened_us => Bought::Here,
            None => Bought::Earlier(self.opening.round.saturating_sub(1)),
            Some(_) => Bought::Elsewhere,
        }
    }

    fn outsiders(&self, calls: &mut Vec<Call<'a>>) {
        for row in self.sales.iter().filter(|row| !row.ours && !row.asked) {
            let (by, action) = (By::Outsider(row.sale.buyer.as_str()), Action::Buy(&row.sale.ticket, Told::Later));
            calls.push(Call::new(self.opening, by, action, 0, None));
        }
    }

    fn ledger(&self, over_us: u64, calls: &mut Vec<Call<'a>>) {
        let mut read = |state| {
            calls.push(Call::new(
                self.opening,
                By::Ledger,
                Action::Read(state),
                over_us.saturating_add(3),
                Some(over_us.saturating_add(4)),
            ));
        };
        match self.sales.as_slice() {
            [] => read(State::Free),
            sales => sales.iter().for_each(|row| read(State::Sold(&row.sale.ticket))),
        }
    }
}

fn holder(holder: Option<&onsale::Holder>) -> State<'_> {
    holder.map_or(State::Free, |holder| State::Sold(&holder.ticket))
}

/// When the buyer's first read of the round as available was answered.
fn asked_us(op: &Operation, round: Round) -> u64 {
    let free = |read: &&onsale::Read| read.round == round && read.seen == Seen::Available;
    let asked_us = op.reads.iter().filter(free).map(|read| read.end_us).min().unwrap_or(op.start_us);
    asked_us.min(op.end_us).max(op.start_us)
}
