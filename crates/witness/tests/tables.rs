//! Verdicts on small histories, one line of data each.

mod common;
use common::{run, told};
use onsale::{RoundCount, Scoreboard};
use witness::{explain_floor, judge_floor, judge_run, verdict_sentence};

fn check(text: &str, expect: &str) {
    let verdict = judge_run(&run(text));
    assert_eq!(told(&verdict), expect, "{text}\n{:#?}", verdict.findings);
}

#[test]
fn one_sale() {
    const GOOD: &str = "Linearizable ✓";
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold9-10=a", GOOD);
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-3 sold3-4=a", GOOD);
    check("a 0-9 confirmed free1-2 | b 0-9 error free9-9", "Inconclusive: SomeErrors");
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free2-3 | c 0-9 rejected sold2-3=a", GOOD);
    check("a 0-9 unknown free1-2 | b 0-9 rejected free1-2 sold5-6=a ; ledger a", GOOD);
    check("a 0-9 rejected free1-2 sold5-6=x | b 0-9 rejected free1-2 sold5-6=x ; ledger x*", GOOD);
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 | c 0-9 error", "Inconclusive: SomeErrors");
    // A commit whose answer was lost may land while its buyer is already reading again.
    check("a 0-9 confirmed free1-2 free3-6 | b 0-9 rejected free1-2 sold4-5=a", GOOD);
}

#[test]
fn books() {
    check("a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2", "Violated ✗ (1 double-sell): double-sell");
    check("a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 ; ledger a", "Violated ✗ (0 double-sells): lost-sale");
    check(
        "a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; ledger a x",
        "Violated ✗ (1 double-sell): double-sell, phantom",
    );
    check("a 0-9 rejected free1-2 sold3-4=x | b 0-9 error free1-2 ; ledger x", "Violated ✗ (0 double-sells): phantom");
    check("a 0-9 rejected free1-2 sold3-4=a | b 0-9 error free1-2 ; ledger a", "Violated ✗ (0 double-sells): phantom");
    check("a 0-9 error free1-2 | b 0-9 error free1-2 ; ledger a", "Violated ✗ (0 double-sells): phantom");
    check("a 0-9 confirmed free1-2 | a 0-9 confirmed free1-2", "Violated ✗ (0 double-sells): shared-ticket");
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; seat b", "Violated ✗ (0 double-sells): seats-table");
    check("a 0-8 confirmed free1-2 | b 0-9 error free1-2 ; seat a -", "Violated ✗ (0 double-sells): seats-table");
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; seat a -", "Violated ✗ (0 double-sells): seats-table");
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free3-4 ; ledger a b x*",
        "Violated ✗ (2 double-sells): double-sell",
    );
}

#[test]
fn time() {
    check("a 3-9 confirmed free5-6 | b 0-9 rejected free1-2 sold4-5=a", "Violated ✗ (0 double-sells): stale-rejection");
    check(
        "a 3-9 confirmed | b 0-9 error free1-2 | c 0-9 error free2-3 | d 1-2 rejected",
        "Violated ✗ (0 double-sells): stale-rejection",
    );
    check("a 0-9 error free1-2 | b 0-9 rejected free1-2", "Violated ✗ (0 double-sells): stale-rejection");
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold5-6=b", "Violated ✗ (0 double-sells): wrong-holder");
    check("a 0-5 confirmed free1-2 | b 0-9 rejected free6-7", "Violated ✗ (0 double-sells): stale-available");
    check("a 0-5 confirmed free1-2 | b 0-9 rejected free5-7 sold8-8=a", "Linearizable ✓");
    check(
        "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold3-4=a | c 0-9 rejected free5-6 sold7-8=a",
        "Violated ✗ (0 double-sells): sold-then-available",
    );
    check(
        "a 0-5 confirmed free1-2 | b 0-9 confirmed free6-7",
        "Violated ✗ (1 double-sell): double-sell, stale-available",
    );
}

