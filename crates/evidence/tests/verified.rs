//! Every careless change of a document is caught, and named.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use common::texts;
use evidence::{Claims, RunDocument, verify};
use onsale::{Outcome, Run, Seen};
use std::borrow::Cow;
use witness::judge_run;

type Change = fn(&mut Run);

/// As a recorder writes it: one winner, a buyer who lost the race and one who came late; on two seats.
fn run() -> Run {
    let mut run = texts::run(
        "a 20-60 confirmed free22-30 | B2:b 21-55 confirmed free22-25 | c 20-70 rejected free23-29 sold62-66=a \
         | B2:d 22-90 rejected free24-27 sold80-85=b | e 24-80 rejected sold72-75=a ; open 1-9 B2:2-12",
    );
    run.operations.iter_mut().for_each(|op| op.conflicts = op.attempts - 1);
    run.barrier_us = 19;
    run
}

/// What [`verify`] says of the run once its document was changed, its claims left as they were.
fn changed(change: impl FnOnce(&mut Run)) -> Vec<String> {
    let honest = run();
    let mut document = RunDocument::of(&honest);
    change(document.run.to_mut());
    let verification = verify(&document);
    let said = [verification.differences, verification.contradictions].concat();
    assert_eq!(verification.agrees, said.is_empty());
    said
}

#[test]
fn an_honest_document_agrees_whatever_its_verdict() {
    let honest = run();
    let verification = verify(&RunDocument::of(&honest));
    assert_eq!(verification.differences, Vec::<String>::new());
    assert!(verification.agrees && verification.verdict == Some(judge_run(&honest)));

    let mut violated = run();
    let ticket = violated.operations[2].ticket.clone();
    violated.operations[2].outcome = Outcome::Confirmed;
    violated.operations[2].reads.truncate(1);
    violated.ledger.push(texts::sale(ticket.as_str()));
    let verification = verify(&RunDocument::of(&violated));
    assert!(verification.agrees, "{:?}", verification.differences);
    assert!(verification.verdict.unwrap().verdict.is_violated());
}

/// Changes that alter the verdict or a number, and what must be said of each beside the digest.
#[test]
fn a_change_that_matters_contradicts_the_claims() {
    let cases: [(&str, Change, &[&str]); 8] = [
        ("a changed ticket", |run| run.ledger[0].ticket = texts::name("x"), &["verdict", "rules", "ticketsAgree"]),
        ("a changed ticket, of a buyer", |run| run.operations[0].ticket = texts::name("x"), &["verdict", "rules"]),
        ("a dropped ledger row", |run| _ = run.ledger.remove(1), &["verdict", "scoreboard.confirmed", "ticketsAgree"]),
        ("a moved timestamp", |run| run.operations[4].reads[0].end_us = 26, &["verdict", "rules"]),
        ("a swapped outcome", |run| run.operations[2].outcome = Outcome::Error, &["verdict", "scoreboard.errors"]),
        ("an added sale", |run| run.ledger.push(texts::sale("x*")), &["verdict", "doubleSells", "scoreboard.others"]),
        (
            "a read that never was",
            |run| run.operations[0].reads[0].seen = Seen::Sold(texts::name("a")),
            &["scoreboard.contenders"],
        ),
        ("a missing operation", |run| _ = run.operations.remove(4), &["scoreboard.rejected"]),
    ];
    for (what, change, expect) in cases {
        let differences = changed(change);
        for claim in expect {
            let named = differences.iter().any(|line| line.starts_with(&format!("{claim}: the document claims ")));
            assert!(named, "{what}: no {claim} in {differences:#?}");
        }
        assert!(differences.iter().any(|line| line.starts_with("digest: ")), "{what}: {differences:#?}");
    }
}

