//! Buyers who met the round before the run's, what evidence is named, and where a sale can lie.

mod common;
use common::{run, told};
use witness::{Rule, judge_run};

fn check(text: &str, expect: &str) {
    let verdict = judge_run(&run(text));
    assert_eq!(told(&verdict), expect, "{text}\n{:#?}", verdict.findings);
}

/// A buyer who met the earlier round at the instant of the opening, or within the skew of it.
#[test]
fn purchases_of_an_earlier_round() {
    const MOVED: &str = "Inconclusive: RoundMoved";
    const LOST: &str = "Violated ✗ (0 double-sells): lost-sale";
    const STALE: &str = "Violated ✗ (0 double-sells): stale-round";
    let ac = "a 10-90 confirmed free10-20 | c 10-99 rejected free10-20 sold95-96=a";
    let open = "open 1-9 ; seat a";
    // Its read ended after this round was certainly open, so it can have bought neither.
    check(&format!("{ac} | b 9-40 confirmed free9-20@5 ; {open} ; ledger a"), LOST);
    check(&format!("{ac} | b 9-40 confirmed free9-20@5 ; {open} ; ledger a b@5"), STALE);
    check(&format!("{ac} | b 9-40 unknown free9-20@5 ; {open} ; ledger a b@5"), STALE);
    check(&format!("{ac} | b 8-40 confirmed free8-20@5 ; {open} ; ledger a b@5 ; skew 5"), STALE);
    check(&format!("{ac} | b 8-40 confirmed free8-20@5 ; {open} ; ledger a ; skew 5"), LOST);
    // It can have bought the earlier round before this one was open: nobody can say.
    check(&format!("{ac} | b 9-40 confirmed free9-9@5 ; {open} ; ledger a"), MOVED);
    check(&format!("{ac} | b 9-40 confirmed free9-9@5 ; {open} ; ledger a b@5"), MOVED);
    check(&format!("{ac} | b 8-40 confirmed free8-15@5 ; {open} ; ledger a b@5 ; skew 5"), MOVED);
    check(&format!("{ac} | b 9-40 unknown free9-9@5 ; {open} ; ledger a b@5"), MOVED);
    check(&format!("{ac} | b 9-40 unknown free9-9@5 ; {open} ; ledger a"), "Unknown ?");
    // Whatever it read is not on record.
    check(&format!("{ac} | b 9-40 confirmed ; {open} ; ledger a"), MOVED);
    check(&format!("{ac} | b 10-40 confirmed ; {open} ; ledger a"), LOST);
    check(&format!("{ac} | b 9-40 confirmed ; {open} ; ledger a b@5"), MOVED);
    // Somebody saw this round before the buyer can have bought the earlier one.
    check(
        &format!(
            "a 4-90 confirmed free4-5 | c 4-99 rejected free4-5 sold95-96=a | b 6-40 confirmed ; {open} ; ledger a"
        ),
        LOST,
    );
}

#[test]
fn an_unread_rejection_may_be_of_the_earlier_round() {
    let ab = "b 3-9 error free3-4 | c 3-9 error free3-4 ; open 1-2";
    check(&format!("a 2-3 rejected | {ab}"), "Inconclusive: SomeErrors");
    check(&format!("a 3-4 rejected | {ab}"), "Violated ✗ (0 double-sells): stale-rejection");
    check(&format!("a 4-5 rejected | {ab} ; skew 1"), "Inconclusive: SomeErrors");
    // It had read this round before it was told no.
    check(&format!("a 2-3 rejected free2-3 | {ab}"), "Violated ✗ (0 double-sells): stale-rejection");
    // Somebody had.
    check(
        "a 2-3 rejected | b 1-9 error free1-1 | c 1-9 error free1-1 ; open 1-2",
        "Violated ✗ (0 double-sells): stale-rejection",
    );
}

