//! The control that is wrong is caught.

use crate::house::{Ended, Scenario, each, is_replay, percent};
use crate::told::falsehoods;
use onsale::{Outcome, Scoreboard};
use witness::{Rule, judge_run, reconcile};

/// Sixty buyers with a think time of 20 ms: at least 99 of 100 bursts.
#[test]
fn a_burst_of_sixty_is_caught() {
    let look = |ended: &Ended| {
        sound(ended)?;
        let verdict = judge_run(&ended.run);
        let board = Scoreboard::of(&ended.run);
        let named = verdict.findings.iter().any(|finding| finding.rule == Rule::DoubleSell);
        if named != (board.oversold > 0) || verdict.double_sells != board.oversold {
            return Err(format!("{} are oversold, and the witness says {}", board.oversold, verdict.verdict));
        }
        Ok((named, board.oversold))
    };
    let seen = each("a_burst_of_sixty_is_caught", 1_000, |seed| Scenario::sixty(seed).last_writer_wins(), look);
    let (caught, mut oversold): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    oversold.sort_unstable();
    println!("caught in {:.1} %, oversold {} in the median", percent(&caught), oversold[oversold.len() / 2]);
    assert!(is_replay() || percent(&caught) >= 99.0, "caught in {:.1} %", percent(&caught));
}

/// Any burst or rush: whenever a seat was sold twice the witness says so, and every buyer was told what happened.
#[test]
fn whatever_is_sold_twice_is_found() {
    let look = |ended: &Ended| {
        sound(ended)?;
        let (verdict, board) = (judge_run(&ended.run), Scoreboard::of(&ended.run));
        if verdict.double_sells != board.oversold || board.oversold > 0 && !verdict.verdict.is_violated() {
            return Err(format!("{} are oversold, and the witness says {}", board.oversold, verdict.verdict));
        }
        Ok(verdict.verdict.is_violated())
    };
    let caught = each("whatever_is_sold_twice_is_found", 3_000, |seed| Scenario::any(seed).last_writer_wins(), look);
    println!("of all bursts and rushes, {:.1} % are violated", percent(&caught));
    assert!(is_replay() || percent(&caught) > 75.0);
}

/// Wrong as it is, it keeps its books: the ledger holds exactly what was told, lag or no lag, and both offices agree.
fn sound(ended: &Ended) -> Result<(), String> {
    let Ended { run, counts, later } = ended;
    let mut wrong = falsehoods(run, &run.ledger);
    wrong.extend(falsehoods(run, later));
    let reconciled = reconcile(run, Some(counts));
    if !wrong.is_empty() || !reconciled.is_reconciled() {
        return Err(format!("{wrong:#?} {reconciled:#?}"));
    }
    let unsure = run.operations.iter().filter(|op| matches!(op.outcome, Outcome::Unknown | Outcome::Error)).count();
    if unsure == 0 { Ok(()) } else { Err(format!("{unsure} buyers were told neither yes nor no")) }
}
