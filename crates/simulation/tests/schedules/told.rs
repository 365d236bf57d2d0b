//! What buyers were told, held against the ledger. Knows nothing of the witness.

use onsale::{Operation, Outcome, Run, Sale, Ticket};
use std::collections::BTreeSet;

/// Every buyer who was told what is not true, and every ticket that nobody was told.
pub fn falsehoods(run: &Run, ledger: &[Sale]) -> Vec<String> {
    let sold: BTreeSet<&Ticket> = ledger.iter().map(|sale| &sale.ticket).collect();
    let asked: BTreeSet<&Ticket> = run.operations.iter().map(|op| &op.ticket).collect();
    let told = run.operations.iter().filter_map(|op| match (op.outcome, sold.contains(&op.ticket)) {
        (Outcome::Confirmed, false) => Some(format!("{} was told yes and has no ledger row", op.buyer)),
        (Outcome::Rejected | Outcome::Error, true) => Some(format!("{} was told no and was sold a seat", op.buyer)),
        _ => None,
    });
    let strangers = sold.difference(&asked).map(|ticket| format!("nobody asked for {ticket}"));
    told.chain(strangers).collect()
}

/// Whether an answer to COMMIT was lost and the buyer got an answer all the same: an attempt ended neither in a
/// conflict nor in an answer.
pub fn was_settled(op: &Operation) -> bool {
    op.attempts > op.conflicts + 1 && op.outcome != Outcome::Unknown
}

/// The check can fail.
#[test]
fn a_falsehood_is_noticed() {
    use crate::house::Scenario;
    use simulation::{ConflictAt, LostCommits};

    let run =
        Scenario { buyers: 3, ..Scenario::sixty(1) }.serialisable(ConflictAt::Commit, LostCommits::default(), None).run;
    let ledger = run.ledger.clone();
    assert_eq!((ledger.len(), falsehoods(&run, &ledger)), (1, vec![]));
    let wrong = |run: &Run, ledger: &[Sale]| falsehoods(run, ledger).len();
    assert_eq!(wrong(&run, &[]), 1, "told yes, no row");
    let told = |outcome: fn(Outcome) -> Outcome| {
        let operations = run.operations.iter().cloned();
        Run {
            operations: operations.map(|op| Operation { outcome: outcome(op.outcome), ..op }).collect(),
            ..run.clone()
        }
    };
    assert_eq!(wrong(&told(|_| Outcome::Rejected), &ledger), 1, "told no, a row");
    assert_eq!(wrong(&told(|_| Outcome::Error), &ledger), 1, "told that it failed, a row");
    assert_eq!(wrong(&told(|_| Outcome::Unknown), &ledger), 0, "told nothing");
    let stranger = Sale { ticket: "nobody".parse().unwrap(), ..ledger[0].clone() };
    assert_eq!(wrong(&run, &[ledger[0].clone(), stranger]), 1, "a row that nobody asked for");
}