#[test]
fn two_sales_and_a_rejection() {
    // Of two sales, the earlier explains it.
    check("a 0-9 confirmed free1-2 | b 5-9 confirmed | c 1-3 rejected", "Violated ✗ (1 double-sell): double-sell");
    check(
        "a 0-9 confirmed free1-2 | b 5-9 confirmed | c 1-1 rejected",
        "Violated ✗ (1 double-sell): double-sell, stale-rejection",
    );
}

#[test]
fn rounds() {
    check(
        "a 0-9 confirmed free1-2 | b 0-9 rejected free3-4 sold4-5=z@5 ; open 0-1",
        "Violated ✗ (0 double-sells): stale-round",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 error free1-2 | c 0-9 error sold1-2=z@5 ; open 0-1",
        "Inconclusive: SomeErrors",
    );
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free3-4 sold4-5=z@7 ; seat z@7", "Inconclusive: RoundMoved");
    check("a 0-9 confirmed free1-2 | b 0-9 confirmed free3-4@7 ; ledger a ; seat b@7", "Inconclusive: RoundMoved");
    check("a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold4-5=a ; seat -@7", "Inconclusive: RoundMoved");
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | c 0-9 error free3-4@7 ; seat -@7",
        "Violated ✗ (1 double-sell): double-sell",
    );
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; seat -@5", "Violated ✗ (0 double-sells): stale-round");
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; open 3-4", "Violated ✗ (0 double-sells): early-round");
    check("a 0-9 error free1-2@7 | b 0-9 error free3-4", "Violated ✗ (0 double-sells): stale-round");
}

#[test]
fn several_seats() {
    const GOOD: &str = "Linearizable ✓";
    let a1 = "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold9-10=a";
    check(&format!("{a1} | B2:c 0-9 confirmed free1-2 | B2:d 0-9 rejected free1-2 sold5-6=c"), GOOD);
    check(&format!("B2:c 0-9 confirmed free1-2 | {a1}"), GOOD);
    check(
        &format!("{a1} | B2:c 0-9 confirmed free1-2 | B2:d 0-9 confirmed free1-2 | B2:e 0-9 confirmed free1-2"),
        "Violated ✗ (2 double-sells): double-sell",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | B2:c 0-9 confirmed free1-2 | B2:d 0-9 confirmed free1-2",
        "Violated ✗ (2 double-sells): double-sell, double-sell",
    );
    // Another seat's winner explains nothing here.
    check(
        &format!("{a1} | B2:c 0-9 confirmed free1-2 | B2:d 0-9 rejected free1-2 sold5-6=a"),
        "Violated ✗ (0 double-sells): wrong-holder",
    );
    check(
        &format!("{a1} | B2:c 0-9 confirmed free1-2 ; ledger a c"),
        "Violated ✗ (1 double-sell): double-sell, lost-sale, phantom",
    );
    check("a 0-9 confirmed free1-2 | B2:a 0-9 confirmed free1-2", "Violated ✗ (0 double-sells): shared-ticket");
    // Two buyers must meet at one seat.
    check("a 0-9 confirmed free1-2 | B2:b 0-9 confirmed free1-2", "Inconclusive: NobodyRaced");
    check(&format!("{a1} | B2:c 0-9 confirmed free1-2"), GOOD);
    check(&format!("{a1} | B2:c 0-9 error"), "Inconclusive: SomeErrors");
    check(&format!("{a1} | B2:c 0-9 unknown free1-2"), "Unknown ?");
    check(&format!("{a1} | B2:c 0-9 confirmed free1-2 ; seat a B2:-@7"), "Inconclusive: RoundMoved");
}

