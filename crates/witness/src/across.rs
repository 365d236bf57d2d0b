//! What no register shows alone: records of seats that were never opened, and one ticket told to two buyers.

use crate::books::sorted;
use crate::glance::Glance;
use crate::records::Records;
use crate::words::{buyers, count, verb};
use crate::{Finding, Rule};
use onsale::{Outcome, Run, SeatId, Ticket};
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// Compares the run's records with each other and with its openings.
pub(crate) fn check(run: &Run, glance: &Glance, records: &Records, findings: &mut Vec<Finding>) {
    unopened(run, records, findings);
    let mut told = told(run, glance, records);
    told.sort_unstable();
    if told.windows(2).any(|pair| pair[0] == pair[1]) {
        shared_tickets(run, findings);
    }
}

/// Hashes of the tickets told to buyers, and of a few more: two are equal if two tickets are, and hardly ever otherwise.
/// At a seat that need not be judged, what was told stands in the ledger.
fn told(run: &Run, glance: &Glance, records: &Records) -> Vec<u64> {
    let settled = run.ledger.iter().filter(|sale| !glance.must_judge(sale.seat)).map(|sale| &sale.ticket);
    let judged = records.operations(run).filter(|op| op.outcome == Outcome::Confirmed).map(|op| &op.ticket);
    let hasher = RandomState::new();
    settled.chain(judged).map(|ticket| hasher.hash_one(ticket)).collect()
}

/// Every operation, every sale of this run and every owner by one of its tickets must be on a seat that it opened. What
/// others did elsewhere is not this run's.
fn unopened(run: &Run, records: &Records, findings: &mut Vec<Finding>) {
    let [operations, ledger, seat_rows] = records.unopened();
    let mut seats: BTreeMap<SeatId, (Vec<usize>, Vec<Ticket>)> = BTreeMap::new();
    for (seat, index) in operations {
        let (found, tickets) = seats.entry(seat).or_default();
        found.push(index);
        tickets.push(run.operations[index].ticket.clone());
    }
    for (seat, index) in ledger {
        if run.ledger[index].run.as_ref() == Some(&run.id) {
            seats.entry(seat).or_default().1.push(run.ledger[index].ticket.clone());
        }
    }
    let held =
        seat_rows.iter().filter_map(|&(seat, index)| Some((seat, &run.seat_rows[index].holder.as_ref()?.ticket)));
    let held: Vec<_> = held.collect();
    if !held.is_empty() {
        let asked_for: HashSet<_> = run.operations.iter().map(|op| &op.ticket).collect();
        for (seat, ticket) in held.into_iter().filter(|(_, ticket)| asked_for.contains(ticket)) {
            seats.entry(seat).or_default().1.push(ticket.clone());
        }
    }
    findings.extend(seats.into_iter().map(|(seat, (operations, mut tickets))| {
        tickets.sort_unstable();
        tickets.dedup();
        let sentence = match operations.len() as u64 {
            0 => {
                let sales = count(tickets.len() as u64, "sale", "sales");
                format!("The record holds {sales} of seat {seat} by this run, which did not open it.")
            }
            n => format!("{} tried to buy seat {seat}, which this run did not open.", buyers(n)),
        };
        let shown_by = operations.iter().take(1).copied().collect();
        Finding { rule: Rule::Unopened, seat, tickets, operations, shown_by, sentence }
    }));
}

/// Tickets told to more than one buyer, at one seat or at several: one finding for each seat where one was told first.
fn shared_tickets(run: &Run, findings: &mut Vec<Finding>) {
    let ticket = |index: &usize| &run.operations[*index].ticket;
    let told = run.operations.iter().enumerate().filter(|(_, op)| op.outcome == Outcome::Confirmed);
    let mut told: Vec<_> = told.map(|(index, _)| index).collect();
    told.sort_by_key(ticket);
    let mut seats: BTreeMap<SeatId, Vec<Vec<usize>>> = BTreeMap::new();
    for shared in told.chunk_by(|a, b| ticket(a) == ticket(b)).filter(|told| told.len() > 1) {
        seats.entry(run.operations[shared[0]].seat).or_default().push(shared.to_vec());
    }
    findings.extend(seats.into_iter().map(|(seat, mut shared)| {
        shared.sort_unstable();
        let n = shared.len() as u64;
        Finding {
            rule: Rule::SharedTicket,
            seat,
            tickets: shared.iter().map(|operations| ticket(&operations[0]).clone()).collect(),
            shown_by: shared[0].iter().take(2).copied().collect(),
            operations: sorted(shared.into_iter().flatten()),
            sentence: format!(
                "{} of seat {seat} {} told to more than one buyer.",
                count(n, "ticket", "tickets"),
                verb(n, "was", "were")
            ),
        }
    }));
}
