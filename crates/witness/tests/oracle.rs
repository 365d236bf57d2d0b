//! The witness against brute force: they agree on every small history and on many random larger ones.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;
#[path = "common/oracle.rs"]
mod search;

use common::{ROUND, build, name, sale, seat_row};
use onsale::{Operation, Outcome, Read, Run, Seen};
use search::is_linearizable;
use witness::judge_run;

fn agree(run: &Run) {
    let verdict = judge_run(run);
    assert_eq!(!verdict.verdict.is_violated(), is_linearizable(run), "{:?}\n{}", verdict.findings, common::text(run));
    if verdict.findings.is_empty() {
        assert_eq!(
            verdict.sale_window.is_some(),
            verdict.double_sells == 0 && !run.ledger.is_empty(),
            "{}",
            common::text(run)
        );
    }
}

/// A splitmix64 generator: a seed printed is a history replayed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn interval(&mut self, from: u64, to: u64) -> (u64, u64) {
        let (a, b) = (from + self.below(to - from + 1), from + self.below(to - from + 1));
        (a.min(b), a.max(b))
    }

    fn operation(&mut self, ticket: &str, tickets: &[&str], last_us: u64) -> Operation {
        let (start_us, end_us) = self.interval(0, last_us);
        let outcome = [Outcome::Confirmed, Outcome::Rejected, Outcome::Error, Outcome::Unknown]
            [[0, 0, 1, 1, 1, 2, 3][usize::try_from(self.below(7)).unwrap()]];
        let mut from_us = start_us;
        let reads = (0..self.below(3))
            .map(|_| {
                let (start_us, end_us) = self.interval(from_us, end_us);
                from_us = end_us;
                let round = if self.one_in(12) { ROUND - 1 + 2 * u32::from(self.one_in(3)) } else { ROUND };
                let holder = tickets[usize::try_from(self.below(tickets.len() as u64)).unwrap()];
                let seen = if self.one_in(2) { Seen::Available } else { Seen::Sold(name(holder)) };
                Read { start_us, end_us, round, seen }
            })
            .collect();
        Operation { start_us, end_us, outcome, reads, ..common::operation(&format!("{ticket} 0-0 error")) }
    }

    /// Mostly plausible: few tickets in the ledger, so that both verdicts come up often.
    fn run(&mut self, operations_max: u64) -> Run {
        const TICKETS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let n = usize::try_from(1 + self.below(operations_max)).unwrap();
        let last_us = 3 + self.below(12);
        let named = &TICKETS[..n.min(2)];
        let operations: Vec<_> = TICKETS[..n].iter().map(|ticket| self.operation(ticket, named, last_us)).collect();
        let opening = if self.one_in(3) { self.interval(0, 4) } else { (0, 0) };
        let ledger = match self.below(8) {
            0..4 => None,
            4 => Some(vec![]),
            5 => Some(vec![sale("a")]),
            6 => Some(vec![sale(["x*", "x", "b"][usize::try_from(self.below(3)).unwrap()])]),
            _ => Some(vec![sale("a"), sale("b")]),
        };
        let rows = (!self.one_in(2)).then(|| {
            let rows = ["a", "b", "-", "-@5", "-@7"];
            let n = usize::try_from(self.below(3)).unwrap();
            (0..n).map(|_| seat_row(rows[usize::try_from(self.below(5)).unwrap()])).collect()
        });
        build(operations, opening, ledger, rows)
    }
}

/// How many random histories: `WITNESS_HISTORIES` says, or enough for a second or two.
fn histories() -> u64 {
    std::env::var("WITNESS_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000)
}

#[test]
fn random_histories_up_to_six_operations() {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..histories() {
        let run = Random(seed).run(6);
        agree(&run);
        *if is_linearizable(&run) { &mut good } else { &mut bad } += 1;
    }
    assert!(good > histories() / 50 && bad > histories() / 50, "too one-sided to prove much: {good} good, {bad} bad");
}

/// Everything that up to `n` one-event operations can do, in every order: an order of `n` intervals by "ends before the
/// other starts" can always be written with the whole numbers below `n` as end points.
fn every_history(n: usize, with_opening: bool) -> u64 {
    let points = (n + usize::from(with_opening)) as u64;
    let intervals: Vec<_> = (0..points).flat_map(|start| (start..points).map(move |end| (start, end))).collect();
    let kinds = ["confirmed", "unknown", "rejected", "free", "sold", "older"];
    let shapes = intervals.len() * kinds.len();
    let openings = if with_opening { intervals.clone() } else { vec![(0, 0)] };
    let mut checked = 0;
    for choice in 0..shapes.pow(u32::try_from(n).unwrap()) {
        let picked: Vec<_> = (0..n).map(|at| choice / shapes.pow(u32::try_from(at).unwrap()) % shapes).collect();
        // The order in which operations are listed does not matter, except that "sold" names the first.
        if !picked[1..].is_sorted() {
            continue;
        }
        let operations: Vec<_> = picked
            .iter()
            .zip(["a", "b", "c", "d"])
            .map(|(&shape, ticket)| {
                one_event(ticket, kinds[shape / intervals.len()], intervals[shape % intervals.len()])
            })
            .collect();
        for &opening in &openings {
            for ledger in ["", "a", "b", "x*", "a b"] {
                let ledger = ledger.split_whitespace().map(sale).collect();
                agree(&build(operations.clone(), opening, Some(ledger), Some(vec![])));
                checked += 1;
            }
        }
    }
    checked
}

fn one_event(ticket: &str, kind: &str, (from, to): (u64, u64)) -> Operation {
    common::operation(&match kind {
        "free" => format!("{ticket} {from}-{to} error free{from}-{to}"),
        "sold" => format!("{ticket} {from}-{to} error sold{from}-{to}=a"),
        "older" => format!("{ticket} {from}-{to} error free{from}-{to}@5"),
        outcome => format!("{ticket} {from}-{to} {outcome}"),
    })
}

#[test]
fn every_history_of_two_operations_and_an_opening() {
    assert!(every_history(1, true) > 0);
    assert!(every_history(2, true) > 10_000);
}

#[test]
fn every_history_of_three_operations() {
    assert!(every_history(3, false) > 50_000);
}

#[test]
#[ignore = "minutes: cargo test --release -p witness --test oracle -- --ignored"]
fn every_history_of_three_operations_and_an_opening() {
    every_history(3, true);
}