#[test]
fn what_was_never_opened() {
    const UNOPENED: &str = "Violated ✗ (0 double-sells): unopened";
    let a1 = "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold9-10=a";
    check(&format!("{a1} | B2:c 0-9 error ; open 0-0"), UNOPENED);
    check(&format!("{a1} ; open ; ledger a ; seat a"), UNOPENED);
    check(&format!("{a1} ; ledger a B2:z ; seat a"), UNOPENED);
    check(&format!("{a1} ; ledger a B2:z* ; seat a"), "Linearizable ✓");
    check(&format!("{a1} ; ledger a ; seat a B2:b"), UNOPENED);
    check(&format!("{a1} ; ledger a ; seat a B2:z"), "Linearizable ✓");
    // A sale of this run in a round that nobody was shown.
    check(&format!("{a1} ; ledger a z@5"), UNOPENED);
    check(&format!("{a1} ; ledger a b@5"), UNOPENED);
    check(&format!("{a1} ; ledger a z*@5"), "Linearizable ✓");
    check(&format!("{a1} ; ledger a z@7"), UNOPENED);
    check(&format!("{a1} ; ledger a z*@7"), "Inconclusive: RoundMoved");
    check(&format!("{a1} | c 0-12 confirmed free11-12@7 ; ledger a c@7 ; seat c@7"), "Inconclusive: RoundMoved");
    check(&format!("{a1} | c 0-12 confirmed ; ledger a c@7 ; seat c@7"), "Inconclusive: RoundMoved");
    check(
        &format!("{a1} | c 2-9 confirmed ; open 0-1 ; ledger a c@5"),
        "Violated ✗ (0 double-sells): lost-sale, unopened",
    );
}

#[test]
fn openings_missing_or_doubled() {
    let a1 = "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold9-10=a";
    check("", "No sales recorded yet");
    check(" ; open", "No sales recorded yet");
    check(&format!("{a1} ; open 0-0 0-0"), "Linearizable ✓");
    // The wider of the two openings of one round counts.
    check(&format!("{a1} ; open 5-6 0-0"), "Linearizable ✓");
    check(&format!("{a1} ; open 5-6 4-5"), "Violated ✗ (0 double-sells): early-round");
    // Opened in two rounds, the run moved its own round: what is wrong in either is found, and nothing is called good.
    check(&format!("{a1} ; open 0-0 0-9@7 ; seat -@7"), "Inconclusive: RoundMoved");
    check(&format!("{a1} | c 8-12 confirmed ; open 0-0 0-10@7 ; ledger a c@7 ; seat c@7"), "Inconclusive: RoundMoved");
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 ; open 0-0 0-9@7 ; seat -@7",
        "Violated ✗ (1 double-sell): double-sell",
    );
    check(&format!("{a1} | B2:c 0-9 confirmed free1-2 ; open 0-0 B2:0-0 0-9@7 ; seat -@7"), "Inconclusive: RoundMoved");
    check("a 0-9 confirmed free1-2 ; open 0-0 B2:0-1 B2:1-1@7 ; ledger a ; seat", "Inconclusive: RoundMoved");
}

/// The first look counts in 32 bits.
#[test]
fn stamps_of_hours() {
    let late = "b 5000000000-5000000009 rejected free5000000001-5000000002 sold5000000008-5000000009=a";
    check(&format!("a 5000000000-5000000009 confirmed free5000000001-5000000002 | {late}"), "Linearizable ✓");
    check(&format!("a 0-9 confirmed free1-2 | {late}"), "Violated ✗ (0 double-sells): stale-available");
}