/// Which operations and tickets are named.
#[test]
fn evidence() {
    let check = |text: &str, rule: Rule, tickets: &[&str], shown_by: &[usize]| {
        let verdict = judge_run(&run(text));
        let finding = verdict.findings.iter().find(|finding| finding.rule == rule);
        let finding = finding.unwrap_or_else(|| panic!("{text}: {:?}", verdict.findings));
        let named: Vec<_> = finding.tickets.iter().map(onsale::Ticket::as_str).collect();
        assert_eq!((named.as_slice(), finding.shown_by.as_slice()), (tickets, shown_by), "{text}");
    };
    let two = "a 20-100 confirmed free21-30 | b 60-150 confirmed free61-70";
    check(&format!("{two} | c 40-50 rejected sold41-48=b"), Rule::StaleRejection, &["b"], &[1, 2]);
    check(&format!("{two} | c 10-15 rejected"), Rule::StaleRejection, &["a"], &[0, 1, 2]);
    check(&format!("{two} | c 140-150 error free145-146"), Rule::StaleAvailable, &["a"], &[0, 2]);
    // One operation contradicts itself.
    check(
        "a 21-60 confirmed free21-22 | b 21-29 rejected sold21-29=a | c 21-50 error sold21-30=a free40-50",
        Rule::SoldThenAvailable,
        &[],
        &[2],
    );
    check("a 21-60 confirmed free40-41 sold23-24=a | b 21-29 rejected sold21-22=a", Rule::StaleRejection, &["a"], &[0]);
    // The opening shows it.
    check("a 1-9 confirmed free4-5 | b 0-1 rejected sold0-1=a ; open 2-3", Rule::StaleRejection, &["a"], &[1]);
    check(
        "a 20-31 rejected sold30-31=q@7 | b 40-50 rejected sold40-41=o@5 ; open 10-20 ; seat -@7",
        Rule::StaleRound,
        &[],
        &[1],
    );
    check("a 1-9 error sold3-4=q@7 | b 5-6 error sold5-6=o@5 ; open 2-5 ; seat -@7", Rule::StaleRound, &[], &[0, 1]);
    check(
        "a 1-9 error sold3-4=q@7 | b 5-9 error sold5-6=o@5 free7-8@5 ; open 2-6 ; seat -@7",
        Rule::StaleRound,
        &[],
        &[1],
    );
    check("a 1-9 error sold3-4=q@7 ; seat -", Rule::StaleRound, &[], &[0]);
    check("a 1-9 error free1-2 ; seat -@5", Rule::StaleRound, &[], &[]);
    let late = "a 10-90 confirmed free10-20 | b 9-40 confirmed free9-20@5 ; open 1-9 ; seat a";
    check(&format!("{late} ; ledger a"), Rule::LostSale, &["b"], &[1]);
    check(&format!("{late} ; ledger a b@5"), Rule::StaleRound, &["b"], &[1]);
    check("a 1-9 confirmed free2-3 | b 1-9 confirmed free1-4@5 ; open 1-5 ; ledger a", Rule::LostSale, &["b"], &[0, 1]);
    // A ticket that was told three times is one ticket.
    check(
        "a 0-9 confirmed free1-2 | b 0-9 confirmed free1-2 | a 0-9 confirmed free1-2 ; ledger",
        Rule::LostSale,
        &["a", "b"],
        &[0],
    );
}

/// The instants at which the sale explains every answer.
#[test]
fn sale_windows() {
    let check = |text: &str, window: Option<(u64, u64)>| {
        let verdict = judge_run(&run(text));
        assert_eq!(verdict.sale_window.map(|window| (window.from_us, window.to_us)), window, "{text}\n{verdict:?}");
    };
    check("a 20-30 confirmed free21-22 | b 20-40 rejected free20-25 sold26-28=a", Some((22, 28)));
    // Nothing was sold while somebody still saw the earlier round.
    let older = "a 20-30 rejected free20-21@5 sold22-30=x | b 20-40 rejected free20-21@5 sold32-40=x";
    check(&format!("{older} ; open 10-20 ; ledger x*"), Some((20, 30)));
    check("a 2-30 rejected | b 20-40 rejected sold32-40=x ; open 1-2 ; ledger x*", Some((1, 40)));
    check("a 3-30 rejected | b 20-40 rejected sold32-40=x ; open 1-2 ; ledger x*", Some((1, 30)));
    check("a 20-30 confirmed free21-22 ; seat z", None);
    check("a 20-30 confirmed free21-22 ; seat a@7", None);
}
