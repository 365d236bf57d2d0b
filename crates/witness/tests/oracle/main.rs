//! The witness against brute force: they agree on every small history and on many random larger ones.
//!
//! Of a run with one sale both ends of the printed window are pinned and searched, and what lies beyond them; of a
//! violated one the evidence must be enough, and no more than that. Stamps tie, clocks differ, and some buyers are still
//! buying the round before.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

#[path = "../common/mod.rs"]
mod common;
mod every;
mod evidence;
mod random;
mod search;

use every::Every;
use onsale::{Outcome, Run};
use random::Random;
use search::{is_linearizable, is_linearizable_at, is_linearizable_the_long_way};
use std::time::Instant;
use witness::{Reason, RunVerdict, Verdict, judge_run};

/// Whether the run is linearizable, if both say the same.
fn agree(run: &Run) -> bool {
    let verdict = judge_run(run);
    let good = is_linearizable(run);
    assert_eq!(!verdict.verdict.is_violated(), good, "{:?}\n{}", verdict.findings, common::text(run));
    if verdict.verdict == Verdict::Linearizable {
        assert!(verdict.reconciliation.tickets_agree() && is_all_told_in_the_ledger(run), "{}", common::text(run));
    }
    let moved = verdict.inconclusive_because == Some(Reason::RoundMoved);
    let one_sale = run.openings.len() == 1 && verdict.double_sells == 0 && sold_here(run) == 1;
    // Sold only after the seats table was read, and so after the run.
    let late = run.seat_rows.iter().any(|row| row.round == common::ROUND && row.holder.is_none());
    assert_eq!(verdict.sale_window.is_some(), good && one_sale && !moved && !late, "{}", common::text(run));
    check_window(run, &verdict);
    good
}

/// How many rows of the ledger are of the round that the run opened at its first seat.
fn sold_here(run: &Run) -> usize {
    let opening = &run.openings[0];
    run.ledger.iter().filter(|sale| (sale.seat, sale.round) == (opening.seat, opening.round)).count()
}

fn is_all_told_in_the_ledger(run: &Run) -> bool {
    let told = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let rounds = |seat| run.openings.iter().filter(move |opening| opening.seat == seat).map(|opening| opening.round);
    told.into_iter().all(|op| {
        rounds(op.seat).any(|round| {
            run.ledger.iter().any(|sale| (sale.seat, sale.round, &sale.ticket) == (op.seat, round, &op.ticket))
        })
    })
}

/// At either end of the printed window the sale explains every answer, and beyond them it does not, but for the end of
/// the run.
fn check_window(run: &Run, verdict: &RunVerdict) {
    let Some(window) = verdict.sale_window else { return };
    let text = || format!("{window:?}\n{}", common::text(run));
    assert!(is_linearizable_at(run, window.from_us), "{}", text());
    assert!(window.from_us == window.to_us || is_linearizable_at(run, window.to_us), "{}", text());
    assert!(window.from_us == 0 || !is_linearizable_at(run, window.from_us - 1), "{}", text());
    let over = window.to_us >= run.end_us + run.skew_us;
    assert!(over || !is_linearizable_at(run, window.to_us + 1), "{}", text());
}

fn every(space: Every) {
    let Every { operations, opening, names, earlier, skew_us, .. } = space;
    let began = Instant::now();
    let checked = space.check(|run| {
        if !agree(run) && operations < 3 {
            evidence::check(run);
        }
    });
    let opening = if opening { " and an opening" } else { "" };
    let names = if names { "" } else { ", without names" };
    let earlier = if earlier { ", with purchases of the earlier round" } else { "" };
    let skew = if skew_us > 0 { ", of two clocks" } else { "" };
    println!("{checked} histories of {operations} operations{opening}{names}{earlier}{skew}: {:.1?}", began.elapsed());
    assert!(checked > 10_u64.pow(u32::try_from(operations).unwrap()));
}

#[test]
fn every_history_and_every_stamp() {
    for (operations, skew_us) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
        every(Every { operations, opening: true, names: true, stamps: true, earlier: true, skew_us });
    }
    every(Every { operations: 3, opening: false, names: true, stamps: true, earlier: false, skew_us: 0 });
}

/// One set of stamps for each order, of one clock.
fn every_order(operations: usize, opening: bool, names: bool, earlier: bool) {
    every(Every { operations, opening, names, stamps: false, earlier, skew_us: 0 });
}

#[test]
fn every_history_of_up_to_four_operations_and_an_opening() {
    for operations in [1, 2, 3, 4] {
        every_order(operations, true, true, operations < 4);
    }
}

#[test]
fn every_history_of_five_operations_without_names() {
    every_order(5, false, false, false);
}

#[test]
#[ignore = "a minute or two: cargo test --release -p witness --test oracle -- --ignored"]
fn every_larger_history_of_an_opening() {
    every_order(4, true, false, true);
    every_order(5, true, false, false);
}

/// Judges `histories` random ones of five to twelve operations, from `seed` on, on every core.
fn random_histories(seed: u64, histories: u64) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let judge = |first: usize| {
        let seeds = (seed..seed + histories).skip(first).step_by(cores);
        let is_good = |run: Run| {
            let good = agree(&run);
            if !good {
                evidence::check(&run);
            }
            good
        };
        seeds.filter(|seed| is_good(Random(*seed).run(5 + seed % 8))).count() as u64
    };
    let good: u64 = std::thread::scope(|scope| {
        let work: Vec<_> = (0..cores).map(|first| scope.spawn(move || judge(first))).collect();
        work.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let bad = histories - good;
    println!(
        "{histories} random histories of 5 to 12 operations, seeds from {seed}: {good} good, {bad} bad, {:.1?}",
        began.elapsed()
    );
    assert!(good > histories / 5 && bad > histories / 5, "too one-sided to prove much");
}

/// `WITNESS_HISTORIES` asks for more.
#[test]
fn random_histories_of_five_to_twelve_operations() {
    let histories = std::env::var("WITNESS_HISTORIES").ok().and_then(|n| n.parse().ok());
    random_histories(0, histories.unwrap_or(1_000_000));
}

/// The search takes one shortcut, which is argued for where it is taken, and tried here.
#[test]
fn the_shortcut_of_the_search_loses_nothing() {
    let long_way =
        |run: &Run| assert_eq!(is_linearizable(run), is_linearizable_the_long_way(run), "{}", common::text(run));
    let space = Every { operations: 2, opening: true, names: true, stamps: false, earlier: true, skew_us: 0 };
    let small = space.check(long_way);
    let larger = 2_000;
    (0..larger).for_each(|seed| long_way(&Random(seed).run(1 + seed % 4)));
    println!("{} histories searched both ways", small + larger);
}
