//! The control that is right is never called wrong.

use crate::house::{Ended, Scenario, each, is_replay, percent};
use crate::told::{falsehoods, was_settled};
use onsale::{Outcome, Scoreboard};
use simulation::{ConflictAt, LostCommits};
use witness::{Verdict, judge_run, reconcile};

/// With conflicts told as Aurora DSQL tells them.
#[test]
fn first_committer_wins() {
    never_violated("first_committer_wins", ConflictAt::Commit);
}

/// With conflicts told as PostgreSQL tells them.
#[test]
fn first_writer_wins() {
    never_violated("first_writer_wins", ConflictAt::Write);
}

#[test]
fn answers_are_lost() {
    doubts_are_settled("answers_are_lost", ConflictAt::Commit);
}

#[test]
fn answers_are_lost_under_row_locks() {
    doubts_are_settled("answers_are_lost_under_row_locks", ConflictAt::Write);
}

/// No COMMIT ever arrives: whoever read "available" stays in doubt to the end, and the witness says so.
#[test]
fn what_stays_unknown_is_called_unknown() {
    let lost = LostCommits { before_percent: 100, ..LostCommits::default() };
    let play = |seed| Scenario { seats: 1, ..Scenario::any(seed) }.serialisable(ConflictAt::Commit, lost, None);
    each("what_stays_unknown_is_called_unknown", 30, play, |ended| {
        right(ended)?;
        let unknown = ended.run.operations.iter().filter(|op| op.outcome == Outcome::Unknown).count();
        let verdict = judge_run(&ended.run).verdict;
        let told = unknown == ended.run.operations.len() && ended.later.is_empty() && verdict == Verdict::Unknown;
        if told { Ok(()) } else { Err(format!("{unknown} are unknown and the verdict is {verdict}")) }
    });
}

/// 3,000 bursts and rushes without a violation, of which most could have shown one.
fn never_violated(test: &str, conflict_at: ConflictAt) {
    let play = |seed| Scenario::any(seed).serialisable(conflict_at, LostCommits::default(), None);
    let seen = each(test, 3_000, play, |ended| {
        let verdict = right(ended)?;
        match verdict {
            Verdict::Linearizable | Verdict::Inconclusive => {
                Ok((verdict == Verdict::Linearizable, Scoreboard::of(&ended.run).conflicts > 0))
            }
            other => Err(format!("the verdict is {other}")),
        }
    });
    let (judged, raced): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    println!("{test}: {:.1} % linearizable, {:.1} % with conflicts", percent(&judged), percent(&raced));
    // The others are rushes so wide, or pools so narrow, that no two buyers met.
    assert!(is_replay() || percent(&judged) > 75.0 && percent(&raced) > 75.0);
}

/// 3,000 more in which COMMITs are lost in every way. Nobody is told what is not true, then or later.
fn doubts_are_settled(test: &str, conflict_at: ConflictAt) {
    let play = |seed| Scenario::any(seed).serialisable(conflict_at, losses(seed), None);
    let settled = each(test, 3_000, play, |ended| {
        right(ended)?;
        let of = |outcome| ended.run.operations.iter().filter(|op| was_settled(op) && op.outcome == outcome).count();
        Ok([of(Outcome::Confirmed), of(Outcome::Rejected)])
    });
    let [yes, no] = [0, 1].map(|which| settled.iter().map(|settled| settled[which]).sum::<usize>());
    println!("{test}: of the buyers in doubt {yes} turned out sold, {no} not");
    assert!(is_replay() || yes > settled.len() / 4 && no > settled.len() / 4);
}

/// Up to 30 of a hundred COMMITs lost in each of the three ways.
pub fn losses(seed: u64) -> LostCommits {
    let mut rng = fastrand::Rng::with_seed(!seed);
    let mut some = || rng.u64(0..=30);
    LostCommits { before_percent: some(), after_percent: some(), late_percent: some() }
}

/// The verdict, if nothing about the schedule is wrong.
fn right(ended: &Ended) -> Result<Verdict, String> {
    let Ended { run, counts, later } = ended;
    let board = Scoreboard::of(run);
    let told = board.app_believed + board.rejected + board.errors + board.unknown;
    if told != u64::from(run.plan.buyers) || run.operations.len() as u64 != told {
        return Err(format!("{told} of {} buyers were told something", run.plan.buyers));
    }
    let verdict = judge_run(run);
    if verdict.verdict.is_violated() || board.oversold > 0 {
        return Err(format!("{}: {:#?}", verdict.verdict, verdict.findings));
    }
    for ledger in [&run.ledger, later] {
        let wrong = falsehoods(run, ledger);
        if !wrong.is_empty() {
            return Err(format!("{wrong:#?}"));
        }
    }
    if counts.iter().any(|count| count.confirmed > 1) || counts.len() != run.ledger.len() {
        return Err(format!("the office counts {counts:?}, the ledger holds {:#?}", run.ledger));
    }
    let reconciled = reconcile(run, Some(counts));
    if !reconciled.is_reconciled() {
        return Err(format!("{reconciled:#?}"));
    }
    Ok(verdict.verdict)
}