/// By 50 µs no order explains them; clocks that differ by 100 µs do, and so do 25 of each.
#[test]
fn two_clocks() {
    const GOOD: &str = "Linearizable ✓";
    let check = |text: &str, rule: &str, good: &str| {
        let violated = format!("Violated ✗ (0 double-sells): {rule}");
        check(text, &violated);
        check(&format!("{text} ; skew 24"), &violated);
        check(&format!("{text} ; skew 25"), good);
        check(&format!("{text} ; skew 100"), good);
        check(&format!("{text} ; skew {}", u64::MAX), good);
    };
    let b = "b 0-2000 rejected free100-200 sold900-2000=a";
    check(&format!("a 0-2000 confirmed free500-600 | {b} | c 0-600 rejected sold500-550=a"), "stale-rejection", GOOD);
    check(&format!("a 550-2000 confirmed | {b} | c 100-500 rejected"), "stale-rejection", "Inconclusive: NobodyRaced");
    check(&format!("a 0-800 confirmed free500-600 | {b} | c 0-2000 rejected free850-1900"), "stale-available", GOOD);
    check(
        &format!(
            "a 0-2000 confirmed free100-200 | {b} | c 0-700 rejected sold600-700=a | d 0-2000 rejected free750-800 sold900-2000=a"
        ),
        "sold-then-available",
        GOOD,
    );
    let ab = "a 0-2000 confirmed free300-800 | b 0-2000 rejected free300-400 sold900-2000=a";
    check(&format!("{ab} | c 0-2000 rejected sold350-360=z@5 sold900-901=a ; open 0-300"), "stale-round", GOOD);
    check(&format!("{ab} | c 0-2000 rejected free0-50 sold900-901=a ; open 100-300"), "early-round", GOOD);
}

#[test]
fn nothing_to_say() {
    check("", "No sales recorded yet");
    check(" ; ledger x*", "Inconclusive: NobodyRaced");
    check("a 0-9 confirmed free1-2 | b 0-9 rejected sold5-6=a", "Inconclusive: NobodyRaced");
    check("a 0-9 error free1-2 | b 0-9 error free1-2", "Inconclusive: NobodyAnswered");
    check("a 0-9 error | b 0-9 error", "Inconclusive: NobodyAnswered");
    check("a 0-9 confirmed free1-2 | b 0-9 unknown free1-2", "Unknown ?");
    check("a 0-9 unknown free1-2 | b 0-9 unknown free1-2", "Unknown ?");
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 | c 0-9 unknown sold5-6=a", "Inconclusive: SomeErrors");
    check("a 0-9 confirmed free1-2 | b 0-9 error free1-2 | c 0-9 unknown", "Unknown ?");
    check("a 0-9 unknown free1-2 | b 0-9 rejected free1-2 sold5-6=a", "Violated ✗ (0 double-sells): stale-rejection");
}

#[test]
fn floors() {
    let check = |counts: &[(&str, u32, u64)], verdict: &str, explanation: &str| {
        let counts: Vec<_> = counts
            .iter()
            .map(|&(seat, round, confirmed)| RoundCount { seat: common::name(seat), round, confirmed })
            .collect();
        let floor = judge_floor(&counts);
        assert_eq!((floor.verdict.to_string().as_str(), explain_floor(&floor).as_str()), (verdict, explanation));
        assert_eq!(floor.linearizable, floor.violations.is_empty());
        assert!(floor.violations.is_sorted());
    };
    let good =
        "Every seat in the recorded history was acquired by at most one buyer in each of its rounds (2 seats checked).";
    let bad = "1 seat was confirmed to more than one buyer. Multiple ticket holders exist for the same physical seat.";
    let worse =
        "2 seats were each confirmed to more than one buyer. Multiple ticket holders exist for the same physical seat.";
    check(&[], "No sales recorded yet", "No sales recorded yet: there is nothing to judge.");
    check(&[("A1", 1, 0)], "No sales recorded yet", "No sales recorded yet: there is nothing to judge.");
    check(&[("A1", 1, 1), ("A1", 2, 1), ("B1", 1, 1)], "Sold once ✓ (2 seats)", good);
    check(&[("A1", 1, 1)], "Sold once ✓ (1 seat)", &good.replace("2 seats", "1 seat"));
    check(&[("B2", 1, 1), ("A1", 1, 8)], "Violated ✗ (7 double-sells)", bad);
    check(&[("A1", 1, 2)], "Violated ✗ (1 double-sell)", bad);
    check(&[("A10", 1, 2), ("A2", 1, 2), ("A2", 3, 48)], "Violated ✗ (49 double-sells)", worse);
}

