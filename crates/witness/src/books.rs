//! The books: what buyers were told, the ledger, and the seats table.

use crate::earlier::{Bought, Purchase, bought, misfiled};
use crate::observation::{Saw, observations};
use crate::records::Register;
use crate::sales::Sales;
use crate::words::{buyers, count, verb};
use crate::{Finding, Rule};
use onsale::{Outcome, Ticket};

/// Compares the ledger with itself, with what buyers were told, and with the seats table.
pub(crate) fn check(register: &Register<'_>, sales: &Sales<'_>, earlier: &[Purchase<'_>], findings: &mut Vec<Finding>) {
    findings.extend(double_sell(register, sales));
    findings.extend(lost_sale(register, sales, earlier));
    findings.extend(phantom(register, sales));
    findings.extend(unopened(register, sales));
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

/// A ticket told and not in the ledger. Of a purchase of an earlier round the ledger may say nothing; but if that round
/// was over before the purchase can have been made, there is no round it can have bought in.
fn lost_sale(register: &Register<'_>, sales: &Sales<'_>, earlier: &[Purchase<'_>]) -> Option<Finding> {
    let moved = sales.moved(register);
    let missing = sales.told(Outcome::Confirmed).filter(|(_, op)| sales.find(&op.ticket).is_none());
    let here = missing.filter(|(_, op)| bought(op, register, moved) == Bought::Here);
    let here = here.map(|(index, op)| (index, &op.ticket, None));
    let too_late = earlier.iter().filter(|purchase| !purchase.is_committed);
    let too_late =
        too_late.filter_map(|purchase| Some((purchase.operation, purchase.ticket, purchase.proof?.operation)));
    let lost: Vec<_> = here.chain(too_late).collect();
    let shown_by = lost.iter().map(|(index, _, proof)| sorted(proof.iter().copied().chain([*index])));
    let shown_by = shown_by.min_by_key(Vec::len)?;
    let operations = sorted(lost.iter().map(|(index, ..)| *index));
    let n = operations.len() as u64;
    Some(Finding {
        rule: Rule::LostSale,
        seat: register.seat,
        tickets: distinct(lost.into_iter().map(|(_, ticket, _)| ticket)),
        shown_by,
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

/// This run's sales in a round that nobody who asked for them can have bought in.
fn unopened(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    if !sales.misfiled || !register.is_last() {
        return None;
    }
    let mut rows = misfiled(register);
    rows.retain(|row| row.explained.is_none());
    let operations = sorted(rows.iter().flat_map(|row| row.operations.iter().copied()));
    let (seat, n) = (register.seat, rows.len() as u64);
    (n > 0).then(|| Finding {
        rule: Rule::Unopened,
        seat,
        tickets: rows.iter().map(|row| row.sale.ticket.clone()).collect(),
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

/// In the order of tickets, each once.
pub(crate) fn distinct<'a>(tickets: impl Iterator<Item = &'a Ticket>) -> Vec<Ticket> {
    let mut tickets: Vec<_> = tickets.collect();
    tickets.sort_unstable();
    tickets.dedup();
    tickets.into_iter().cloned().collect()
}
