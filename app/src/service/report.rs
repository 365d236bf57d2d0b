//! From a run to what a page and a client are shown. Nothing is decided here: the numbers are the scoreboard's, the
//! verdicts the witness's.

use crate::api::{
    BreakItAnswer, BurstEvent, Fate, FocusAnswer, JudgedBursts, PurchaseAnswer, RunReport, ViolationAnswer,
    WitnessAnswer,
};
use crate::island::card::Card;
use evidence::Claims;
use onsale::{Backend, Operation, Outcome, RoundCount, Run, Scoreboard, SeatRow, Ticket};
use witness::{RunVerdict, Verdict};

/// How many tickets a report names.
const TICKETS_NAMED: usize = 100;

/// The report of `run`. `counts` has the ledger's counts of its rounds, asked of the database and not of the run.
pub fn run_report(run: &Run, counts: Option<&[RoundCount]>, stored: bool) -> RunReport {
    let mut verdict = witness::judge_run(run);
    verdict.reconciliation = witness::reconcile(run, counts);
    let words = witness::explain_run(run, &verdict);
    let mut report = RunReport {
        run: run.id.clone(),
        began_at_ms: run.began_at_ms,
        plan: run.plan.clone(),
        engine: run.engine.clone(),
        round: run.round(),
        fates: (0..).zip(&run.operations).map(|(index, op)| Fate { index, outcome: op.outcome }).collect(),
        scoreboard: Scoreboard::of(run),
        verdict,
        words,
        tickets: run.ledger.iter().take(TICKETS_NAMED).map(|sale| sale.ticket.clone()).collect(),
        stored,
        card: Card::default(),
    };
    report.card = crate::words::card(&report);
    report
}

/// What this deployment claims of `run` from now on.
pub fn claims(run: &Run, verdict: &RunVerdict) -> Claims {
    Claims { reconciled: Some(verdict.reconciliation.is_reconciled()), ..Claims::of(run, verdict) }
}

/// A finished run as the stream of its burst told it; for a watcher who has `seen` a part, its report, which has all.
pub fn story(report: RunReport, seen: Option<usize>) -> Vec<BurstEvent> {
    if seen.is_some() {
        return vec![BurstEvent::Report(Box::new(report))];
    }
    let (plan, engine, round) = (report.plan.clone(), report.engine.clone(), report.round);
    let (fates, ms) = (report.fates.clone(), report.scoreboard.duration_ms);
    vec![
        BurstEvent::Ready { plan, engine, round },
        BurstEvent::Fates { fates, ms },
        BurstEvent::Report(Box::new(report)),
    ]
}

/// The recorded API's answer to a burst.
pub fn break_it_answer(run: &Run) -> BreakItAnswer {
    let scoreboard = Scoreboard::of(run);
    let judged = witness::judge_run(run).verdict;
    let mut verdict = if run.plan.seats.len() == 1 {
        witness::verdict_sentence(run.plan.seat(), &scoreboard, run.plan.regions.len())
    } else {
        // The original's sentence is about one seat.
        let words = witness::explain_run(run, &witness::judge_run(run));
        format!(
            "oversold = {} — {} seats: {} {}",
            scoreboard.oversold,
            run.plan.seats.len(),
            words.headline,
            words.sentence
        )
    };
    // The sentence counts; where the witness says more than the count does, it has the last word.
    if scoreboard.oversold == 0 && judged != Verdict::Linearizable {
        verdict = format!("{verdict} The witness does not agree that all is well: {judged}.");
    }
    BreakItAnswer {
        backend: run.plan.backend,
        seat: run.plan.seat(),
        concurrency: run.plan.buyers,
        regions: run.plan.regions.clone(),
        verdict,
        scoreboard,
        think_ms: run.plan.think_ms,
        outcomes: run.operations.iter().map(|op| purchase_answer(None, op)).collect(),
        witness: judged.to_string(),
        run: run.id.clone(),
    }
}

/// What one buyer was told.
pub fn purchase_answer(backend: Option<Backend>, op: &Operation) -> PurchaseAnswer {
    let holds = matches!(op.outcome, Outcome::Confirmed | Outcome::Unknown);
    PurchaseAnswer {
        backend,
        outcome: op.outcome,
        attempts: op.attempts,
        region: op.region.clone(),
        buyer: op.buyer.clone(),
        seat: op.seat,
        ms: op.end_us.saturating_sub(op.start_us) / 1000,
        ticket_id: holds.then(|| op.ticket.clone()),
        reason: op.reason.as_deref().map(str::to_owned),
    }
}

/// The witness's answer on a floor; `tickets` names the holders of a seat and round, as far as they were read.
pub fn witness_answer(
    backend: Backend,
    counts: &[RoundCount],
    focus: Option<&SeatRow>,
    tickets: impl Fn(&RoundCount) -> Vec<Ticket>,
    bursts: Option<JudgedBursts>,
) -> WitnessAnswer {
    let floor = witness::judge_floor(counts);
    let violation = |count: &RoundCount| ViolationAnswer {
        seat_id: count.seat,
        confirmed: count.confirmed,
        round: count.round,
        tickets: tickets(count),
    };
    let focus = focus.map(|row| {
        let confirmed = witness::focus_count(counts, row.seat, row.round).confirmed;
        let shows = u64::from(row.holder.is_some());
        FocusAnswer {
            seat_id: row.seat,
            confirmed,
            oversold: confirmed.saturating_sub(1),
            seat_table_shows: shows,
            hidden: confirmed.saturating_sub(shows),
            round: row.round,
        }
    });
    WitnessAnswer {
        backend,
        linearizable: floor.linearizable,
        double_sells: floor.double_sells,
        seats_checked: floor.seats_checked,
        violations: floor.violations.iter().map(violation).collect(),
        focus,
        verdict: floor.verdict.to_string(),
        explanation: witness::explain_floor(&floor),
        bursts,
    }
}
