//! Openings are operations too: the round of a seat only ever goes up.

use crate::books::{distinct, sorted};
use crate::earlier::Purchase;
use crate::records::Register;
use crate::sales::Sales;
use crate::words::buyers;
use crate::{Finding, Rule};
use onsale::{Read, Round};

/// Compares the round that every read and every sale was in with the rounds known to be open.
pub(crate) fn check(register: &Register<'_>, sales: &Sales<'_>, earlier: &[Purchase<'_>], findings: &mut Vec<Finding>) {
    findings.extend(early_round(register, sales));
    findings.extend(stale_round(register, sales, earlier));
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

fn stale_round(register: &Register<'_>, sales: &Sales<'_>, earlier: &[Purchase<'_>]) -> Option<Finding> {
    let round = register.round;
    // Everything was shown in the run's own round: nothing can be stale, and nothing needs sorting.
    if sales.rounds == (round, round) && earlier.is_empty() {
        return None;
    }
    let reached = Reached::of(register, sales);
    let shown = reads(register).map(|(index, read)| (index, read.round, register.clock.earliest(read.start_us)));
    let sold = sales.iter().filter_map(|sale| Some((sale.operation?, round, sale.start_us)));
    let sold_earlier = earlier.iter().filter(|purchase| purchase.is_committed);
    let sold_earlier = sold_earlier.map(|purchase| (purchase.operation, purchase.round, purchase.start_us));
    let stale = earlier.iter().filter(|purchase| purchase.is_committed && purchase.proof.is_some());
    let tickets = distinct(stale.map(|purchase| purchase.ticket));
    let mut operations = Vec::new();
    // The first that needs no other operation to show it, or else the first.
    let mut shown_by = None;
    for (index, in_round, start_us) in shown.chain(sold).chain(sold_earlier) {
        let Some(proof) = reached.proof(start_us, in_round, index) else { continue };
        operations.push(index);
        let other = proof.operation.filter(|other| *other != index);
        if shown_by.is_none_or(|(_, needed): (_, Option<_>)| needed.is_some() && other.is_none()) {
            shown_by = Some((index, other));
        }
    }
    let operations = sorted(operations.into_iter());
    let shown_by = shown_by.map(|(index, other)| sorted([index].into_iter().chain(other)));
    let (seat, stale_row) = (register.seat, stale_row(register, &reached));
    let sentence = if operations.is_empty() {
        format!("The seats table shows an earlier round of seat {seat} than the one that had been opened.")
    } else {
        let who = buyers(operations.len() as u64);
        format!("{who} met seat {seat} in a round that was over: a later one had been opened.")
    };
    let operations = if operations.is_empty() { stale_row.clone().unwrap_or_default() } else { operations };
    let shown_by = shown_by.into_iter().chain(stale_row).min_by_key(Vec::len)?;
    Some(Finding { rule: Rule::StaleRound, seat, tickets, operations, shown_by, sentence })
}

/// Whether the seats table shows a round that was over, and who shows that it was: nobody if it is one before the run's.
fn stale_row(register: &Register<'_>, reached: &Reached) -> Option<Vec<usize>> {
    let at_the_end = reached.at_the_end();
    let shown = register.seat_rows().map(|row| row.round).min()?;
    let by = if shown < register.round { None } else { at_the_end.operation };
    (shown < at_the_end.round).then(|| by.into_iter().collect())
}

/// Which round is known to have been open by when.
pub(crate) struct Reached {
    opened: Known,
    /// By anybody's answer: times and rounds rising.
    all: Vec<Known>,
    /// By each operation's own answers, in the order of operations: of one, times and rounds rising.
    own: Vec<Known>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Known {
    by_us: u64,
    round: Round,
    /// Who saw it; `None` is the opening itself.
    pub operation: Option<usize>,
}

impl Reached {
    pub(crate) fn of(register: &Register<'_>, sales: &Sales<'_>) -> Self {
        let round = register.round;
        let known = |by_us, round, operation| Known { by_us, round, operation };
        let reads =
            reads(register).map(|(index, read)| known(register.clock.latest(read.end_us), read.round, Some(index)));
        let sold = sales.iter().map(|sale| known(sale.end_us, round, sale.operation));
        let opened = known(register.opened.1, round, None);
        let mut all: Vec<_> = reads.chain(sold).chain([opened]).collect();
        let mut own = all.clone();
        all.sort_unstable();
        own.sort_unstable_by_key(|known| (known.operation, known.by_us, known.round));
        let mut highest = 0;
        all.retain(|known| {
            let higher = known.round > highest;
            highest = highest.max(known.round);
            higher
        });
        own.dedup_by(|later, before| later.operation == before.operation && later.round <= before.round);
        Self { opened, all, own }
    }

    /// What is known at the end: the highest round open when every operation had ended.
    fn at_the_end(&self) -> Known {
        self.all.last().copied().unwrap_or(self.opened)
    }

    /// What shows that a round after `round` was open strictly before `us`: the opening, or the answers that `operation`
    /// got itself, or else somebody's.
    pub(crate) fn proof(&self, us: u64, round: Round, operation: usize) -> Option<Known> {
        let own = self.own.partition_point(|known| (known.operation, known.by_us) < (Some(operation), us));
        let own = own.checked_sub(1).map(|at| self.own[at]).filter(|known| known.operation == Some(operation));
        let all = self.all.partition_point(|known| known.by_us < us);
        let all = all.checked_sub(1).map(|at| self.all[at]);
        let proofs = [Some(self.opened).filter(|opened| opened.by_us < us), own, all];
        proofs.into_iter().flatten().find(|known| known.round > round)
    }
}

/// Every read of the seat, with its operation.
fn reads<'a>(register: &Register<'a>) -> impl Iterator<Item = (usize, &'a Read)> + use<'a> {
    register.operations().flat_map(|(index, op)| op.reads.iter().map(move |read| (index, read)))
}
