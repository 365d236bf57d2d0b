//! What visitors read, one line of data each.

mod common;
use common::run;
use witness::{Reconciliation, explain_reconciliation, explain_run, judge_run};

fn check(text: &str, headline: &str, sentence: &str) {
    let run = run(text);
    let words = explain_run(&run, &judge_run(&run));
    assert_eq!((words.headline.as_str(), words.sentence.as_str()), (headline, sentence), "{text}");
    assert!(!words.expert.is_empty());
}

#[test]
fn runs_in_words() {
    check(
        "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold5-6=a",
        "One buyer holds seat A1.",
        "2 buyers raced for it. One was sold the seat, 1 read “sold” and left. The database aborted nobody, so the race was never put to the test.",
    );
    check(
        "a 0-9 unknown free1-2 | b 0-9 rejected free1-2 sold5-6=a | c 0-9 unknown sold5-6=a ; ledger a",
        "One buyer holds seat A1.",
        "2 of 3 buyers raced for it. One was sold the seat but got no answer, 1 read “sold” and left, 1 got no answer and bought nothing. The database aborted nobody, so the race was never put to the test.",
    );
    check(
        "a 0-9 rejected free1-2 sold5-6=x | b 0-9 error free1-2 ; ledger x*",
        "Not every buyer could be answered about seat A1.",
        "1 buyer met an error. The others found nothing wrong, but this is not the test that was asked for.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | c 0-9 confirmed free1-2",
        "2 people hold a ticket for a chair that is taken.",
        "3 buyers were each told “seat A1 is yours”. The seats table shows one of them.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 unknown free1-2 ; ledger a b",
        "1 person holds a ticket for a chair that is taken.",
        "The ledger holds 2 tickets for seat A1; 1 buyer was told “seat A1 is yours”. The seats table shows one of these tickets.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 ; ledger a",
        "1 buyer was told “seat A1 is yours”, but the ledger does not hold that ticket.",
        "The ledger holds one ticket for seat A1, and still no order of events explains the record.",
    );
    check(
        "a 0-9 error free1-2 | b 0-9 rejected free1-2",
        "1 buyer saw seat A1 as sold, though the ledger holds no sale of it.",
        "The ledger holds no ticket for seat A1.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 unknown free1-2",
        "One buyer holds seat A1, and nobody can say whether another bought it too.",
        "The answer was lost on the way. The ledger does not hold that ticket, but a lost purchase may still arrive.",
    );
    check(
        "a 0-9 unknown free1-2 | b 0-9 unknown free1-2",
        "Nobody can say whether any of 2 buyers bought seat A1.",
        "The answers were lost on the way. The ledger does not hold their tickets, but a lost purchase may still arrive.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 unknown free1-2 | c 0-9 unknown free1-2",
        "One buyer holds seat A1, and nobody can say whether any of 2 others bought it too.",
        "The answers were lost on the way. The ledger does not hold their tickets, but a lost purchase may still arrive.",
    );
    // Another was told so than those who hold it, and the seats table shows that one.
    check(
        "a 0-9 confirmed free1-2 | b 0-9 unknown free1-2 | c 0-9 confirmed free1-2 ; ledger a b ; seat c",
        "1 person holds a ticket for a chair that is taken.",
        "The ledger holds 2 tickets for seat A1; 2 buyers were told “seat A1 is yours”. 1 buyer was told “seat A1 is yours”, but the ledger does not hold that ticket. The seats table shows seat A1 with an owner whose ticket is not in the ledger.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 ; seat -@6",
        "1 person holds a ticket for a chair that is taken.",
        "2 buyers were each told “seat A1 is yours”. The seats table shows seat A1 as free, though it had been sold.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 ; seat",
        "1 person holds a ticket for a chair that is taken.",
        "2 buyers were each told “seat A1 is yours”.",
    );
    // Told "sold" of the round before.
    check(
        "a 2-9 rejected sold2-2=o@5 | b 2-9 error free2-3 | c 2-9 error free2-3 ; open 1-2",
        "Not every buyer could be answered about seat A1.",
        "2 buyers met an error. The others found nothing wrong, but this is not the test that was asked for.",
    );
    check(
        " ; ledger x*",
        "Nobody raced for seat A1.",
        "No buyer took part in this run, so nothing was put to the test.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 rejected sold5-6=a",
        "Nobody raced for seat A1.",
        "1 of 2 buyers found it free, and a race needs two. More buyers or a longer think time make one.",
    );
    check(
        "a 0-9 error | b 0-9 error",
        "No buyer got an answer about seat A1.",
        "All 2 buyers met an error, so nothing was put to the test.",
    );
    check(
        "a 0-9 confirmed free1-2 | b 0-9 error free1-2 ; seat -@7",
        "Seat A1 was opened again in the middle of this run.",
        "Its round changed while buyers were buying: another server moved it, or a buyer was still in the round before. Nothing can be said about this run.",
    );
    check("", "No sales recorded yet.", "Nobody has tried to buy the seat.");
}

