//! Openings are operations too: the round of a seat only ever goes up.

use crate::books::sorted;
use crate::observation::observations;
use crate::records::Register;
use crate::sales::Sales;
use crate::words::buyers;
use crate::{Finding, Rule};
use onsale::{Read, Round};

/// Compares the round that every read and every sale was in with the rounds known to be open.
pub(crate) fn check(register: &Register<'_>, sales: &Sales<'_>, findings: &mut Vec<Finding>) {
    findings.extend(early_round(register, sales));
    findings.extend(stale_round(register, sales));
}

fn early_round(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    let begins_us = register.opened.0;
    let first_us = sales.iter().map(|sale| sale.end_us).fold(sales.read_us, u64::min);
    if first_us >= begins_us {
        return None;
    }
    let shown = reads(register)
        .filter(|(_, read)| read.round >= register.round && register.clock.latest(read.end_us) < begins_us);
    let sold = sales.iter().filter(|sale| sale.end_us < begins_us).filter_map(|sale| sale.operation);
    let operations = sorted(shown.map(|(index, _)| index).chain(sold));
    let who = buyers(operations.len() as u64);
    let (seat, round) = (register.seat, register.round);
    (!operations.is_empty()).then(|| Finding {
        rule: Rule::EarlyRound,
        seat,
        tickets: Vec::new(),
        shown_by: operations.iter().take(1).copied().collect(),
        operations,
        sentence: format!("{who} met round {round} of seat {seat} before it was opened."),
    })
}

fn stale_round(register: &Register<'_>, sales: &Sales<'_>) -> Option<Finding> {
    let round = register.round;
    // Everything was shown in the run's own round: nothing can be stale, and nothing needs sorting.
    if sales.rounds == (round, round) {
        return None;
    }
    let reached = Reached::of(register, sales);
    let mut operations = Vec::new();
    let mut shown_by = Vec::new();
    let sold = sales.iter().filter_map(|sale| Some((sale.operation?, round, sale.start_us)));
    for (index, shown, start_us) in
        reads(register).map(|(index, read)| (index, read.round, register.clock.earliest(read.start_us))).chain(sold)
    {
        if let Some(proof) = reached.before(start_us).filter(|known| known.round > shown) {
            if operations.is_empty() {
                shown_by = sorted(proof.operation.into_iter().chain([index]));
            }
            operations.push(index);
        }
    }
    let operations = sorted(operations.into_iter());
    let stale_row = register.seat_rows().any(|row| row.round < reached.at_the_end());
    let seat = register.seat;
    let sentence = if operations.is_empty() {
        format!("The seats table shows an earlier round of seat {seat} than the one that had been opened.")
    } else {
        let who = buyers(operations.len() as u64);
        format!("{who} met seat {seat} in a round that was over: a later one had been opened.")
    };
    (stale_row || !operations.is_empty()).then(|| Finding {
        rule: Rule::StaleRound,
        seat,
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
    fn of(register: &Register<'_>, sales: &Sales<'_>) -> Self {
        let round = register.round;
        let known = |by_us, round, operation| Known { by_us, round, operation };
        let reads =
            reads(register).map(|(index, read)| known(register.clock.latest(read.end_us), read.round, Some(index)));
        let sold = sales.iter().map(|sale| known(sale.end_us, round, sale.operation));
        let answers = observations(register, sales).map(|seen| known(seen.end_us, round, Some(seen.operation)));
        let opened = known(register.opened.1, round, None);
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

/// Every read of the seat, with its operation.
fn reads<'a>(register: &Register<'a>) -> impl Iterator<Item = (usize, &'a Read)> + use<'a> {
    register.operations().flat_map(|(index, op)| op.reads.iter().map(move |read| (index, read)))
}
