//! Every export says what the witness says: it is read back and searched in every order.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use common::{Call, import, linearizable, texts};
use evidence::{edn, elle, porcupine};
use onsale::{Opening, Operation, Outcome, Run, Seen};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use witness::{Rule, judge_run};

/// One seat: a winner, a loser of the race, a queue, an error and a lost answer; what each format makes of it is checked in.
const BURST: &str = "a 10-40 confirmed free11-15 | b 10-60 rejected free12-16 sold50-55=a | c 11-45 rejected sold42-44=a \
                     | d 12-30 error | e 12-70 unknown free13-20 ; open 1-8";
/// Two seats, one sold twice, one to somebody outside, and a read of an earlier round.
const RUSH: &str = "a 10-40 confirmed free11-15 | b 10-60 confirmed free12-16 | B2:c 10-40 rejected free11-12@5 \
                    sold30-31=x ; open 1-20 B2:2-20 ; ledger a b B2:x* ; seat a B2:x";

#[test]
fn recorded_exports_are_written_byte_for_byte() {
    for (name, text) in [("burst", BURST), ("rush", RUSH)] {
        let run = texts::run(text);
        for (file, written) in
            [("history.edn", edn(&run)), ("history.jsonl", jsonl(&run)), ("porcupine.json", porcu(&run))]
        {
            let path = format!("{}/testdata/{name}/{file}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("WRITE_TESTDATA").is_some() {
                std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
                std::fs::write(&path, &written).unwrap();
            }
            assert_eq!(written, std::fs::read_to_string(&path).unwrap(), "{path}");
        }
    }
}

#[test]
fn a_seat_whose_round_was_moved_is_left_out_and_named() {
    let run = texts::run("a 1-5 confirmed free1-2 | B2:b 1-5 rejected sold2-3=x@7 ; ledger a ; seat a");
    let text = edn(&run);
    assert!(text.contains("; Seat B2 is left out"), "{text}");
    for calls in [import::edn(&text), import::jsonl(&jsonl(&run)), import::porcupine(&porcu(&run))] {
        assert!(!calls.is_empty() && calls.iter().all(|call| call.key == "A1/6"), "{calls:?}");
    }
}

#[test]
fn names_of_any_kind_are_written_so_that_they_can_be_read() {
    let mut run = texts::run("a 1-5 confirmed free1-2");
    run.operations[0].buyer = texts::name("\"Ada\\\" ; nil] {é}");
    run.engine.name = "a\nb".into();
    assert!(agrees(&run), "{}", edn(&run));
}

#[test]
fn one_ticket_told_to_two_buyers_of_a_seat_is_two_purchases() {
    assert!(agrees(&texts::run("a 1-9 confirmed free1-2 | a 1-8 confirmed free1-2 ; ledger a")));
}

/// Whether every format, read back, is linearizable exactly if the witness finds nothing that the format can express.
fn agrees(run: &Run) -> bool {
    // A row that nobody can have bought in its round is no call on a register.
    let violated = judge_run(run).findings.iter().any(|finding| finding.rule != Rule::Unopened);
    let violated_elle = judge_run(&unopened(run)).findings.iter().any(|finding| match finding.rule {
        Rule::StaleRound | Rule::EarlyRound | Rule::Unopened => false,
        // What was bought in an earlier round is left out with it.
        Rule::LostSale => finding.operations.iter().any(|index| !may_be_earlier(run, &run.operations[*index])),
        _ => true,
    });
    let holds = |calls: Vec<Call>, initial| linearizable(&calls, initial);
    holds(import::edn(&edn(run)), "nil") != violated
        && holds(import::porcupine(&porcu(run)), "older") != violated
        && holds(import::jsonl(&jsonl(run)), "null") != violated_elle
}

/// Whether what the buyer bought was not this round, or need not have been.
fn may_be_earlier(run: &Run, op: &Operation) -> bool {
    let opened = run.openings.iter().find(|opening| opening.seat == op.seat);
    let last = op.reads.iter().rfind(|read| read.seen == Seen::Available).map(|read| read.round);
    opened.is_some_and(|opened| match last {
        Some(round) => round < opened.round,
        None => op.start_us.saturating_sub(run.skew_us) <= opened.end_us.saturating_add(run.skew_us),
    })
}