/// Changes that leave the verdict and every number as they are: only the digest shows them.
#[test]
fn a_change_that_could_have_been_recorded_contradicts_the_digest() {
    let cases: [Change; 7] = [
        |run| run.operations[0].end_us += 1,
        |run| run.operations[1].reads[0].start_us -= 1,
        |run| run.ledger[0].sold_at_ms += 1,
        |run| run.operations.swap(2, 4),
        |run| run.plan.think_ms = 0,
        |run| run.engine.name.push('!'),
        |run| (run.seat_rows[0].reset_round, run.seat_rows[1].reset_round) = (2, 2),
    ];
    for (case, change) in cases.into_iter().enumerate() {
        let differences = changed(change);
        assert!(matches!(&differences[..], [one] if one.starts_with("digest: ")), "{case}: {differences:#?}");
    }
}

/// The same, with the digest and all claims computed anew by whoever made the change: what no recorder could have
/// written is still named.
#[test]
fn what_no_recorder_could_have_written_is_named_without_the_digest() {
    let cases: [(Change, &str); 24] = [
        (|run| run.plan.buyers = 6, "the plan has 6 buyers, the record 5 operations"),
        (|run| run.end_us = 91, "the run ends at 91 µs, its last operation at 90 µs"),
        (|run| run.end_us = 89, "the run ends at 89 µs, its last operation at 90 µs"),
        (|run| run.openings[1].end_us = 20, "seat B2 was opened from 2 to 20 µs; the barrier fell at 19 µs"),
        (|run| run.openings[0].start_us = 10, "seat A1 was opened from 10 to 9 µs"),
        (
            |run| run.operations[0].start_us = 8,
            "operation 0 (buyer-a) starts at 8 µs, before seat A1 was open, at 9 µs",
        ),
        (
            |run| run.operations[0].start_us = 18,
            "operation 0 (buyer-a) lasts from 18 to 60 µs; the buyers were let go at 19",
        ),
        (|run| run.operations[3].end_us = 95, "operation 3 (buyer-d) lasts from 22 to 95 µs"),
        (|run| run.operations[0].end_us = 19, "operation 0 (buyer-a) lasts from 20 to 19 µs"),
        (
            |run| run.operations[0].connected_us = Some(61),
            "operation 0 (buyer-a) is connected at 61 µs, outside its 20 to 60",
        ),
        (
            |run| run.operations[0].connected_us = Some(23),
            "operation 0 (buyer-a) reads from 22 to 30 µs, out of the order",
        ),
        (
            |run| run.operations[0].reads[0].end_us = 21,
            "operation 0 (buyer-a) reads from 22 to 21 µs, out of the order",
        ),
        (
            |run| run.operations[2].reads[1].start_us = 28,
            "operation 2 (buyer-c) reads from 28 to 66 µs, out of the order",
        ),
        (
            |run| run.operations[2].reads[1].end_us = 71,
            "operation 2 (buyer-c) reads from 62 to 71 µs, out of the order",
        ),
        (|run| run.operations[2].attempts = 1, "operation 2 (buyer-c) has 1 attempts, 1 conflicts and 2 reads"),
        (|run| run.operations[0].attempts = 0, "operation 0 (buyer-a) has 0 attempts, 0 conflicts and 1 reads"),
        (|run| run.operations[0].conflicts = 2, "operation 0 (buyer-a) has 1 attempts, 2 conflicts and 1 reads"),
        (
            |run| run.operations[0].region = texts::name("moon"),
            "operation 0 (buyer-a) is in moon, a region that is not",
        ),
        (
            |run| run.operations[2].reads.truncate(1),
            "operation 2 (buyer-c) is rejected, though it last read “available”",
        ),
        (
            |run| run.operations[4].outcome = Outcome::Confirmed,
            "operation 4 (buyer-e) is confirmed, though it never read",
        ),
        (|run| run.operations[2].ticket = texts::name("a"), "operations 0 and 2 ask for the same ticket a"),
        (
            |run| run.ledger[0].buyer = texts::name("eve"),
            "a was sold to eve in us-east-1 for seat A1, but asked for by buyer-a",
        ),
        (|run| run.ledger[0].attempt = 2, "a was sold in attempt 2, but its buyer made 1"),
        (|run| run.ledger.push(run.ledger[0].clone()), "ticket a stands in the ledger twice"),
    ];
    for (change, expect) in cases {
        let mut run = run();
        change(&mut run);
        let verification = verify(&RunDocument::of(&run));
        let said = &verification.contradictions;
        assert!(said.iter().any(|line| line.contains(expect)), "{expect}: {said:#?}");
        assert!(!verification.agrees && verification.verdict.is_none(), "{expect}: {:?}", verification.verdict);
    }
    let mut run = run();
    run.seat_rows[0].holder.as_mut().unwrap().owner = texts::name("eve");
    let said = verify(&RunDocument::of(&run)).contradictions;
    assert_eq!(said, ["the seats table shows ticket a with eve, but buyer-a asked for it"]);
}

