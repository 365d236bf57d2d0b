//! Openings are operations too: the round of a seat only ever goes up.

use crate::observation::observations;
use crate::sales::Sales;
use crate::words::{buyers, count};
use crate::{Finding, Rule};
use onsale::{Round, Run};

/// Whether somebody else opened the seat again while the run was on.
pub(crate) fn moved(run: &Run) -> bool {
    let newer = |round| round > run.opening.round;
    run.seat_rows.iter().any(|row| row.seat == run.plan.seat && newer(row.round))
        || run.operations.iter().flat_map(|op| &op.reads).any(|read| newer(read.round))
}

/// Compares the round that every read and every sale was in with the rounds known to be open.
pub(crate) fn check(run: &Run, sales: &Sales<'_>, findings: &mut Vec<Finding>) {
    findings.extend(early_round(run, sales));
    findings.extend(stale_round(run, sales));
}

fn early_round(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    let begins_us = run.opening.start_us;
    let reads =
        run.operations.iter().enumerate().flat_map(|(index, op)| op.reads.iter().map(move |read| (index, read)));
    let shown = reads.filter(|(_, read)| read.round >= run.opening.round && read.end_us < begins_us);
    let sold = sales.iter().filter(|sale| sale.end_us < begins_us).filter_map(|sale| sale.operation);
    let operations = distinct(shown.map(|(index, _)| index).chain(sold).collect());
    let who = buyers(operations.len() as u64);
    let (seat, round) = (run.plan.seat, run.opening.round);
    (!operations.is_empty()).then(|| Finding {
        rule: Rule::EarlyRound,
        tickets: Vec::new(),
        shown_by: operations.iter().take(1).copied().collect(),
        operations,
        sentence: format!("{who} met round {round} of seat {seat} before it was opened."),
    })
}

fn stale_round(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    let round = run.opening.round;
    let here = |shown: Round| shown == round;
    let rows = || run.seat_rows.iter().filter(|row| row.seat == run.plan.seat);
    // All reads in the run's own round: nothing can be stale, and nothing needs sorting.
    if run.operations.iter().flat_map(|op| &op.reads).all(|read| here(read.round))
        && rows().all(|row| row.round >= round)
    {
        return None;
    }
    let reached = Reached::of(run, sales);
    let mut operations = Vec::new();
    let mut oldest: Option<(Round, usize)> = None;
    for (index, op) in run.operations.iter().enumerate() {
        let stale = op.reads.iter().filter(|read| read.round < reached.before(read.start_us));
        if let Some(shown) = stale.map(|read| read.round).min() {
            operations.push(index);
            oldest = oldest.min(Some((shown, index))).or(Some((shown, index)));
        }
    }
    let late = |sale: &&crate::sales::Sold<'_>| sale.operation.is_some() && round < reached.before(sale.start_us);
    operations.extend(sales.iter().filter(late).filter_map(|sale| sale.operation));
    let operations = distinct(operations);
    let stale_row = rows().any(|row| row.round < reached.before(run.end_us));
    let seat = run.plan.seat;
    let sentence = if operations.is_empty() {
        format!("The seats table shows an earlier round of seat {seat} than the one that had been opened.")
    } else {
        let n = operations.len() as u64;
        format!(
            "{} met seat {seat} in a round that was over: a later one had been opened.",
            count(n, "buyer", "buyers")
        )
    };
    let shown_by = oldest.map(|(_, index)| index).or(operations.first().copied()).into_iter().collect();
    (stale_row || !operations.is_empty()).then(|| Finding {
        rule: Rule::StaleRound,
        tickets: Vec::new(),
        operations,
        shown_by,
        sentence,
    })
}

/// By when which round is known to have been open: `(when, round)`, both rising.
struct Reached(Vec<(u64, Round)>);

impl Reached {
    fn of(run: &Run, sales: &Sales<'_>) -> Self {
        let round = run.opening.round;
        let reads = run.operations.iter().flat_map(|op| &op.reads).map(|read| (read.end_us, read.round));
        let sold = sales.iter().map(|sale| (sale.end_us, round));
        let answers = observations(run).map(|seen| (seen.end_us, round));
        let mut known: Vec<_> = reads.chain(sold).chain(answers).chain([(run.opening.end_us, round)]).collect();
        known.sort_unstable();
        let mut highest = 0;
        known.retain(|&(_, round)| {
            let higher = round > highest;
            highest = highest.max(round);
            higher
        });
        Self(known)
    }

    /// The highest round known to be open strictly before `us`.
    fn before(&self, us: u64) -> Round {
        let known = self.0.partition_point(|&(end_us, _)| end_us < us);
        known.checked_sub(1).map_or(0, |at| self.0[at].1)
    }
}

fn distinct(mut operations: Vec<usize>) -> Vec<usize> {
    operations.sort_unstable();
    operations.dedup();
    operations
}
