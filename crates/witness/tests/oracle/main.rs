//! The witness against brute force: they agree on every small history and on many random larger ones.
//!
//! All of it, the ignored test too, ran on 2026-11-21 without a disagreement: 18,546,239 histories, of which 2,639,345 are
//! of four operations and an opening, 13,857,874 of five and an opening without names, and 1,000,000 random (seeds from 0;
//! 691,200 good, 308,800 bad). In release on two cores that takes a minute or two.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

#[path = "../common/mod.rs"]
mod common;
mod every;
mod random;
mod search;

use every::Every;
use onsale::Run;
use random::Random;
use search::{is_linearizable, is_linearizable_the_long_way};
use std::time::Instant;
use witness::judge_run;

/// Whether the run is linearizable, if both say the same.
fn agree(run: &Run) -> bool {
    let verdict = judge_run(run);
    let good = is_linearizable(run);
    assert_eq!(!verdict.verdict.is_violated(), good, "{:?}\n{}", verdict.findings, common::text(run));
    if good {
        let one_sale = run.openings.len() == 1 && verdict.double_sells == 0 && !run.ledger.is_empty();
        assert_eq!(verdict.sale_window.is_some(), one_sale, "{}", common::text(run));
    }
    good
}

fn every(space: Every) {
    let Every { operations, opening, names, .. } = space;
    let began = Instant::now();
    let checked = space.check(|run| {
        agree(run);
    });
    let opening = if opening { " and an opening" } else { "" };
    let names = if names { "" } else { ", without names" };
    println!("{checked} histories of {operations} operations{opening}{names}: {:.1?}", began.elapsed());
    assert!(checked > 10_u64.pow(u32::try_from(operations).unwrap()));
}

#[test]
fn every_history_and_every_stamp() {
    for operations in [1, 2] {
        every(Every { operations, opening: true, names: true, stamps: true });
    }
    every(Every { operations: 3, opening: false, names: true, stamps: true });
}

#[test]
fn every_history_of_up_to_four_operations_and_an_opening() {
    for operations in [1, 2, 3, 4] {
        every(Every { operations, opening: true, names: true, stamps: false });
    }
}

#[test]
fn every_history_of_five_operations_without_names() {
    every(Every { operations: 5, opening: false, names: false, stamps: false });
}

#[test]
#[ignore = "a minute: cargo test --release -p witness --test oracle -- --ignored"]
fn every_history_of_five_operations_and_an_opening_without_names() {
    every(Every { operations: 5, opening: true, names: false, stamps: false });
}

/// Judges `histories` random ones of five to twelve operations, from `seed` on, on every core.
fn random_histories(seed: u64, histories: u64) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let judge = |first: usize| {
        let seeds = (seed..seed + histories).skip(first).step_by(cores);
        seeds.filter(|seed| agree(&Random(*seed).run(5 + seed % 8))).count() as u64
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
    let small = Every { operations: 2, opening: true, names: true, stamps: false }.check(long_way);
    let larger = 2_000;
    (0..larger).for_each(|seed| long_way(&Random(seed).run(1 + seed % 4)));
    println!("{} histories searched both ways", small + larger);
}
