//! The books: what buyers were told, the ledger, and the seats table.

use crate::observation::{Saw, observations};
use crate::records::Register;
use crate::sales::{Sales, is_ours};
use crate::words::{buyers, count, verb};
use crate::{Finding, Rule};
use onsale::{Operation, Outcome, Sale, Seen, Ticket};

/// Compares the ledger with itself, with what buyers were told, and with the seats table.
pub(crate) fn check(register: &Register<'_>, sales: &Sales<'_>, findings: &mut Vec<Finding>) {
    findings.extend(double_sell(register, sales));
    findings.extend(lost_sale(register, sales));
    findings.extend(phantom(register, sales));
    findings.extend(misfiled(register, sales));
    findings.extend(seats_table(register, sales));
}

fn double_sell(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    if sales.len() < 2 {
        return None;
    }
    let operations = sorted(sales.iter().filter_map(|sale| sale.operation));
    let (seat, round, times) = (register.seat, register.round, sales.len());
    Some(Finding {
        rule: Rule::DoubleSell,
        seat,
        tickets: sales.iter().map(|sale| sale.ticket.clone()).collect(),
        shown_by: operations.iter().take(2).copied().collect(),
        operations,
        sentence: format!("Seat {seat} was sold {} in round {round}.", count(times as u64, "time", "times")),
    })
}

fn lost_sale(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    let moved = sales.moved(register);
    let lost = |op: &Operation| bought_here(op, register, moved) && sales.find(&op.ticket).is_none();
    let told = sales.told(Outcome::Confirmed).filter(|(_, op)| lost(op));
    let (operations, mut tickets): (Vec<_>, Vec<_>) = told.map(|(index, op)| (index, op.ticket.clone())).unzip();
    tickets.dedup();
    let n = operations.len() as u64;
    (n > 0).then(|| Finding {
        rule: Rule::LostSale,
        seat: register.seat,
        tickets,
        shown_by: operations.iter().take(1).copied().collect(),
        operations,
        sentence: format!(
            "{} {} told “seat {} is yours”, but the ledger does not hold {}.",
            buyers(n),
            verb(n, "was", "were"),
            register.seat,
            verb(n, "that ticket", "their tickets"),
        ),
    })
}

/// Whether an acknowledged sale was one of the register's round: a purchase sells the round it last read as available.
fn bought_here(op: &Operation, register: &Register<'_>, moved: bool) -> bool {
    let last = op.reads.iter().rfind(|read| read.seen == Seen::Available);
    last.map_or(!moved, |read| read.round == register.round)
}

fn phantom(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    let unexplained: Vec<_> = sales.iter().filter(|sale| !sale.is_explained()).collect();
    if unexplained.is_empty() {
        return None;
    }
    let n = unexplained.len() as u64;
    let operations = sorted(unexplained.iter().filter_map(|sale| sale.operation));
    let (seat, rows) = (register.seat, count(n, "sale", "sales"));
    let sentence = match operations.len() as u64 {
        0 => format!("The ledger holds {rows} of seat {seat} that no buyer of this run asked for."),
        told_no if told_no == n => {
            format!("The ledger holds {rows} of seat {seat} whose {} told no.", verb(n, "buyer was", "buyers were"))
        }
        _ => format!("The ledger holds {rows} of seat {seat} that nobody asked for or whose buyers were told no."),
    };
    Some(Finding {
        rule: Rule::Phantom,
        seat,
        tickets: unexplained.iter().map(|sale| sale.ticket.clone()).collect(),
        shown_by: operations.iter().take(1).copied().collect(),
        operations,
        sentence,
    })
}

/// This run's sales of the seat in rounds that it did not open. One is explained if its buyer read that round as
/// available, because a purchase sells what it read: then the read is judged. Without a record of the reads, the round
/// must be a later one (somebody moved it) or the call must have begun before the run's own round was open.
fn misfiled(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    if !sales.misfiled || !register.is_last() {
        return None;
    }
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
        .map(|sale| (sale, Vec::new(), false))
        .collect();
    rows.sort_unstable_by_key(|row| &row.0.ticket);
    for (index, op) in register.operations() {
        let from = rows.partition_point(|row| row.0.ticket < op.ticket);
        for (sale, operations, explained) in rows[from..].iter_mut().take_while(|row| row.0.ticket == op.ticket) {
            operations.push(index);
            *explained |= may_sell(op, sale);
        }
    }
    rows.retain(|(_, _, explained)| !explained);
    let operations = sorted(rows.iter().flat_map(|(_, operations, _)| operations.iter().copied()));
    let (seat, n) = (register.seat, rows.len() as u64);
    (n > 0).then(|| Finding {
        rule: Rule::Unopened,
        seat,
        tickets: rows.iter().map(|(sale, ..)| sale.ticket.clone()).collect(),
        shown_by: operations.iter().take(1).copied().collect(),
        operations,
        sentence: format!(
            "The ledger holds {} of seat {seat} by this run in a round that it did not open.",
            count(n, "sale", "sales")
        ),
    })
}

/// The rows of this round; those of an earlier one are judged by [`crate::rounds`].
fn seats_table(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    let rows = || register.seat_rows().filter(|row| row.round == register.round);
    let strangers: Vec<Ticket> = rows()
        .filter_map(|row| row.holder.as_ref().map(|holder| &holder.ticket))
        .filter(|ticket| sales.find(ticket).is_none())
        .cloned()
        .collect();
    let seat = register.seat;
    let (tickets, shown_by, sentence) = if strangers.is_empty() {
        let (proof, ticket) = proof_of_sale(register, sales).filter(|_| rows().any(|row| row.holder.is_none()))?;
        let sentence = format!("The seats table shows seat {seat} as free, though it had been sold.");
        (ticket.into_iter().collect(), vec![proof], sentence)
    } else {
        let sentence = format!("The seats table shows seat {seat} with an owner whose ticket is not in the ledger.");
        (strangers, Vec::new(), sentence)
    };
    Some(Finding { rule: Rule::SeatsTable, seat, tickets, operations: shown_by.clone(), shown_by, sentence })
}

/// An operation that shows the seat as sold before the seats table was read, which is after every operation ended.
fn proof_of_sale(register: &Register<'_>, sales: &Sales<'_>) -> Option<(usize, Option<Ticket>)> {
    sales.iter().next()?; // A seat seen as sold without any sale is another rule's.
    let acknowledged = sales.iter().filter(|sale| sale.end_us < u64::MAX);
    let acknowledged = acknowledged.filter_map(|sale| Some((sale.operation?, Some(sale.ticket.clone())))).min();
    let seen = || observations(register, sales).find(|seen| matches!(seen.saw, Saw::Sold(_)));
    acknowledged.or_else(|| seen().map(|seen| (seen.operation, None)))
}

/// In the order of the run, each once.
pub(crate) fn sorted(operations: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut operations: Vec<_> = operations.collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}
