//! Histories made from the sequential model are never called violated; one planted violation is always found and named.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;
#[path = "common/seeds.rs"]
mod seeds;

use common::{build, name, operation, run, sale, seat_row, text, told};
use onsale::{Opening, Operation, Outcome, Read, Run, SeatId, Seen, Ticket};
use proptest::prelude::*;
use std::hash::{DefaultHasher, Hash, Hasher};
use witness::{Rule, Verdict, explain_run, focus_count, judge_run, reconcile};

/// The run's clock goes this far; its seat is opened within the first ten microseconds.
const LAST_US: u64 = 1_000;
const OPEN: (u64, u64) = (5, 10);

/// How the one sale came about, if there was one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Winner {
    Told,
    Unknown,
    Outside,
    Nobody,
}

/// One buyer's luck: when it looked, how long each look took, and what became of it.
type Luck = (u64, u64, u64, u8);

fn luck() -> impl Strategy<Value = Luck> {
    (OPEN.1..=LAST_US, 0..60u64, 0..60u64, any::<u8>())
}

/// Runs the register: one sale at an instant, and buyers who look at instants of their own and see what is there then.
fn history(winner: Winner, sold_at: u64, lucks: &[Luck]) -> Run {
    let winning = match winner {
        Winner::Told | Winner::Unknown => "w",
        Winner::Outside => "x",
        Winner::Nobody => "",
    };
    let mut operations: Vec<_> = lucks.iter().zip(1..).map(|(luck, n)| buyer(*luck, n, sold_at, winning)).collect();
    if matches!(winner, Winner::Told | Winner::Unknown) {
        let (_, before, after, _) = lucks[0];
        let read = OPEN.1 + (sold_at - OPEN.1) / 2;
        let (start, end) = (read - before.min(read - OPEN.1), (read + before).min(sold_at));
        let told = if winner == Winner::Told { "confirmed" } else { "unknown" };
        let text = format!("w {}-{} {told} free{start}-{end}", OPEN.1, sold_at + after);
        operations.insert(lucks.len() / 2, operation(&text));
    }
    let opening = Opening { seat: common::seat(), round: common::ROUND, start_us: OPEN.0, end_us: OPEN.1 };
    let ledger = match winner {
        Winner::Outside => vec![sale("x*")],
        Winner::Nobody => vec![],
        Winner::Told | Winner::Unknown => vec![sale("w")],
    };
    build(operations, Some(vec![opening]), Some(ledger), None)
}

fn buyer((looked, before, after, fate): Luck, n: u32, sold_at: u64, winning: &str) -> Operation {
    let (start_us, end_us) = (looked - before.min(looked - OPEN.1), looked + after);
    let sold = !winning.is_empty() && (looked > sold_at || (looked == sold_at && fate % 2 == 0));
    let seen = if sold { Seen::Sold(name(winning)) } else { Seen::Available };
    let read = Read { start_us, end_us, round: common::ROUND, seen };
    let outcome = match (sold, fate % 5) {
        (true, 0) | (false, 0..=3) => Outcome::Error,
        (true, _) => Outcome::Rejected,
        (false, _) => Outcome::Unknown,
    };
    let reads = if sold && fate % 7 == 0 { vec![] } else { vec![read] };
    // An unrecorded "sold" is only known to lie between the barrier and the answer.
    Operation { start_us: OPEN.1, end_us, outcome, reads: reads.into(), ..operation(&format!("t{n} 0-0 error")) }
}

/// What happens at one seat of a rush.
type AtSeat = (Winner, u64, Vec<Luck>);

fn some_seat() -> impl Strategy<Value = AtSeat> {
    (any_winner(), OPEN.1 + 2..=LAST_US, prop::collection::vec(luck(), 1..8))
}

/// Several registers at once, each with a history of its own, their operations in any order.
fn rush(seats: &[AtSeat], seed: u64) -> Run {
    let mut run = build(vec![], Some(vec![]), Some(vec![]), Some(vec![]));
    run.plan.seats.clear();
    for ((winner, sold_at, lucks), number) in seats.iter().zip(2..) {
        add_seat(&mut run, history(*winner, *sold_at, lucks), SeatId::new('B', number).unwrap());
    }
    shuffle(&mut run.operations, seed);
    run
}

/// Adds the history of A1 in `other` to `run`, as one of `seat`, with tickets of its own.
fn add_seat(run: &mut Run, mut other: Run, seat: SeatId) {
    let own = |ticket: &Ticket| if seat == common::seat() { ticket.clone() } else { name(&format!("{seat}-{ticket}")) };
    for op in &mut other.operations {
        (op.seat, op.ticket) = (seat, own(&op.ticket));
        for read in &mut op.reads {
            if let Seen::Sold(ticket) = &mut read.seen {
                *ticket = own(ticket);
            }
        }
    }
    other.openings.iter_mut().for_each(|opening| opening.seat = seat);
    other.ledger.iter_mut().for_each(|sale| (sale.seat, sale.ticket) = (seat, own(&sale.ticket)));
    for row in &mut other.seat_rows {
        row.seat = seat;
        row.holder.iter_mut().for_each(|holder| holder.ticket = own(&holder.ticket));
    }
    run.plan.seats.push(seat);
    run.openings.extend(other.openings);
    run.operations.extend(other.operations);
    run.ledger.extend(other.ledger);
    run.seat_rows.extend(other.seat_rows);
    run.end_us = run.end_us.max(other.end_us);
}

