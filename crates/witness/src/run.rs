//! The verdict on one recorded run. The crate's front page argues why its rules are the right ones.

use crate::{Finding, Reconciliation, Verdict, books, reconcile, register, rounds, sales::Sales};
use onsale::{Operation, Outcome, Run, Seen};
use serde::{Deserialize, Serialize};

/// Judges a run by everything recorded in it. O(n log n) in its operations and reads.
pub fn judge_run(run: &Run) -> RunVerdict {
    let sales = Sales::of(run);
    let mut findings = Vec::new();
    books::check(run, &sales, &mut findings);
    let sale_window = register::check(run, &sales, &mut findings);
    rounds::check(run, &sales, &mut findings);
    findings.sort_by_key(|finding| finding.rule);

    let double_sells = (sales.len() as u64).saturating_sub(1);
    let unsettled = unsettled(run, &sales);
    let (verdict, inconclusive_because) =
        if findings.is_empty() { weigh(run, &sales, &unsettled) } else { (Verdict::Violated { double_sells }, None) };
    RunVerdict {
        verdict,
        double_sells,
        findings,
        reconciliation: reconcile::compare(run, &sales, None),
        inconclusive_because,
        unsettled,
        sale_window,
    }
}

/// What the witness says of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunVerdict {
    /// In a word.
    pub verdict: Verdict,
    /// `max(0, confirmed − 1)` of the run's seat and round, counted here from the ledger.
    pub double_sells: u64,
    /// The broken rules, worst first; empty unless violated.
    pub findings: Vec<Finding>,
    /// Whether told and committed agree. The floor's own count was not asked: see [`crate::reconcile()`] for that.
    pub reconciliation: Reconciliation,
    /// Why nothing can be said, if the verdict is [`Verdict::Inconclusive`].
    pub inconclusive_because: Option<Reason>,
    /// Operations with an unknown outcome that the ledger does not settle: their sale may still land.
    pub unsettled: Vec<usize>,
    /// If exactly one ticket was sold: the instants at which that sale explains every answer, if there are any.
    pub sale_window: Option<Window>,
}

/// Why a run is inconclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its round was moved under it by another server.
    RoundMoved,
    /// Fewer than two buyers read "available".
    NobodyRaced,
    /// Not one buyer was told "confirmed" or "sold".
    NobodyAnswered,
    /// Some buyers met an error: they did not take part, and an error is never green.
    SomeErrors,
}

/// Instants, in microseconds of the run's clock, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// The first.
    pub from_us: u64,
    /// The last.
    pub to_us: u64,
}

/// The verdict on a run without findings. Power comes first: a run that could not have caught a wrong database says
/// nothing, whatever else is unknown about it. A run that had buyers but no sale is inconclusive, because it is not an
/// empty history; "No sales recorded yet" is kept for one without buyers.
fn weigh(run: &Run, sales: &Sales<'_>, unsettled: &[usize]) -> (Verdict, Option<Reason>) {
    let inconclusive = |reason| (Verdict::Inconclusive, Some(reason));
    let answered = run.operations.iter().any(|op| matches!(op.outcome, Outcome::Confirmed | Outcome::Rejected));
    let contenders = run.operations.iter().filter(|op| op.contended()).take(2).count();
    if sales.moved(run) {
        inconclusive(Reason::RoundMoved)
    } else if run.operations.is_empty() && sales.len() == 0 {
        (Verdict::NoSales, None)
    } else if contenders < 2 {
        inconclusive(if answered || run.operations.is_empty() { Reason::NobodyRaced } else { Reason::NobodyAnswered })
    } else if !unsettled.is_empty() {
        (Verdict::Unknown, None)
    } else if !answered || sales.len() == 0 {
        inconclusive(Reason::NobodyAnswered)
    } else if run.operations.iter().any(|op| op.outcome == Outcome::Error) {
        inconclusive(Reason::SomeErrors)
    } else {
        (Verdict::Linearizable, None)
    }
}

/// The unknown outcomes that may still turn into a sale of this round. A buyer whose reads are on record and never
/// showed the round as available wrote nothing.
fn unsettled(run: &Run, sales: &Sales<'_>) -> Vec<usize> {
    let may_have_written = |op: &Operation| {
        op.reads.is_empty()
            || op.reads.iter().any(|read| read.round == run.opening.round && read.seen == Seen::Available)
    };
    let pending =
        |op: &Operation| op.outcome == Outcome::Unknown && may_have_written(op) && sales.find(&op.ticket).is_none();
    run.operations.iter().enumerate().filter(|(_, op)| pending(op)).map(|(index, _)| index).collect()
}
