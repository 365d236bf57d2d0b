//! Every export says what the witness says: it is read back and searched in every order.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

#[path = "../common/mod.rs"]
mod common;
mod random;
#[path = "../../../witness/tests/common/seeds.rs"]
mod seeds;
mod todc;

use common::{Call, import, linearizable, texts};
use evidence::{Checker, NotExported, Selection, export};
use onsale::{Opening, Operation, Outcome, Run, Seen};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use witness::{Rule, RunVerdict, judge_run};

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
fn one_seat_alone_is_its_register_without_tuples() {
    let run = texts::run(RUSH);
    for seat in ["A1", "B2"].map(texts::name) {
        let selection = Selection { seat: Some(seat), essential: false };
        let plain = written(&run, Checker::Knossos, selection);
        let of_seat = |call: &Call| call.key == format!("{seat}/6");
        // The same calls as in the file of every register, but for the order of those at the other seat.
        let whole: Vec<_> = import::edn(&edn(&run)).into_iter().filter(of_seat).map(|call| call.action).collect();
        let alone = import::edn_register(&plain);
        assert_eq!(alone.iter().map(|call| call.action.clone()).collect::<Vec<_>>(), whole, "{plain}");
        // A1 was sold twice.
        assert_eq!(linearizable(&alone, "nil"), seat != texts::seat(), "{plain}");
        assert!(import::jsonl(&written(&run, Checker::Elle, selection)).iter().all(of_seat));
        assert!(import::porcupine(&written(&run, Checker::Porcupine, selection)).iter().all(of_seat));
    }
    let selection = Selection { seat: Some(texts::name("C3")), essential: false };
    let error = export(&run, Checker::Knossos, selection, std::io::sink()).unwrap_err();
    assert!(matches!(error, NotExported::UnknownSeat { .. }));
    assert_eq!(error.to_string(), "seat C3 is not in run run-1: it has A1, B2");
}