fn shuffle(operations: &mut [Operation], seed: u64) {
    operations.sort_by_cached_key(|op| {
        let mut hasher = DefaultHasher::new();
        (seed, &op.ticket, op.start_us, op.end_us).hash(&mut hasher);
        hasher.finish()
    });
}

fn any_winner() -> impl Strategy<Value = Winner> {
    prop_oneof![Just(Winner::Told), Just(Winner::Unknown), Just(Winner::Outside), Just(Winner::Nobody)]
}

seeds::properties! {
    2_000 seeds of fn the_register_itself_is_never_violated(
        winner in any_winner(),
        sold_at in OPEN.1 + 2..=LAST_US,
        lucks in prop::collection::vec(luck(), 1..24),
    ) {
        let run = history(winner, sold_at, &lucks);
        let verdict = judge_run(&run);
        prop_assert!(!verdict.verdict.is_violated(), "{}\n{}", told(&verdict), text(&run));
        prop_assert!(verdict.reconciliation.tickets_agree());
        prop_assert_eq!(verdict.sale_window.is_some(), winner != Winner::Nobody);
        if let Some(window) = verdict.sale_window {
            prop_assert!((window.from_us..=window.to_us).contains(&sold_at) || window.to_us == run.end_us);
        }
        let contenders = run.operations.iter().filter(|op| op.contended()).count();
        prop_assert!(verdict.verdict != Verdict::Linearizable || contenders > 1);
    }

    2_000 seeds of fn what_is_planted_is_found_and_named(
        sold_at in 200..=LAST_US - 200,
        lucks in prop::collection::vec(luck(), 2..24),
        plant in 0..PLANTS.len(),
    ) {
        let (rule, plant) = PLANTS[plant];
        let mut run = history(Winner::Told, sold_at, &lucks);
        plant(&mut run);
        let verdict = judge_run(&run);
        prop_assert!(verdict.verdict.is_violated(), "{}\n{}", told(&verdict), text(&run));
        let finding = verdict.findings.iter().find(|finding| finding.rule == rule);
        let Some(finding) = finding else { panic!("{rule} not in {}\n{}", told(&verdict), text(&run)) };
        let planted = run.operations.len() - 1;
        prop_assert!(is_of_the_books(rule) || finding.operations.contains(&planted), "{finding:?}\n{}", text(&run));

        // The fewest operations that show it do show it, without all the others.
        let mut alone = run.clone();
        alone.operations = finding.shown_by.iter().map(|&index| run.operations[index].clone()).collect();
        let again = judge_run(&alone);
        prop_assert!(again.findings.iter().any(|found| found.rule == rule), "{finding:?}\n{}", text(&alone));

        for line in explain_run(&run, &verdict).expert {
            prop_assert!(!line.contains('!') && !line.to_lowercase().contains("serializable"), "{line}");
        }
    }

    2_000 seeds of fn a_rush_of_registers_is_never_violated(seats in prop::collection::vec(some_seat(), 2..6), seed in any::<u64>()) {
        let run = rush(&seats, seed);
        let verdict = judge_run(&run);
        prop_assert!(!verdict.verdict.is_violated(), "{}\n{}", told(&verdict), text(&run));
        prop_assert!(verdict.reconciliation.tickets_agree());
        let raced = |seat| run.operations.iter().filter(|op| op.seat == seat && op.contended()).count() > 1;
        prop_assert!(verdict.verdict != Verdict::Linearizable || run.plan.seats.iter().any(|seat| raced(*seat)));
    }

    2_000 seeds of fn what_is_planted_at_one_seat_of_many_is_found_there(
        seats in prop::collection::vec(some_seat(), 2..6),
        sold_at in 200..=LAST_US - 200,
        lucks in prop::collection::vec(luck(), 2..12),
        plant in 0..PLANTS.len(),
        seed in any::<u64>(),
    ) {
        let (rule, plant) = PLANTS[plant];
        let mut planted = history(Winner::Told, sold_at, &lucks);
        plant(&mut planted);
        let culprit = planted.operations.last().unwrap().clone();
        let mut run = rush(&seats, seed);
        add_seat(&mut run, planted, common::seat());
        shuffle(&mut run.operations, seed);
        let verdict = judge_run(&run);
        let finding = verdict.findings.iter().find(|finding| finding.rule == rule);
        let Some(finding) = finding else { panic!("{rule} not in {}\n{}", told(&verdict), text(&run)) };
        let elsewhere = verdict.findings.iter().find(|finding| finding.seat != common::seat());
        prop_assert!(elsewhere.is_none(), "{elsewhere:?}\n{}", text(&run));
        let named = finding.operations.iter().any(|&index| run.operations[index] == culprit);
        prop_assert!(named || is_of_the_books(rule), "{finding:?}\n{}", text(&run));
        let words = explain_run(&run, &verdict);
        prop_assert!(words.expert.iter().any(|line| line.starts_with(rule.name()) && line.contains("eat A1")));
    }

    2_000 seeds of fn the_order_of_the_record_does_not_matter(
        winner in any_winner(),
        sold_at in 200..=LAST_US - 200,
        lucks in prop::collection::vec(luck(), 2..24),
        plant in 0..PLANTS.len(),
    ) {
        let mut run = history(winner, sold_at, &lucks);
        if winner == Winner::Told {
            PLANTS[plant].1(&mut run);
        }
        let mut reversed = run.clone();
        reversed.operations.reverse();
        reversed.ledger.reverse();
        prop_assert_eq!(told(&judge_run(&run)), told(&judge_run(&reversed)));
    }
}

