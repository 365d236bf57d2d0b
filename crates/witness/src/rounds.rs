//! Openings are operations too: the round of a seat only ever goes up.

use crate::observation::observations;
use crate::sales::Sales;
use crate::words::buyers;
use crate::{Finding, Rule};
use onsale::{Round, Run};

/// Compares the round that every read and every sale was in with the rounds known to be open.
pub(crate) fn check(run: &Run, sales: &Sales<'_>, findings: &mut Vec<Finding>) {
    findings.extend(early_round(run, sales));
    findings.extend(stale_round(run, sales));
}

fn early_round(run: &Run, sales: &Sales<'_>) -> Option<Finding> {
    let begins_us = run.opening.start_us;
    if begins_us == 0 {
        return None; // The run's clock began with it.
    }
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
    // Everything was shown in the run's own round: nothing can be stale, and nothing needs sorting.
    if sales.rounds == (round, round) {
        return None;
    }
    let reached = Reached::of(run, sales);
    let mut operations = Vec::new();
    let mut shown_by = Vec::new();
    let sold = sales.iter().filter_map(|sale| Some((sale.operation?, round, sale.start_us)));
    let reads =
        run.operations.iter().enumerate().flat_map(|(index, op)| op.reads.iter().map(move |read| (index, read)));
    for (index, shown, start_us) in reads.map(|(index, read)| (index, read.round, read.start_us)).chain(sold) {
        if let Some(proof) = reached.before(start_us).filter(|known| known.round > shown) {
            if operations.is_empty() {
                shown_by = distinct(proof.operation.into_iter().chain([index]).collect());
            }
            operations.push(index);
        }
    }
    let operations = distinct(operations);
    let mut rows = run.seat_rows.iter().filter(|row| row.seat == run.plan.seat);
    let stale_row = rows.any(|row| row.round < reached.at_the_end());
    let seat = run.plan.seat;
    let sentence = if operations.is_empty() {
        format!("The seats table shows an earlier round of seat {seat} than the one that had been opened.")
    } else {
        let who = buyers(operations.len() as u64);
        format!("{who} met seat {seat} in a round that was over: a later one had been opened.")
    };
    (stale_row || !operations.is_empty()).then(|| Finding {
        rule: Rule::StaleRound,
        tickets: Vec::new(),
        operations,
        shown_by,
        sentence,
    })
}

/// Which round is known to have been open by when: both rising.
struct Reached(Vec<Known>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    by_us: u64,
    round: Round,
    /// Who saw it; `None` is the opening itself.
    operation: Option<usize>,
}

impl Reached {
    fn of(run: &Run, sales: &Sales<'_>) -> Self {
        let round = run.opening.round;
        let known = |by_us, round, operation| Known { by_us, round, operation };
        let ops = run.operations.iter().enumerate();
        let reads = ops.flat_map(|(index, op)| op.reads.iter().map(move |read| (index, read)));
        let reads = reads.map(|(index, read)| known(read.end_us, read.round, Some(index)));
        let sold = sales.iter().map(|sale| known(sale.end_us, round, sale.operation));
        let answers = observations(run, sales).map(|seen| known(seen.end_us, round, Some(seen.operation)));
        let opened = known(run.opening.end_us, round, None);
        let mut reached: Vec<_> = reads.chain(sold).chain(answers).chain([opened]).collect();
        reached.sort_unstable();
        let mut highest = 0;
        reached.retain(|known| {
            let higher = known.round > highest;
            highest = highest.max(known.round);
            higher
        });
        Self(reached)
    }

    /// The highest round known to be open when every operation had ended.
    fn at_the_end(&self) -> Round {
        self.0.last().map_or(0, |known| known.round)
    }

    /// The highest round known to be open strictly before `us`.
    fn before(&self, us: u64) -> Option<Known> {
        let known = self.0.partition_point(|known| known.by_us < us);
        known.checked_sub(1).map(|at| self.0[at])
    }
}

fn distinct(mut operations: Vec<usize>) -> Vec<usize> {
    operations.sort_unstable();
    operations.dedup();
    operations
}