/// Elle's registers are never opened: the same run, with every seat open before anything else. A rejection that may have
/// been of the earlier round is no call.
fn unopened(run: &Run) -> Run {
    let mut run = run.clone();
    let skew_us = run.skew_us;
    let begun_us = |opening: &Opening| {
        let of_seat = run.operations.iter().filter(|op| op.seat == opening.seat).flat_map(|op| &op.reads);
        let reads = of_seat.filter(|read| read.round >= opening.round).map(|read| read.end_us);
        reads.chain([opening.end_us]).min().unwrap_or(0) + skew_us
    };
    let begun: BTreeMap<_, _> = run.openings.iter().map(|opening| (opening.seat, begun_us(opening))).collect();
    for op in run.operations.iter_mut().filter(|op| op.outcome == Outcome::Rejected) {
        let read_us = op.reads.iter().map(|read| read.end_us).max().unwrap_or(0);
        let start_us = op.start_us.max(read_us.min(op.end_us)).saturating_sub(skew_us);
        if !op.reads.iter().any(onsale::Read::saw_sold) && start_us <= begun[&op.seat] {
            op.outcome = Outcome::Error;
        }
    }
    run.openings.iter_mut().for_each(|opening| (opening.start_us, opening.end_us) = (0, 0));
    run
}

fn edn(run: &Run) -> String {
    written(|out| edn::write(run, out))
}

fn jsonl(run: &Run) -> String {
    written(|out| elle::write(run, out))
}

fn porcu(run: &Run) -> String {
    written(|out| porcupine::write(run, out))
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A ticket, its seat and everything else of an operation, as text.
fn operation() -> impl Strategy<Value = String> {
    let reads = prop::collection::vec((0..6u64, 0..4u64, 0..8usize), 0..3);
    (0..4usize, 0..6u64, 0..8u64, 0..4usize, reads).prop_map(|(ticket, start, lasts, outcome, reads)| {
        let end = start + lasts;
        let reads = reads.into_iter().map(|(from, lasts, seen)| {
            let from = (start + from).min(end);
            let to = (from + lasts).min(end);
            match seen {
                0..=3 => format!(" free{from}-{to}"),
                4 => format!(" free{from}-{to}@5"),
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

fn any_run() -> impl Strategy<Value = Run> {
    (prop_oneof![run(), likely()], 0..6u64).prop_map(|(run, skew)| Run { skew_us: skew.saturating_sub(3), ..run })
}

/// Any run of a few operations: most are wrong in several ways.
fn run() -> impl Strategy<Value = Run> {
    let books = [
        "",
        " ; ledger",
        " ; ledger a",
        " ; ledger b*",
        " ; ledger a b",
        " ; ledger a B2:d",
        " ; ledger c",
        " ; ledger a b@5",
    ];
    let rows = ["", " ; seat -", " ; seat a", " ; seat - a B2:d", " ; seat -@5 a"];
    // The recorder makes every ticket once.
    let once = |operations: &Vec<String>| {
        let asked: BTreeSet<_> = operations.iter().map(|operation| operation.split(' ').next()).collect();
        asked.len() == operations.len()
    };
    let operations = prop::collection::vec(operation(), 1..5).prop_filter("a ticket asked for twice", once);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_export_read_back_gives_the_same_verdict(run in any_run()) {
        prop_assert!(agrees(&run), "{}\n{}\n{}", texts::told(&judge_run(&run)), texts::text(&run), edn(&run));
    }
}

#[test]
fn the_runs_searched_are_right_and_wrong() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let runs: Vec<_> = (0..400).map(|_| any_run().new_tree(&mut runner).unwrap().current()).collect();
    let violated = runs.iter().filter(|run| judge_run(run).verdict.is_violated()).count();
    assert!((120..280).contains(&violated), "{violated} of 400 are violated");
}
