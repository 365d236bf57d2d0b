//! The verdict on one recorded run. The crate's front page argues why its rules are the right ones.

use crate::earlier::Purchase;
use crate::records::{Records, Register};
use crate::{Finding, Reconciliation, Verdict, across, books, earlier, glance::Glance, register, rounds, sales::Sales};
use onsale::{Operation, Outcome, Round, Run, Seen};
use serde::{Deserialize, Serialize};

/// Judges a run by everything recorded in it: every seat in the round that the run opened, one by one, and then the seats
/// together. Linear in a run without a fault, O(n log n) in its operations and reads.
///
/// A seat without an opening cannot be judged: what the run did there is a finding ([`crate::Rule::Unopened`]). A seat
/// opened twice in one round is judged by the wider of the two openings; opened in several rounds it was moved by the run
/// itself: each round is judged, answers whose round is not recorded are held against none of them, and without a
/// finding the run is [`Reason::RoundMoved`].
pub fn judge_run(run: &Run) -> RunVerdict {
    let glance = Glance::of(run);
    let records = Records::of(run, &glance);
    let mut findings = Vec::new();
    let mut reconciliation = Reconciliation::default();
    let mut seen = Power { sales: glance.sold, raced: glance.raced, ..Power::default() };
    let (mut unsettled, mut sale_window) = (Vec::new(), glance.sale_window);
    for register in records.registers(run) {
        let sales = Sales::of(&register);
        let earlier = earlier::purchases(&register, &sales);
        books::check(&register, &sales, &earlier, &mut findings);
        sale_window = register::check(&register, &sales, &mut findings);
        rounds::check(&register, &sales, &earlier, &mut findings);
        reconciliation.compare(&register, &sales);
        unsettled.extend(pending(&register, &sales, &earlier));
        seen.add(&register, &sales, !earlier.is_empty());
    }
    across::check(run, &glance, &records, &mut findings);
    reconciliation.close(run, &records);
    reconciliation.oversold = seen.double_sells;
    findings.sort_by_key(|finding| (finding.rule, finding.seat));
    unsettled.sort_unstable();
    unsettled.dedup();

    let sale_window = sale_window.filter(|_| run.openings.len() == 1 && findings.is_empty() && !seen.moved);
    let (verdict, inconclusive_because) = if findings.is_empty() {
        seen.weigh(run, &unsettled)
    } else {
        (Verdict::Violated { double_sells: seen.double_sells }, None)
    };
    RunVerdict {
        verdict,
        double_sells: seen.double_sells,
        findings,
        reconciliation,
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
    /// `Σ max(0, confirmed − 1)` over the run's seats and rounds, counted here from the ledger.
    pub double_sells: u64,
    /// The broken rules, worst first, those of one rule in the order of seats; empty unless violated.
    pub findings: Vec<Finding>,
    /// Whether told and committed agree. The floor's own count was not asked: see [`crate::reconcile()`] for that.
    pub reconciliation: Reconciliation,
    /// Why nothing can be said, if the verdict is [`Verdict::Inconclusive`].
    pub inconclusive_because: Option<Reason>,
    /// Operations with an unknown outcome that the ledger does not settle: their sale may still land.
    pub unsettled: Vec<usize>,
    /// Of a run that opened one seat, if exactly one ticket was sold and nothing else is wrong or was moved: the instants
    /// of the run at which that sale explains every answer, if there are any.
    pub sale_window: Option<Window>,
}

/// Why a run is inconclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The round of one of its seats was not the same for all buyers: another server moved it, or a buyer was sold the
    /// round before while the run was still opening its own.
    RoundMoved,
    /// On no seat did two buyers read "available".
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

/// What the registers of a run say about how much it could have shown.
#[derive(Default)]
struct Power {
    sales: usize,
    double_sells: u64,
    /// Somebody opened one of the seats again, or was sold an earlier round of it.
    moved: bool,
    /// On some seat two buyers read "available".
    raced: bool,
}

impl Power {
    fn add(&mut self, register: &Register<'_>, sales: &Sales<'_>, sold_earlier: bool) {
        self.sales += sales.len();
        self.double_sells += (sales.len() as u64).saturating_sub(1);
        self.moved |= sold_earlier || sales.moved(register);
        self.raced = self.raced || register.operations().filter(|(_, op)| op.contended()).nth(1).is_some();
    }

    /// The verdict on a run without findings. Power comes first: a run that could not have caught a wrong database says
    /// nothing, whatever else is unknown about it. A run that had buyers but no sale is inconclusive, because it is not
    /// an empty history; "No sales recorded yet" is kept for one without buyers.
    ///
    /// A rush raced if two buyers read "available" on one seat at least. Only there could a second sale have come
    /// about, and one such seat is enough to catch a database that sells twice; a seat that nobody raced for adds no
    /// power and takes none away. Anything else is asked of all seats together: one moved round, one unsettled outcome
    /// or one error, and the run is not the test that was asked for.
    fn weigh(&self, run: &Run, unsettled: &[usize]) -> (Verdict, Option<Reason>) {
        let inconclusive = |reason| (Verdict::Inconclusive, Some(reason));
        let ops = &run.operations;
        let answered = ops.iter().any(|op| matches!(op.outcome, Outcome::Confirmed | Outcome::Rejected));
        if self.moved {
            inconclusive(Reason::RoundMoved)
        } else if ops.is_empty() && self.sales == 0 {
            (Verdict::NoSales, None)
        } else if !self.raced {
            inconclusive(if answered || ops.is_empty() { Reason::NobodyRaced } else { Reason::NobodyAnswered })
        } else if !unsettled.is_empty() {
            (Verdict::Unknown, None)
        } else if !answered {
            inconclusive(Reason::NobodyAnswered)
        } else if ops.iter().any(|op| op.outcome == Outcome::Error) {
            inconclusive(Reason::SomeErrors)
        } else if self.sales == 0 {
            // What they were told as sold was an earlier round.
            inconclusive(Reason::RoundMoved)
        } else {
            (Verdict::Linearizable, None)
        }
    }
}

/// The unknown outcomes that may still turn into a sale of this round, or of an earlier one. A buyer whose reads are on
/// record and never showed the seat as available wrote nothing.
fn pending(register: &Register<'_>, sales: &Sales<'_>, earlier: &[Purchase<'_>]) -> impl Iterator<Item = usize> {
    let of_round = |round: Round| {
        round == register.round || round < register.round && register.is_first() && !register.opens(round)
    };
    let may_have_written = move |op: &Operation| {
        op.reads.is_empty() || op.reads.iter().any(|read| of_round(read.round) && read.seen == Seen::Available)
    };
    let is_settled = move |index: usize, op: &Operation| {
        sales.find(&op.ticket).is_some() || earlier.binary_search_by_key(&index, |sale| sale.operation).is_ok()
    };
    let told = sales.told(Outcome::Unknown);
    told.filter(move |(index, op)| may_have_written(op) && !is_settled(*index, op)).map(|(index, _)| index)
}