#[test]
fn scoreboards_add_up_over_seats() {
    let check = |text: &str, expect: [u64; 6]| {
        let run = run(text);
        let board = Scoreboard::of(&run);
        let Scoreboard { confirmed, others, oversold, seat_table_shows, hidden_by_seats_table, stale_reads, .. } =
            board;
        assert_eq!(
            [confirmed, others, oversold, seat_table_shows, hidden_by_seats_table, stale_reads],
            expect,
            "{text}"
        );
        let verdict = judge_run(&run);
        assert_eq!((verdict.double_sells, verdict.reconciliation.oversold), (oversold, oversold), "{text}");
    };
    let two = "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | B2:c 0-9 confirmed free1-2";
    check(two, [3, 0, 1, 2, 1, 0]);
    // A ticket that two replicas show is one sale; one row of it names the run.
    check(&format!("{two} ; ledger B2:c a b a* B2:c*"), [3, 0, 1, 2, 1, 0]);
    check(&format!("{two} ; ledger a x* B2:c C3:d ; seat a B2:- a"), [3, 1, 1, 1, 2, 0]);
    check(&format!("{two} ; ledger a b@5 B2:c@7 ; seat a B2:c@7"), [1, 0, 0, 1, 0, 0]);
    check(&format!("{two} | B2:d 0-30 rejected free10-11 | d 0-30 error free9-9"), [3, 0, 1, 2, 1, 1]);
    check(&format!("{two} | B2:d 0-30 rejected free10-11 ; skew 1"), [3, 0, 1, 2, 1, 0]);
    check(&format!("{two} ; open 0-0 0-1@7 B2:0-0 ; ledger a b a@7 e@7 B2:c"), [5, 0, 2, 2, 3, 0]);
    check("", [0; 6]);
}

#[test]
fn burst_sentences() {
    let check = |[confirmed, told, rejected, errors, unknown, contenders]: [u64; 6], expect: &str| {
        let board = Scoreboard {
            confirmed,
            oversold: confirmed.saturating_sub(1),
            app_believed: told,
            rejected,
            errors,
            unknown,
            contenders,
            ..Scoreboard::default()
        };
        assert_eq!(verdict_sentence(common::seat(), &board, 2), expect);
    };
    check(
        [1, 1, 7, 0, 0, 8],
        "oversold = 0 — exactly one ticket for seat A1, even under 8 simultaneous buyers across 2 regions.",
    );
    check([8, 8, 0, 0, 0, 8], "oversold = 7 — 8 buyers each hold a ticket for the single physical seat A1.");
    check(
        [1, 1, 4, 2, 1, 8],
        "oversold = 0 — exactly one ticket for seat A1, even under 8 simultaneous buyers across 2 regions; 2 met an error; 1 buyer was left without an answer.",
    );
    check(
        [1, 1, 7, 0, 0, 1],
        "oversold = 0 — exactly one ticket for seat A1, but only 1 of 8 buyers found it free: nobody raced, so the run is inconclusive.",
    );
    check(
        [1, 2, 6, 0, 0, 8],
        "oversold = 0 — one ticket for seat A1 in the ledger, yet 2 buyers were told “confirmed”: a lost sale.",
    );
    check([0, 0, 0, 8, 0, 0], "oversold = 0 — nobody was sold seat A1: 8 of 8 buyers met an error. Inconclusive.");
    check([0, 0, 0, 6, 2, 8], "oversold = 0 — no ticket for seat A1 yet; 2 buyers were left without an answer.");
    check([0, 0, 8, 0, 0, 8], "oversold = 0 — nobody was sold seat A1, yet 8 buyers were told “sold”.");
}
