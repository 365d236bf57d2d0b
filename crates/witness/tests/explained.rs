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
        "The ledger holds 2 tickets for seat A1; 1 buyer was told “seat A1 is yours”. The seats table shows one of them.",
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
        "Nobody can say whether 1 buyer bought seat A1.",
        "The answer was lost while they were paying. The ledger does not hold that ticket, but a lost purchase may still arrive.",
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
        "Its round was moved under it by another server, so nothing can be said about this one.",
    );
    check("", "No sales recorded yet.", "Nobody has tried to buy the seat.");
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