#[test]
fn rushes_in_words() {
    let b2 = "B2:c 0-9 confirmed free1-2 | B2:d 0-9 rejected free1-2 sold5-6=c";
    check(
        &format!("a 0-9 confirmed free1-2 | b 0-9 rejected sold5-6=a | {b2}"),
        "2 seats were sold, and each has one holder.",
        "4 buyers wanted 2 seats; 3 found theirs free. 2 were sold a seat, 2 read “sold” and left. The database aborted nobody, so the race was never put to the test.",
    );
    check(
        &format!(
            "a 0-9 unknown free1-2 | b 0-9 unknown sold5-6=a | {b2} | C3:e 0-9 rejected sold1-2=x ; ledger a B2:c C3:x*"
        ),
        "3 seats were sold, and each has one holder.",
        "5 buyers wanted 3 seats; 3 found theirs free. 1 was sold a seat, 1 was sold a seat but got no answer, 2 read “sold” and left, 1 got no answer and bought nothing. 1 seat went to somebody outside this run. The database aborted nobody, so the race was never put to the test.",
    );
    check(
        &format!("a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | e 0-9 confirmed free1-2 | {b2}"),
        "2 people hold a ticket for a chair that is taken.",
        "1 of 2 seats was sold more than once: 4 tickets for 2 chairs. The seats table hides 2 of them.",
    );
    check(
        &format!(
            "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | {b2} | B2:e 0-9 rejected sold1-2=z ; ledger a B2:c"
        ),
        "1 buyer was told “seat A1 is yours”, but the ledger does not hold that ticket.",
        "That is not all: 1 more finding stands below. The ledger holds 2 tickets, no two for one chair, and still no order of events explains the record.",
    );
    check(
        &format!(
            "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | {b2} | B2:e 0-9 confirmed free1-2 ; ledger a b B2:c"
        ),
        "1 person holds a ticket for a chair that is taken.",
        "1 of 2 seats was sold more than once: 3 tickets for 2 chairs. The seats table hides 1 of them. 1 buyer was told “seat B2 is yours”, but the ledger does not hold that ticket.",
    );
    check(
        &format!("a 0-9 confirmed free1-2 | b 0-9 unknown free1-2 | {b2}"),
        "Nobody can say whether one buyer bought the seat they wanted.",
        "The answer was lost on the way. The ledger does not hold that ticket, but a lost purchase may still arrive. 2 seats were sold, each with one holder.",
    );
    check(
        &format!("a 0-9 confirmed free1-2 | {b2} ; seat -@7 B2:c"),
        "A seat was opened again in the middle of this run.",
        "Its round changed while buyers were buying: another server moved it, or a buyer was still in the round before. Nothing can be said about this run.",
    );
    check(
        "a 0-9 confirmed free1-2 | B2:c 0-9 confirmed free1-2",
        "No two buyers raced for the same seat.",
        "2 of 2 buyers found their seat free, but never two of them the same one, and a race needs two. More buyers, fewer seats or a longer think time make one.",
    );
    check(
        "a 0-9 error free1-2 | B2:c 0-9 error",
        "No buyer got an answer about any of the 2 seats.",
        "All 2 buyers met an error, so nothing was put to the test.",
    );
    check(
        &format!("a 0-9 error free1-2 | {b2}"),
        "Not every buyer could be answered.",
        "1 buyer met an error. The others found nothing wrong, but this is not the test that was asked for.",
    );
    check(" ; open 0-0 B2:0-0", "No sales recorded yet.", "Nobody has tried to buy a seat.");
}