#[test]
fn what_stands_in_the_ledger_is_ok_to_elle_whatever_its_buyer_was_told() {
    for (text, ok) in [
        // The buyers' own two purchases; the ledger's reads of both tickets.
        ("a 1-5 unknown free1-2 | b 1-5 confirmed free1-2 ; ledger a b", 2),
        ("b 1-5 confirmed free1-2 ; ledger a* b", 2),
        ("a 1-5 unknown free1-2 | b 1-5 unknown free1-2 ; ledger a*", 1),
        ("a 1-5 unknown free1-2 ; ledger", 0),
        // A phantom was bought by nobody, and a buyer who was told no has no purchase: Elle cannot see either.
        ("b 1-5 confirmed free1-2 ; ledger x b", 1),
        ("a 1-5 rejected free1-2 sold3-4=b | b 1-5 confirmed free1-2 ; ledger a b", 1),
    ] {
        let written = jsonl(&texts::run(text));
        let ended = written.lines().filter(|line| line.contains("\"type\":\"ok\"") && line.contains("[\"w\","));
        assert_eq!(ended.count(), ok, "{text}\n{written}");
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

/// Runs with a ledger row of the round before, which a random search found one by one: what the witness says, and
/// whether the register is valid.
const EARLIER_ROWS: [(&str, &str, bool); 6] = [
    // `b` wrote nothing before it was answered at 10, and round 6 was open at 5. So its row of round 5 is a sale in a round
    // that was over, and the one of round 6 is another sale: the first is not explained by the second.
    (
        "b 2-11 confirmed free3-10@5 ; open 3-5 ; ledger b@5 b ; seat b",
        "Violated ✗ (0 double-sells): stale-round",
        false,
    ),
    // The same in time: it was answered while round 6 was being opened, and both rows can have come about.
    ("b 2-11 confirmed free2-4@5 ; open 3-5 ; ledger b@5 b ; seat b", "Inconclusive: RoundMoved", true),
    // `b` began at 7, after round 6 was open: it cannot have bought in round 5, and no call on a register did.
    (
        "a 7-16 confirmed | b 7-12 unknown ; open 3-5 ; ledger b@5 a ; seat a",
        "Violated ✗ (0 double-sells): unopened",
        true,
    ),
    (
        "a 0-0 unknown | B2:b 3-3 unknown ; open 0-0 B2:0-0 ; ledger a B2:b@5 ; seat a B2:-",
        "Violated ✗ (0 double-sells): unopened",
        true,
    ),
    ("a 0-0 unknown | b 3-3 unknown ; open 0-0 ; ledger a b@5 ; seat a", "Violated ✗ (0 double-sells): unopened", true),
    // Told of the round that it last read as available, and that one holds no ticket of it.
    (
        "b 2-11 confirmed free2-3@5 free6-7 ; open 3-5 ; ledger b@5 ; seat -",
        "Violated ✗ (0 double-sells): lost-sale",
        false,
    ),
];

#[test]
fn a_ledger_row_of_the_round_before_is_a_purchase_if_its_buyer_can_have_made_it() {
    for (text, told, valid) in EARLIER_ROWS {
        let run = texts::run(text);
        assert!(is_expressible(&run), "{text}");
        assert_eq!(texts::told(&judge_run(&run)), told, "{text}");
        assert_eq!(linearizable(&import::edn(&edn(&run)), "nil"), valid, "{text}\n{}", edn(&run));
        assert!(agrees(&run), "{text}");
    }
}

/// Whether the witness found what a register can express: a row that nobody can have bought in its round is no call on one.
fn violates(judged: &RunVerdict) -> bool {
    judged.findings.iter().any(|finding| finding.rule != Rule::Unopened)
}

/// Whether every format, read back, is linearizable exactly if the witness finds nothing that the format can express.
fn agrees(run: &Run) -> bool {
    let violated = violates(&judge_run(run));
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
    written(run, Checker::Knossos, Selection::default())
}

fn jsonl(run: &Run) -> String {
    written(run, Checker::Elle, Selection::default())
}

fn porcu(run: &Run) -> String {
    written(run, Checker::Porcupine, Selection::default())
}

fn written(run: &Run, checker: Checker, selection: Selection) -> String {
    let mut out = Vec::new();
    export(run, checker, selection, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Whether docs/verify.md promises that the exports are linearizable exactly if the witness finds nothing that they can
/// express: nobody moved a round, nothing is shown or sold in an older round than the one before, and no ticket was asked
/// for twice.
fn is_expressible(run: &Run) -> bool {
    let round = |seat| run.openings.iter().find(|opening| opening.seat == seat).map(|opening| opening.round);
    let fits = |seat, shown| round(seat).is_none_or(|round| shown == round || shown + 1 == round);
    let tickets: BTreeSet<_> = run.operations.iter().map(|op| &op.ticket).collect();
    run.operations.iter().all(|op| op.reads.iter().all(|read| fits(op.seat, read.round)))
        && run.ledger.iter().all(|sale| fits(sale.seat, sale.round))
        && run.seat_rows.iter().all(|row| fits(row.seat, row.round))
        && tickets.len() == run.operations.len()
}

seeds::properties! {
    4_000 seeds of fn any_export_read_back_gives_the_same_verdict(run in random::any_run()) {
        prop_assert!(is_expressible(&run));
        prop_assert!(agrees(&run), "{}\n{}\n{}", texts::told(&judge_run(&run)), texts::text(&run), edn(&run));
    }

    /// Whatever the run is: no export accuses what the witness does not.
    2_000 seeds of fn what_an_export_shows_to_be_wrong_the_witness_calls_violated(run in random::strange_run()) {
        let wrong = !linearizable(&import::edn(&edn(&run)), "nil")
            || !linearizable(&import::porcupine(&porcu(&run)), "older")
            || !linearizable(&import::jsonl(&jsonl(&run)), "null");
        let judged = judge_run(&run);
        prop_assert!(!wrong || violates(&judged), "{}\n{}\n{}", texts::told(&judged), texts::text(&run), edn(&run));
    }

    /// Without the buyers' reads of "available" nothing becomes wrong that was right.
    2_000 seeds of fn what_is_wrong_in_the_essentials_is_wrong_in_the_whole(run in random::strange_run()) {
        let essential = Selection { seat: None, essential: true };
        let holds = |selection| {
            linearizable(&import::edn(&written(&run, Checker::Knossos, selection)), "nil")
                && linearizable(&import::porcupine(&written(&run, Checker::Porcupine, selection)), "older")
                && linearizable(&import::jsonl(&written(&run, Checker::Elle, selection)), "null")
        };
        prop_assert!(holds(essential) || !holds(Selection::default()), "{}\n{}", texts::text(&run), edn(&run));
        let judged = judge_run(&run);
        let twice = judged.double_sells > 0 && is_expressible(&run);
        prop_assert!(!twice || !holds(essential), "{}", texts::text(&run));
    }

    /// The checker of todc-utils, which knows nothing of ours.
    4_000 seeds of fn somebody_elses_checker_gives_the_same_verdict(run in random::any_run()) {
        let (theirs, judged) = (todc::is_linearizable(&porcu(&run)), judge_run(&run));
        let shown = || format!("{}\n{}\n{}", texts::told(&judged), texts::text(&run), porcu(&run));
        prop_assert_eq!(theirs, !violates(&judged), "{}", shown());
    }
}

#[test]
fn the_runs_searched_are_right_and_wrong() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut runs = |strategy: BoxedStrategy<Run>| -> Vec<Run> {
        (0..400).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
    };
    let (any, strange) = (runs(random::any_run().boxed()), runs(random::strange_run().boxed()));
    let violated = any.iter().filter(|run| judge_run(run).verdict.is_violated()).count();
    assert!((120..280).contains(&violated), "{violated} of 400 are violated");
    let valid = any.iter().filter(|run| linearizable(&import::edn(&edn(run)), "nil")).count();
    assert!((120..280).contains(&valid), "{valid} of 400 exports are valid");
    let inexpressible = strange.iter().filter(|run| !is_expressible(run)).count();
    assert!((120..380).contains(&inexpressible), "{inexpressible} of 400 are beyond what a register can say");
    let valid = strange.iter().filter(|run| linearizable(&import::edn(&edn(run)), "nil")).count();
    assert!((40..360).contains(&valid), "{valid} of 400 strange exports are valid");
}