type Plant = fn(&mut Run);

/// What breaks each rule in a history whose winner is `w`. The last operation is the culprit.
const PLANTS: [(Rule, Plant); 12] = [
    (Rule::DoubleSell, |run| {
        add(run, "y 10-1100 confirmed free11-12");
        run.ledger.push(sale("y"));
    }),
    (Rule::LostSale, |run| add(run, "y 10-1100 confirmed free11-12")),
    (Rule::Phantom, |run| run.ledger.push(sale("nobody"))),
    (Rule::SharedTicket, |run| add(run, "w 10-1100 confirmed free11-12")),
    (Rule::StaleRejection, |run| {
        let winner = run.operations.iter_mut().find(|op| op.ticket.as_str() == "w").unwrap();
        winner.reads[0].end_us = winner.reads[0].end_us.max(50);
        add(run, "y 10-1100 rejected sold20-49=w");
    }),
    (Rule::WrongHolder, |run| add(run, "y 10-1100 rejected sold1000-1100=nobody")),
    (Rule::StaleAvailable, |run| {
        let over = run.operations.iter().find(|op| op.ticket.as_str() == "w").unwrap().end_us;
        add(run, &format!("y 10-2000 error free{}-1999", over + 1));
    }),
    (Rule::SoldThenAvailable, |run| {
        let winner = run.operations.iter_mut().find(|op| op.ticket.as_str() == "w").unwrap();
        let began = winner.reads[0].end_us;
        winner.end_us = 1_999;
        add(run, &format!("y 10-1100 rejected sold11-{began}=w"));
        add(run, &format!("z 10-1999 error free{}-1999", began + 1));
    }),
    (Rule::StaleRound, |run| add(run, "y 10-1100 rejected sold11-12=nobody@5")),
    (Rule::EarlyRound, |run| add(run, "y 0-1100 error free1-4")),
    (Rule::SeatsTable, |run| run.seat_rows.push(seat_row("nobody"))),
    (Rule::Unopened, |run| run.ledger.push(sale("nobody@5"))),
];

/// Nobody's call is to blame: the ledger or the seats table alone shows it.
fn is_of_the_books(rule: Rule) -> bool {
    matches!(rule, Rule::Phantom | Rule::SeatsTable | Rule::Unopened)
}

fn add(run: &mut Run, text: &str) {
    let op = operation(text);
    run.end_us = run.end_us.max(op.end_us);
    run.operations.push(op);
}

#[test]
fn reconciled_only_if_counts_and_tickets_agree() {
    let check = |text: &str, focus: Option<u64>, told: &[&str], committed: &[&str], reconciled: bool| {
        let run = run(text);
        let counts = focus.map(|confirmed| [onsale::RoundCount { confirmed, ..nothing(&run) }]);
        let books = reconcile(&run, counts.as_ref().map(<[_; 1]>::as_slice));
        let names = |tickets: &[onsale::Ticket]| tickets.iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&books.told_not_committed), told, "{text}");
        assert_eq!(names(&books.committed_not_told), committed, "{text}");
        assert_eq!(books.is_reconciled(), reconciled, "{text}: {books:?}");
    };
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold5-6=a", Some(1), &[], &[], true);
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold5-6=a", Some(2), &[], &[], false);
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold5-6=a", None, &[], &[], false);
    check("a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2", Some(2), &[], &[], true);
    check("a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2", Some(1), &[], &[], false);
    check("a 0-9 unknown free1-2 | b 0-9 unknown free1-2 ; ledger a", Some(1), &[], &[], true);
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; ledger a x*", Some(2), &[], &[], true);
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; ledger b", Some(1), &["a"], &["b"], false);
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; ledger a x", Some(2), &[], &["x"], false);
    check("a 0-9 error | b 0-9 error", Some(0), &[], &[], true);
}

fn nothing(run: &Run) -> onsale::RoundCount {
    focus_count(&[], run.plan.seat(), run.round())
}