#[test]
fn stamps_of_two_clocks_may_differ_by_the_skew() {
    let mut run = run();
    run.openings[0].end_us = 21;
    run.operations[0].start_us = 18;
    assert!(!verify(&RunDocument::of(&run)).agrees);
    run.skew_us = 3;
    assert_eq!(verify(&RunDocument::of(&run)).contradictions, Vec::<String>::new());
}

#[test]
fn many_doubts_of_a_kind_are_one_line() {
    let mut run = run();
    run.operations.iter_mut().for_each(|op| op.region = texts::name("moon"));
    let said = verify(&RunDocument::of(&run)).contradictions;
    assert!(said[0].ends_with("(and 4 more of the kind)"), "{said:#?}");
}

#[test]
fn every_claim_is_compared() {
    let honest = run();
    let claims = || Claims::of(&honest, &judge_run(&honest));
    let value = serde_json::to_value(claims()).unwrap();
    let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
    names.retain(|name| name != "scoreboard" && name != "reconciled");
    names.extend(value["scoreboard"].as_object().unwrap().keys().map(|name| format!("scoreboard.{name}")));
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let mut lie = value.clone();
        let claim = name.split('.').fold(&mut lie, |value, field| &mut value[field]);
        *claim = match &*claim {
            serde_json::Value::String(_) => "sold out".into(),
            serde_json::Value::Bool(said) => (!*said).into(),
            serde_json::Value::Number(_) => 999.into(),
            serde_json::Value::Array(_) => serde_json::json!(["phantom"]),
            _ => "some-errors".into(),
        };
        let document = RunDocument { run: Cow::Borrowed(&honest), claims: serde_json::from_value(lie).unwrap() };
        let differences = verify(&document).differences;
        assert!(matches!(&differences[..], [one] if one.starts_with(&format!("{name}: "))), "{name}: {differences:?}");
    }
}

#[test]
fn reconciled_is_not_believed_where_the_tickets_disagree() {
    let mut lost = run();
    lost.ledger.remove(0);
    for (run, reconciled, agrees) in
        [(&run(), Some(true), true), (&run(), Some(false), true), (&lost, Some(true), false)]
    {
        let mut document = RunDocument::of(run);
        document.claims.reconciled = reconciled;
        assert_eq!(verify(&document).agrees, agrees, "{reconciled:?}");
    }
}

#[test]
fn numbers_at_the_end_of_their_range_are_no_danger() {
    let mut run = run();
    for op in &mut run.operations {
        (op.end_us, op.attempts, op.conflicts) = (u64::MAX, 0, u32::MAX);
        op.reads.iter_mut().for_each(|read| (read.end_us, read.round) = (u64::MAX, u32::MAX - 1));
    }
    run.openings.iter_mut().for_each(|opening| (opening.round, opening.end_us) = (u32::MAX - 1, u64::MAX));
    run.ledger.iter_mut().for_each(|sale| (sale.round, sale.sold_at_ms) = (u32::MAX - 1, i64::MIN));
    (run.skew_us, run.barrier_us, run.end_us, run.plan.seed) = (u64::MAX, u64::MAX, 0, u64::MAX);
    let mut out = Vec::new();
    RunDocument::of(&run).write(&mut out).unwrap();
    let document = RunDocument::read(&out[..]).unwrap();
    assert!(!verify(&document).agrees);
    for checker in evidence::Checker::ALL {
        evidence::export(&document.run, checker, evidence::Selection::default(), std::io::sink()).unwrap();
    }
}