/// For each rule a visitor's sentence, and an expert's with the tickets and the operations that show it: alone, and the
/// same beside another seat.
#[test]
fn every_rule_in_words() {
    let good = "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold9-10=a";
    let rules = [
        (
            "double-sell",
            format!("{good} | c 0-9 confirmed free1-2"),
            "Seat A1 was sold 2 times in round 6.",
            "Tickets: a, c. Operation 0: buyer-a",
        ),
        (
            "lost-sale",
            format!("{good} | c 0-9 confirmed free1-2 ; ledger a"),
            "1 buyer was told “seat A1 is yours”, but the ledger does not hold that ticket.",
            "Tickets: c. Operation 2: buyer-c",
        ),
        (
            "phantom",
            "a 0-9 error free1-2 | b 0-9 error free1-2 ; ledger a".to_owned(),
            "The ledger holds 1 sale of seat A1 whose buyer was told no.",
            "Tickets: a. Operation 0: buyer-a",
        ),
        (
            "shared-ticket",
            format!("{good} | a 0-9 confirmed free1-2 ; ledger a"),
            "1 ticket of seat A1 was told to more than one buyer.",
            "Tickets: a. Operation 0: buyer-a",
        ),
        (
            "unopened",
            format!("{good} ; ledger a z@5"),
            "The ledger holds 1 sale of seat A1 by this run in a round that it did not open.",
            "Tickets: z.",
        ),
        (
            "stale-rejection",
            "a 3-9 confirmed free5-6 | b 0-9 rejected free1-2 sold3-4=a".to_owned(),
            "1 buyer saw seat A1 as sold before the sale could have begun.",
            "Tickets: a. Operation 0: buyer-a",
        ),
        (
            "wrong-holder",
            format!("{good} | c 0-9 rejected sold8-9=z"),
            "1 buyer saw seat A1 held by a ticket that is not in the ledger.",
            "Tickets: z. Operation 2: buyer-c",
        ),
        (
            "stale-available",
            format!("{good} | c 0-12 error free11-12"),
            "1 buyer saw seat A1 as free after it had been sold.",
            "Tickets: a. Operation 0: buyer-a",
        ),
        (
            "sold-then-available",
            "a 0-9 confirmed free1-2 | b 0-9 rejected sold3-4=a | c 0-9 error free5-6".to_owned(),
            "1 buyer saw seat A1 as free after a buyer had seen it as sold.",
            "Operation 1: buyer-b",
        ),
        (
            "stale-round",
            format!("{good} | c 0-9 error free3-4@5 ; open 0-1"),
            "1 buyer met seat A1 in a round that was over: a later one had been opened.",
            "Operation 2: buyer-c",
        ),
        (
            "early-round",
            format!("{good} ; open 4-5"),
            "2 buyers met round 6 of seat A1 before it was opened.",
            "Operation 0: buyer-a",
        ),
        (
            "seats-table",
            format!("{good} ; seat z"),
            "The seats table shows seat A1 with an owner whose ticket is not in the ledger.",
            "Tickets: z.",
        ),
    ];
    for (rule, text, sentence, evidence) in rules {
        for rush in [false, true] {
            let mut run = run(&text);
            if rush {
                run.plan.seats.push(common::name("B2"));
                run.openings.push(common::opening("B2:0-0"));
            }
            let words = explain_run(&run, &judge_run(&run));
            let line = words.expert.iter().find(|line| line.starts_with(&format!("{rule}: ")));
            let line = line.unwrap_or_else(|| panic!("{rule}: {words:#?}"));
            assert!(line.contains(&format!(" {sentence} {evidence}")), "{line}");
            assert!(rule == "double-sell" || words.headline == sentence, "{rule}: {words:#?}");
        }
    }
}

