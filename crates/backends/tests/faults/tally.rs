//! What people were told, held against the ledger.

use crate::common::{self, order, seat};
use onsale::{Failure, FloorId, Operation, Outcome, Ticket};
use std::{collections::BTreeSet, fmt};

/// What people were told, held against the ledger.
#[derive(Default)]
pub struct Tally {
    pub purchases: usize,
    pub confirmed: usize,
    pub rejected: usize,
    pub errors: usize,
    pub unknown: usize,
    /// Of the unknown ones, how many are in the ledger: it settles each of them.
    pub unknown_sold: usize,
    /// Buyers whose COMMIT was lost and who were told the truth all the same.
    pub settled: usize,
    /// Who was told what is not true, and tickets nobody was told.
    pub wrong: Vec<String>,
}

impl Tally {
    pub fn of(told: &[Operation], ledger: &BTreeSet<Ticket>) -> Self {
        let count = |outcome| told.iter().filter(|op| op.outcome == outcome).count();
        let sold = |op: &&Operation| ledger.contains(&op.ticket);
        let false_report = |op: &&Operation| match op.outcome {
            Outcome::Confirmed => !sold(op),
            Outcome::Rejected | Outcome::Error => sold(op),
            Outcome::Unknown => false,
        };
        let mut wrong: Vec<_> = told.iter().filter(false_report).map(|op| format!("{op:?}")).collect();
        let known: BTreeSet<_> = told.iter().map(|op| &op.ticket).collect();
        wrong.extend(ledger.iter().filter(|ticket| !known.contains(ticket)).map(|ticket| format!("phantom {ticket}")));
        // Every attempt but the last ended in a conflict or left a doubt.
        let doubted = |op: &&Operation| op.attempts > op.conflicts + 1;
        Self {
            purchases: told.len(),
            confirmed: count(Outcome::Confirmed),
            rejected: count(Outcome::Rejected),
            errors: count(Outcome::Error),
            unknown: count(Outcome::Unknown),
            unknown_sold: told.iter().filter(|op| op.outcome == Outcome::Unknown).filter(sold).count(),
            settled: told.iter().filter(doubted).filter(|op| op.outcome != Outcome::Unknown).count(),
            wrong,
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.purchases += other.purchases;
        self.confirmed += other.confirmed;
        self.rejected += other.rejected;
        self.errors += other.errors;
        self.unknown += other.unknown;
        self.unknown_sold += other.unknown_sold;
        self.settled += other.settled;
        self.wrong.extend(other.wrong);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { purchases, confirmed, rejected, errors, unknown, unknown_sold, settled, wrong } = self;
        write!(f, "{purchases} purchases: {confirmed} confirmed, {rejected} rejected, {errors} errors, ")?;
        write!(f, "{unknown} unknown ({unknown_sold} of them sold), {settled} doubts settled, ")?;
        write!(f, "{} wrongly reported", wrong.len())
    }
}

pub fn check(told: &[Operation], ledger: &BTreeSet<Ticket>) -> Tally {
    let tally = Tally::of(told, ledger);
    assert_eq!(tally.wrong, Vec::<String>::new());
    assert_eq!(tally.confirmed + tally.rejected + tally.errors + tally.unknown, tally.purchases);
    tally
}

/// The error says which database is away.
pub fn assert_names_the_database(failure: &Failure) {
    assert!(matches!(failure, Failure::Unavailable { database: common::NAME, .. }), "{failure:?}");
    assert!(failure.to_string().starts_with("PostgreSQL is not available: "), "{failure}");
}

/// The check can fail.
#[test]
fn a_false_report_would_be_noticed() {
    let op = |n: u128, outcome| {
        let wish = order(&FloorId::main(), seat("A1"), "ada", 0);
        Operation {
            buyer: wish.buyer,
            region: wish.region,
            seat: wish.seat,
            ticket: Ticket::from_random(n),
            start_us: 0,
            connected_us: None,
            end_us: 1,
            attempts: 1,
            conflicts: 0,
            schema_conflicts: 0,
            reads: onsale::Reads::new(),
            outcome,
            reason: None,
        }
    };
    let ledger = |tickets: &[u128]| tickets.iter().map(|n| Ticket::from_random(*n)).collect::<BTreeSet<_>>();
    let wrong = |told: &[Operation], tickets: &[u128]| Tally::of(told, &ledger(tickets)).wrong.len();
    let good = [op(1, Outcome::Confirmed), op(2, Outcome::Rejected), op(3, Outcome::Error), op(4, Outcome::Unknown)];
    assert_eq!(wrong(&good, &[1]), 0);
    assert_eq!(wrong(&good, &[1, 4]), 0, "unknown, and it happened");
    assert_eq!(wrong(&good, &[]), 1, "told confirmed, not in the ledger");
    assert_eq!(wrong(&good, &[1, 2]), 1, "told rejected, in the ledger");
    assert_eq!(wrong(&good, &[1, 3]), 1, "told error, in the ledger");
    assert_eq!(wrong(&good, &[1, 9]), 1, "a phantom");
    let tally = Tally::of(&good, &ledger(&[1, 4]));
    assert_eq!((tally.purchases, tally.unknown, tally.unknown_sold, tally.settled), (4, 1, 1, 0));
    let looked = Operation { attempts: 3, conflicts: 1, schema_conflicts: 0, ..op(1, Outcome::Confirmed) };
    assert_eq!(Tally::of(&[looked], &ledger(&[1])).settled, 1);
}
