//! Purchases of a round that the run did not open. One of an earlier round happened before the run opened its own, as a
//! read of an earlier round did; one of a later round is not judged, because somebody moved the seat.

use crate::records::Register;
use crate::rounds::{Known, Reached};
use crate::sales::{Sales, asked_us, is_ours};
use onsale::{Operation, Outcome, Round, Sale, Seen, Ticket};

/// A purchase of an earlier round, by what its buyer was told or by what the ledger holds.
pub(crate) struct Purchase<'a> {
    pub operation: usize,
    pub ticket: &'a Ticket,
    pub round: Round,
    /// The ledger holds it in that round. It holds the rounds that the run opened; what else is in it came by chance.
    pub is_committed: bool,
    /// It took effect no earlier.
    pub start_us: u64,
    /// What shows that its round was over by then.
    pub proof: Option<Known>,
}

/// Every purchase of an earlier round, in the order of the operations. Where the run opened several rounds, those
/// before the first of them.
pub(crate) fn purchases<'a>(register: &Register<'a>, sales: &Sales<'a>) -> Vec<Purchase<'a>> {
    if !register.is_first() {
        return Vec::new();
    }
    let purchase = |operation, ticket, round, is_committed, start_us| Purchase {
        operation,
        ticket,
        round,
        is_committed,
        start_us,
        proof: None,
    };
    let misfiled = if sales.misfiled { misfiled(register) } else { Vec::new() };
    let committed = misfiled.iter().filter(|row| row.sale.round < register.round);
    let committed = committed
        .filter_map(|row| row.explained.map(|(at, us)| purchase(at, &row.sale.ticket, row.sale.round, true, us)));
    let mut found: Vec<_> = committed.collect();
    found.sort_unstable_by_key(|purchase| purchase.operation);
    let kept = found.len();
    let moved = sales.moved(register);
    for (index, op) in sales.told(Outcome::Confirmed) {
        if let Bought::Earlier(round) = bought(op, register, moved)
            && sales.find(&op.ticket).is_none()
            && found[..kept].binary_search_by_key(&index, |purchase| purchase.operation).is_err()
        {
            found.push(purchase(index, &op.ticket, round, false, register.clock.earliest(asked_us(op, round))));
        }
    }
    if !found.is_empty() {
        found.sort_unstable_by_key(|purchase| purchase.operation);
        let reached = Reached::of(register, sales);
        for purchase in &mut found {
            purchase.proof = reached.proof(purchase.start_us, purchase.round, purchase.operation);
        }
    }
    found
}

/// What a buyer who was told "confirmed" has bought, unless the ledger says so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bought {
    /// The register's round.
    Here,
    /// An earlier one that the run did not open.
    Earlier(Round),
    /// Another, or nobody can say.
    Elsewhere,
}

/// A purchase sells the round it last read as available. If no such read is on record, it is the register's round, or the
/// one before if the purchase may have happened in that.
pub(crate) fn bought(op: &Operation, register: &Register<'_>, moved: bool) -> Bought {
    let last = op.reads.iter().rfind(|read| read.seen == Seen::Available);
    match last.map(|read| read.round) {
        Some(round) if round == register.round => Bought::Here,
        Some(round) if round < register.round && !register.opens(round) => Bought::Earlier(round),
        None if !moved && register.clock.earliest(op.start_us) > register.opened.1 => Bought::Here,
        None if !moved => Bought::Earlier(register.round.saturating_sub(1)),
        _ => Bought::Elsewhere,
    }
}

/// A sale of this run in a round of the seat that it did not open.
pub(crate) struct Misfiled<'a> {
    pub sale: &'a Sale,
    /// Every operation that asked for its ticket.
    pub operations: Vec<usize>,
    /// One that may have bought it, and since when.
    pub explained: Option<(usize, u64)>,
}

/// This run's sales of the seat in rounds that it did not open. One is explained if its buyer read that round as
/// available, because a purchase sells what it read. Without a record of the reads, the round must be a later one
/// (somebody moved it) or the call must have begun before the run's own round was open.
pub(crate) fn misfiled<'a>(register: &Register<'a>) -> Vec<Misfiled<'a>> {
    let may_sell = |op: &Operation, sale: &Sale| {
        let read = || op.reads.iter().any(|read| read.round == sale.round && read.seen == Seen::Available);
        let unread = || {
            op.reads.is_empty()
                && (sale.round > register.round || register.clock.earliest(op.start_us) <= register.opened.1)
        };
        matches!(op.outcome, Outcome::Confirmed | Outcome::Unknown) && (read() || unread())
    };
    let mut rows: Vec<_> = register
        .ledger()
        .filter(|sale| is_ours(sale, register) && !register.opens(sale.round))
        .map(|sale| Misfiled { sale, operations: Vec::new(), explained: None })
        .collect();
    rows.sort_unstable_by_key(|row| &row.sale.ticket);
    for (index, op) in register.operations() {
        let from = rows.partition_point(|row| row.sale.ticket < op.ticket);
        for row in rows[from..].iter_mut().take_while(|row| row.sale.ticket == op.ticket) {
            row.operations.push(index);
            if row.explained.is_none() && may_sell(op, row.sale) {
                row.explained = Some((index, register.clock.earliest(asked_us(op, row.sale.round))));
            }
        }
    }
    rows
}
