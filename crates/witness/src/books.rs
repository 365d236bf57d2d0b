//! The books: what buyers were told, the ledger, and the seats table.

use crate::observation::{Saw, observations};
use crate::sales::Sales;
use crate::words::{buyers, count, verb};
use crate::{Finding, Rule};
use onsale::{Operation, Outcome, Run, Seen, Ticket};

/// Compares the ledger with itself, with what buyers were told, and with the seats table.
pub(crate) fn check(run: &Run, sales: &Sales<'_>, findings: &mut Vec<Finding>) {
    findings.extend(double_sell(run, sales));
    findings.extend(lost_sale(run, sales));
    findings.extend(phantom(sales));
    findings.extend(shared_ticket(run, sales));
    findings.extend(seats_table(run, sales));
}

fn double_sell(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    if sales.len() < 2 {
        return None;
    }
    let operations = sorted(sales.iter().filter_map(|sale| sale.operation));
    let (seat, round, times) = (run.plan.seat, run.opening.round, sales.len());
    Some(Finding {
        rule: Rule::DoubleSell,
        tickets: sales.iter().map(|sale| sale.ticket.clone()).collect(),
        shown_by: operations.iter().take(2).copied().collect(),
        operations,
        sentence: format!("Seat {seat} was sold {} in round {round}.", count(times as u64, "time", "times")),
    })
}

fn lost_sale(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    let moved = sales.moved(run);
    let lost = |op: &Operation| {
        op.outcome == Outcome::Confirmed && bought_here(op, run, moved) && sales.find(&op.ticket).is_none()
    };
    let operations: Vec<_> = indices(run, lost).collect();
    let n = operations.len() as u64;
    let sentence = format!(
        "{} {} told “seat {} is yours”, but the ledger does not hold {}.",
        buyers(n),
        verb(n, "was", "were"),
        run.plan.seat,
        verb(n, "that ticket", "their tickets"),
    );
    finding(Rule::LostSale, run, operations, sentence)
}

/// Whether an acknowledged sale was one of the run's round: a purchase sells the round it last read as available.
fn bought_here(op: &Operation, run: &Run, moved: bool) -> bool {
    let last = op.reads.iter().rfind(|read| read.seen == Seen::Available);
    last.map_or(!moved, |read| read.round == run.opening.round)
}

fn phantom(sales: &Sales<'_>) -> Option<Finding> {
    let unexplained: Vec<_> = sales.iter().filter(|sale| !sale.is_explained()).collect();
    if unexplained.is_empty() {
        return None;
    }
    let n = unexplained.len() as u64;
    let operations = sorted(unexplained.iter().filter_map(|sale| sale.operation));
    let rows = count(n, "sale", "sales");
    let sentence = match operations.len() as u64 {
        0 => format!("The ledger holds {rows} that no buyer of this run asked for."),
        told_no if told_no == n => {
            format!("The ledger holds {rows} whose {} told no.", verb(n, "buyer was", "buyers were"))
        }
        _ => format!("The ledger holds {rows} that nobody asked for or whose buyers were told no."),
    };
    Some(Finding {
        rule: Rule::Phantom,
        tickets: unexplained.iter().map(|sale| sale.ticket.clone()).collect(),
        shown_by: operations.iter().take(1).copied().collect(),
        operations,
        sentence,
    })
}

fn shared_ticket(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    let shared = || sales.iter().filter(|sale| sale.shared_with.is_some());
    let operations = sorted(shared().flat_map(|sale| sale.operation.into_iter().chain(sale.shared_with)));
    let n = shared().count() as u64;
    let sentence = format!("{} {} told to two buyers.", count(n, "ticket", "tickets"), verb(n, "was", "were"));
    finding(Rule::SharedTicket, run, operations, sentence)
}

/// The rows of this round; those of an earlier one are judged by [`crate::rounds`].
fn seats_table(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    let rows = || run.seat_rows.iter().filter(|row| row.seat == run.plan.seat && row.round == run.opening.round);
    let strangers: Vec<Ticket> = rows()
        .filter_map(|row| row.holder.as_ref().map(|holder| &holder.ticket))
        .filter(|ticket| sales.find(ticket).is_none())
        .cloned()
        .collect();
    let seat = run.plan.seat;
    let (tickets, shown_by, sentence) = if strangers.is_empty() {
        let (proof, ticket) = proof_of_sale(run, sales).filter(|_| rows().any(|row| row.holder.is_none()))?;
        let sentence = format!("The seats table shows seat {seat} as free, though it had been sold.");
        (ticket.into_iter().collect(), vec![proof], sentence)
    } else {
        let sentence = format!("The seats table shows seat {seat} with an owner whose ticket is not in the ledger.");
        (strangers, Vec::new(), sentence)
    };
    Some(Finding { rule: Rule::SeatsTable, tickets, operations: shown_by.clone(), shown_by, sentence })
}

/// An operation that shows the seat as sold before the seats table was read, which is after every operation ended.
fn proof_of_sale(run: &Run, sales: &Sales<'_>) -> Option<(usize, Option<Ticket>)> {
    sales.iter().next()?; // A seat seen as sold without any sale is another rule's.
    let acknowledged = sales.iter().filter(|sale| sale.end_us < u64::MAX);
    let acknowledged = acknowledged.filter_map(|sale| Some((sale.operation?, Some(sale.ticket.clone())))).min();
    let seen = || observations(run, sales).find(|seen| matches!(seen.saw, Saw::Sold(_)));
    acknowledged.or_else(|| seen().map(|seen| (seen.operation, None)))
}

/// A finding on operations and their tickets, if there are any.
fn finding(rule: Rule, run: &Run, operations: Vec<usize>, sentence: String) -> Option<Finding> {
    let fewest = if rule == Rule::SharedTicket { 2 } else { 1 };
    let mut tickets: Vec<_> = operations.iter().map(|&index| run.operations[index].ticket.clone()).collect();
    tickets.dedup();
    (!operations.is_empty()).then(|| Finding {
        rule,
        tickets,
        shown_by: operations.iter().take(fewest).copied().collect(),
        operations,
        sentence,
    })
}

fn indices(run: &Run, wanted: impl Fn(&Operation) -> bool) -> impl Iterator<Item = usize> {
    run.operations.iter().enumerate().filter(move |(_, op)| wanted(op)).map(|(index, _)| index)
}

fn sorted(operations: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut operations: Vec<_> = operations.collect();
    operations.sort_unstable();
    operations.dedup();
    operations
}
