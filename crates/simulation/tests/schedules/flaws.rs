//! The right control, broken on purpose in one place at a time: each break is caught, and by the check it is for.

use crate::house::{Ended, Scenario, each, is_replay, percent};
use crate::serialisable::losses;
use crate::told::falsehoods;
use simulation::{ConflictAt, Flaw, LostCommits};
use witness::{Rule, judge_run};

#[test]
fn no_conflicts_sell_twice() {
    for conflict_at in [ConflictAt::Commit, ConflictAt::Write] {
        let caught = each(
            "no_conflicts_sell_twice",
            300,
            |seed| Scenario::sixty(seed).serialisable(conflict_at, LostCommits::default(), Some(Flaw::Unchecked)),
            |ended| Ok(breaks(ended, &[Rule::DoubleSell])),
        );
        at_least("no_conflicts_sell_twice", 99.0, &caught);
    }
}

/// Without looking the ticket up, a buyer whose COMMIT was carried out and lost is told "sold" later.
#[test]
fn doubts_unsettled_tell_buyers_no() {
    let play = |seed| Scenario::sixty(seed).serialisable(ConflictAt::Commit, HALF_LOST, Some(Flaw::Forgetful));
    let caught = each("doubts_unsettled_tell_buyers_no", 300, play, |ended| {
        let told = falsehoods(&ended.run, &ended.run.ledger);
        let lied = told.iter().any(|wrong| wrong.contains("was told no and was sold a seat"));
        let phantom = breaks(ended, &[Rule::Phantom]);
        if lied == phantom { Ok(lied) } else { Err(format!("told: {told:?}, but phantom: {phantom}")) }
    });
    at_least("doubts_unsettled_tell_buyers_no", 40.0, &caught);
}

/// A COMMIT that lands late and unchecked undoes what was told, during the run or after it.
#[test]
fn commits_unfenced_land_behind_the_answer() {
    let play = |seed| Scenario::any(seed).serialisable(ConflictAt::Commit, losses(seed), Some(Flaw::Unfenced));
    let caught = each("commits_unfenced_land_behind_the_answer", 300, play, |ended| {
        Ok(!falsehoods(&ended.run, &ended.later).is_empty() || judge_run(&ended.run).verdict.is_violated())
    });
    at_least("commits_unfenced_land_behind_the_answer", 50.0, &caught);
}

/// Nothing is sold twice here, and the count alone would be content: the rules about time are not.
#[test]
fn old_snapshots_show_what_is_past() {
    let ten = |seed| Scenario { buyers: 10, ..Scenario::sixty(seed) };
    let play = |seed| ten(seed).serialisable(ConflictAt::Commit, LostCommits::default(), Some(Flaw::OldSnapshots));
    let caught = each("old_snapshots_show_what_is_past", 30, play, |ended| {
        let double = breaks(ended, &[Rule::DoubleSell]) || !falsehoods(&ended.run, &ended.later).is_empty();
        if double {
            Err("somebody was told what is not true".to_owned())
        } else {
            Ok(breaks(ended, &[Rule::StaleAvailable]))
        }
    });
    at_least("old_snapshots_show_what_is_past", 99.0, &caught);
}

#[test]
fn sales_unrecorded_are_missed() {
    let lost = LostCommits::default();
    let play = |seed| Scenario::sixty(seed).serialisable(ConflictAt::Commit, lost, Some(Flaw::Unrecorded));
    let caught = each("sales_unrecorded_are_missed", 300, play, |ended| {
        Ok(breaks(ended, &[Rule::LostSale]) && !falsehoods(&ended.run, &ended.run.ledger).is_empty())
    });
    at_least("sales_unrecorded_are_missed", 99.0, &caught);
}

/// Every second COMMIT is carried out without an answer.
const HALF_LOST: LostCommits = LostCommits { before_percent: 0, after_percent: 50, late_percent: 0 };

/// Whether the witness names one of the rules.
fn breaks(ended: &Ended, rules: &[Rule]) -> bool {
    judge_run(&ended.run).findings.iter().any(|finding| rules.contains(&finding.rule))
}

fn at_least(test: &str, least: f64, caught: &[bool]) {
    println!("{test}: caught in {:.1} %", percent(caught));
    assert!(is_replay() || percent(caught) >= least, "{test}: caught in {:.1} % only", percent(caught));
}
