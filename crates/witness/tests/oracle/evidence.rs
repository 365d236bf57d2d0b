//! Is the evidence of a violated run enough, and is it the least?

use crate::common::text;
use crate::search::is_linearizable;
use onsale::{Outcome, Read, Run};
use std::collections::HashSet;
use witness::{Finding, Rule, judge_run};

/// The operations that show a finding show it without all the others, and none of them can be spared: no fewer of the
/// run's operations break the rule.
pub fn check(run: &Run) {
    let findings = judge_run(run).findings;
    for finding in findings.iter().filter(|finding| is_shown_by_operations(finding.rule)) {
        let shown = only(run, &finding.shown_by);
        assert!(breaks(&shown, finding) && !is_linearizable(&shown), "not enough: {finding:?}\n{}", text(run));
        if finding.shown_by.iter().any(|index| is_unread(run, *index)) {
            continue;
        }
        for spared in &finding.shown_by {
            let rest: Vec<_> = finding.shown_by.iter().copied().filter(|index| index != spared).collect();
            if !rest.is_empty() && !rest.iter().any(|index| finding.operations.contains(index)) {
                continue; // Another answer, which the witness reports under another rule.
            }
            let rest = only(run, &rest);
            assert!(!breaks(&rest, finding), "{spared} can be spared: {finding:?}\n{}", text(run));
            assert_eq!(judge_run(&rest).findings.is_empty(), is_linearizable(&rest), "{}", text(&rest));
        }
        if finding.shown_by.len() > 1 {
            let alone = finding.operations.iter().find(|index| breaks(&only(run, &[**index]), finding));
            assert_eq!(alone, None, "this one is enough: {finding:?}\n{}", text(run));
        }
    }
}

/// A rejection that does not say of which round it was: what shows that may be one operation more than it takes.
fn is_unread(run: &Run, index: usize) -> bool {
    let op = &run.operations[index];
    op.outcome == Outcome::Rejected && !op.reads.iter().any(Read::saw_sold)
}

/// The ledger or the seats table alone shows the others, or two calls do.
fn is_shown_by_operations(rule: Rule) -> bool {
    !matches!(rule, Rule::DoubleSell | Rule::Phantom | Rule::SharedTicket | Rule::Unopened | Rule::SeatsTable)
}

fn breaks(run: &Run, finding: &Finding) -> bool {
    judge_run(run).findings.iter().any(|found| (found.rule, found.seat) == (finding.rule, finding.seat))
}

/// The run as it would be if nothing were known of the other operations: what they bought was sold to somebody.
fn only(run: &Run, operations: &[usize]) -> Run {
    let mut rest = run.clone();
    rest.operations = operations.iter().map(|&index| run.operations[index].clone()).collect();
    let asked: HashSet<_> = run.operations.iter().map(|op| &op.ticket).collect();
    let known: HashSet<_> = rest.operations.iter().map(|op| op.ticket.clone()).collect();
    for sale in rest.ledger.iter_mut().filter(|sale| asked.contains(&sale.ticket) && !known.contains(&sale.ticket)) {
        sale.run = None;
    }
    rest
}
