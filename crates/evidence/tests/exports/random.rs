//! Random runs of a few operations.

use crate::texts;
use onsale::{Opening, Run};
use proptest::prelude::*;
use std::collections::BTreeSet;

const BOOKS: [&str; 11] = [
    "",
    " ; ledger",
    " ; ledger a",
    " ; ledger b*",
    " ; ledger a b",
    " ; ledger a B2:d",
    " ; ledger c",
    " ; ledger a b@5",
    " ; ledger a@5",
    " ; ledger a@5 a",
    " ; ledger b@5 b a",
];
const ROWS: [&str; 5] = ["", " ; seat -", " ; seat a", " ; seat - a B2:d", " ; seat -@5 a"];

/// A ticket, its seat and everything else of an operation, as text.
fn operation(other: u64) -> impl Strategy<Value = String> {
    let reads = prop::collection::vec((0..6u64, 0..4u64, 0..8usize), 0..3);
    (0..4usize, 0..6u64, 0..8u64, 0..4usize, reads).prop_map(move |(ticket, start, lasts, outcome, reads)| {
        let end = start + lasts;
        let reads = reads.into_iter().map(move |(from, lasts, seen)| {
            let from = (start + from).min(end);
            let to = (from + lasts).min(end);
            match seen {
                0..=3 => format!(" free{from}-{to}"),
                4 => format!(" free{from}-{to}@{other}"),
                seen => format!(" sold{from}-{to}={}", ["a", "b", "c"][seen - 5]),
            }
        });
        let outcome = ["confirmed", "rejected", "unknown", "error"][outcome];
        let seat = if ticket == 3 { "B2:" } else { "" };
        format!("{seat}{} {start}-{end} {outcome}{}", ["a", "b", "c", "d"][ticket], reads.collect::<String>())
    })
}

/// A run of one seat that was sold to `a` at one instant, as its buyers saw it then, or a little off.
fn likely() -> impl Strategy<Value = Run> {
    let buyers = prop::collection::vec((2..16u64, 0..4u64, 0..4u64, 0..6usize), 1..5);
    let sale = (4..12u64, 1..4u64, 0..4usize, 0..12usize);
    (buyers, sale).prop_map(|(buyers, (sold_at, after, winner, off))| {
        let (told, book) = [("confirmed", "a"), ("unknown", "a"), ("unknown", ""), ("", "a*")][winner];
        let sold = !book.is_empty();
        let mut operations = vec![format!("a 3-{} {told} free3-{}", sold_at + after, sold_at - 1)];
        operations.retain(|_| !told.is_empty());
        operations.extend(buyers.iter().zip(["b", "c", "d", "e"]).map(|(&(at, before, after, fate), ticket)| {
            let at = if fate == off { at + 2 } else { at };
            let saw = if sold && at > sold_at { ["rejected sold", "=a"] } else { ["unknown free", ""] };
            let (from, to) = ((at - before.min(at)).max(3), (at + after).max(3));
            format!("{ticket} {from}-{to} {}{from}-{to}{}", saw[0], saw[1])
        }));
        let opening = if off == 11 { "7-9" } else { "1-3" };
        texts::run(&format!("{} ; open {opening} ; ledger {book}", operations.join(" | ")))
    })
}

pub fn any_run() -> impl Strategy<Value = Run> {
    any_clocks(prop_oneof![run(), likely()])
}

/// Any run at all, also one that no register can express.
pub fn strange_run() -> impl Strategy<Value = Run> {
    any_clocks(strange())
}

fn any_clocks(runs: impl Strategy<Value = Run>) -> impl Strategy<Value = Run> {
    (runs, 0..6u64).prop_map(|(run, skew)| Run { skew_us: skew.saturating_sub(3), ..run })
}

/// Any run of a few operations: most are wrong in several ways.
fn run() -> impl Strategy<Value = Run> {
    // The recorder makes every ticket once.
    let once = |operations: &Vec<String>| {
        let asked: BTreeSet<_> = operations.iter().map(|operation| operation.split(' ').next()).collect();
        asked.len() == operations.len()
    };
    let operations = prop::collection::vec(operation(5), 1..5).prop_filter("a ticket asked for twice", once);
    of_parts(operations, BOOKS.to_vec(), ROWS.to_vec())
}

/// A run in which tickets may be asked for twice, rounds moved, and older rounds shown.
fn strange() -> impl Strategy<Value = Run> {
    let operations = (4..=7u64).prop_flat_map(|round| prop::collection::vec(operation(round), 1..5));
    let books =
        [&BOOKS[..], &[" ; ledger a@4", " ; ledger a@4 a@5 b", " ; ledger a@7", " ; ledger a b@4 b@5 B2:d"]].concat();
    let rows = [&ROWS[..], &[" ; seat a@4", " ; seat - a@7"]].concat();
    of_parts(operations, books, rows)
}

/// A run of any of the operations, with any of the ledgers and seats tables, and any opening.
fn of_parts(
    operations: impl Strategy<Value = Vec<String>>,
    books: Vec<&'static str>,
    rows: Vec<&'static str>,
) -> impl Strategy<Value = Run> {
    let parts = (0..books.len(), 0..rows.len(), 0..3u64, 0..3u64);
    (operations, parts).prop_map(move |(operations, (book, row, opened, lasts))| {
        let mut run = texts::run(&format!("{}{}{}", operations.join(" | "), books[book], rows[row]));
        let (start_us, end_us) = (opened, opened + lasts);
        for seat in ["A1", "B2"].map(texts::name) {
            run.openings.retain(|opening| opening.seat != seat);
            run.openings.push(Opening { seat, round: texts::ROUND, start_us, end_us });
        }
        run.plan.seats = run.openings.iter().map(|opening| opening.seat).collect();
        run
    })
}