#[test]
fn many_seats_are_not_all_listed() {
    let buyers = |n: u32| format!("A{n}:a{n} 0-9 confirmed free1-2 | A{n}:b{n} 0-9 confirmed free1-2");
    let run = run(&(1..=20).map(buyers).collect::<Vec<_>>().join(" | "));
    let words = explain_run(&run, &judge_run(&run));
    assert_eq!(words.expert.iter().filter(|line| line.starts_with("double-sell: Per")).count(), 8);
    assert!(words.expert.contains(&"double-sell: the same at 12 more seats, from A9 on.".to_owned()), "{words:#?}");
    assert_eq!(words.headline, "20 people hold a ticket for a chair that is taken.");
}

#[test]
fn experts_get_rules_tickets_and_times() {
    let run = run("a 1000-2000 confirmed free1100-1200 | b 0-9 rejected sold5-6=a");
    let words = explain_run(&run, &judge_run(&run));
    let expect = "stale-rejection: A “sold” answer ends at or after the start of a sale that explains it. \
                  1 buyer saw seat A1 as sold before the sale could have begun. Tickets: a. \
                  Operation 0: buyer-a, ticket a, confirmed, 1,000 to 2,000 µs; read round 6 “available”, 1,100 to 1,200 µs. \
                  Operation 1: buyer-b, ticket b, rejected, 0 to 9 µs; read round 6 “sold” to a, 5 to 6 µs.";
    assert!(words.expert.iter().any(|line| line == expect), "{:#?}", words.expert);
}

#[test]
fn experts_are_told_of_a_second_clock() {
    let lines = |text: &str| {
        let run = run(text);
        let words = explain_run(&run, &judge_run(&run));
        words.expert.into_iter().filter(|line| line.contains("skew")).collect::<Vec<_>>()
    };
    let text = "a 0-9 confirmed free1-2 | b 0-9 rejected free1-2 sold5-6=a";
    let widened = "The stamps are of more than one clock: every interval was widened by the measured skew, 1,200 µs on both sides, before it was judged.";
    assert_eq!(lines(text), [""; 0]);
    assert_eq!(lines(&format!("{text} ; skew 1200")), [widened]);
}

#[test]
fn books_in_words() {
    let check = |oversold: u64, focus_oversold: Option<u64>, told: &[&str], committed: &[&str], expect: &str| {
        let tickets = |names: &[&str]| names.iter().map(|ticket| common::name(ticket)).collect();
        let (told_not_committed, committed_not_told) = (tickets(told), tickets(committed));
        let books = Reconciliation { oversold, focus_oversold, told_not_committed, committed_not_told };
        assert_eq!(explain_reconciliation(&books), expect);
    };
    check(0, Some(0), &[], &[], "✓ reconciled with the ledger, ticket by ticket");
    check(47, Some(46), &[], &[], "Not reconciled: the scoreboard counts 47 oversold, the witness 46");
    check(0, Some(0), &["a"], &[], "Not reconciled: told to a buyer but not in the ledger: a");
    check(0, None, &[], &["b", "c"], "Not reconciled: in the ledger but not told to its buyer: b, c");
    let unasked = "The tickets agree with the ledger, ticket by ticket; the floor’s own count was not asked.";
    check(0, None, &[], &[], unasked);
}
