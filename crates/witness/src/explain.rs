//! Verdicts in words: for a visitor, and one line below for an expert.

use crate::rush;
use crate::words::{buyers, count, grouped, verb};
use crate::{Finding, FloorVerdict, FloorWord, Reason, Reconciliation, Rule, RunVerdict, Verdict};
use onsale::{Outcome, Read, Run, Scoreboard, Seen, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Puts the verdict on a run into words.
pub fn explain_run(run: &Run, verdict: &RunVerdict) -> Words {
    let board = Scoreboard::of(run);
    let (headline, sentence) = match verdict.verdict {
        _ if run.plan.seats.len() > 1 => rush::words(run, verdict, &board),
        Verdict::Linearizable => one_holder(run, &board),
        Verdict::Violated { double_sells: 0 } => contradiction(run, verdict, &board),
        Verdict::Violated { double_sells } => sold_twice(run, verdict, double_sells, &board),
        Verdict::Unknown => unknown(run, verdict, &board),
        Verdict::Inconclusive => inconclusive(run, verdict.inconclusive_because, &board),
        Verdict::NoSales => (format!("{}.", Verdict::NoSales), "Nobody has tried to buy the seat.".to_owned()),
    };
    Words { headline, sentence, expert: expert(run, verdict, &board) }
}

/// A verdict in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Words {
    /// What happened to whom, for anybody.
    pub headline: String,
    /// How it came about, for anybody.
    pub sentence: String,
    /// Rules, tickets, operations and times, for whoever checks.
    pub expert: Vec<String>,
}

/// The API's `explanation` of a floor-wide verdict.
pub fn explain_floor(floor: &FloorVerdict) -> String {
    let mut seats: Vec<_> = floor.violations.iter().map(|count| count.seat).collect();
    seats.dedup();
    let n = seats.len() as u64;
    match floor.verdict {
        FloorWord::NoSales => "No sales recorded yet: there is nothing to judge.".to_owned(),
        FloorWord::Violated { .. } => format!(
            "{} {} confirmed to more than one buyer. Multiple ticket holders exist for the same physical seat.",
            count(n, "seat", "seats"),
            verb(n, "was", "were each"),
        ),
        FloorWord::SoldOnce { .. } => format!(
            "Every seat in the recorded history was acquired by at most one buyer in each of its rounds ({} checked).",
            count(floor.seats_checked, "seat", "seats")
        ),
    }
}

/// Whether the page, the buyers and the ledger agree, and what differs if not.
pub fn explain_reconciliation(books: &Reconciliation) -> String {
    if books.is_reconciled() {
        return "✓ reconciled with the ledger, ticket by ticket".to_owned();
    }
    let mut differs = Vec::new();
    if !books.told_not_committed.is_empty() {
        differs.push(format!("told to a buyer but not in the ledger: {}", list(&books.told_not_committed)));
    }
    if !books.committed_not_told.is_empty() {
        differs.push(format!("in the ledger but not told to its buyer: {}", list(&books.committed_not_told)));
    }
    match books.focus_oversold {
        Some(focus) if focus != books.oversold => differs.push(format!(
            "the scoreboard counts {} oversold, the witness {}",
            grouped(books.oversold),
            grouped(focus)
        )),
        None if differs.is_empty() => {
            return "The tickets agree with the ledger, ticket by ticket; the floor’s own count was not asked."
                .to_owned();
        }
        _ => {}
    }
    format!("Not reconciled: {}", differs.join("; "))
}

fn one_holder(run: &Run, board: &Scoreboard) -> (String, String) {
    let seat = run.plan.seat();
    let all = run.operations.len() as u64;
    // A sale that no buyer was told of went to somebody outside the run, or to one who got no answer.
    let (winner, unknown) = match (board.app_believed, board.others) {
        (1.., _) => ("One was sold the seat", board.unknown),
        (0, 1..) => ("Somebody outside this run was sold the seat", board.unknown),
        (0, 0) => ("One was sold the seat but got no answer", board.unknown.saturating_sub(1)),
    };
    let others = [
        (board.rejected, "read “sold” and left"),
        (board.errors, "met an error"),
        (unknown, "got no answer and bought nothing"),
    ];
    let mut fates = winner.to_owned();
    for (n, fate) in others.into_iter().filter(|(n, _)| *n > 0) {
        fates = format!("{fates}, {} {fate}", grouped(n));
    }
    let racers =
        if board.contenders == all { buyers(all) } else { format!("{} of {}", grouped(board.contenders), buyers(all)) };
    let aborted = if board.conflicts == 0 {
        "The database aborted nobody, so the race was never put to the test.".to_owned()
    } else {
        format!("The database aborted {}.", count(board.conflicts, "racing transaction", "racing transactions"))
    };
    (format!("One buyer holds seat {seat}."), format!("{racers} raced for it. {fates}. {aborted}"))
}

fn sold_twice(run: &Run, verdict: &RunVerdict, double_sells: u64, board: &Scoreboard) -> (String, String) {
    let seat = run.plan.seat();
    let people = count(double_sells, "person holds", "people hold");
    let (twice, others): (Vec<_>, Vec<_>) =
        verdict.findings.iter().partition(|finding| finding.rule == Rule::DoubleSell);
    let held: BTreeSet<_> = twice.iter().flat_map(|finding| &finding.tickets).collect();
    let told = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed).map(|op| &op.ticket);
    let (told, them) = if told.collect::<BTreeSet<_>>() == held {
        (format!("{} were each told “seat {seat} is yours”.", buyers(board.app_believed)), "them")
    } else {
        let told = format!(
            "{} {} told “seat {seat} is yours”",
            buyers(board.app_believed),
            verb(board.app_believed, "was", "were")
        );
        let told = format!("The ledger holds {} tickets for seat {seat}; {told}.", grouped(board.confirmed));
        (told, "these tickets")
    };
    let rows = run.seat_rows.iter().filter(|row| (row.seat, row.round) == (seat, run.round()));
    let shown: BTreeSet<_> = rows.filter_map(|row| row.holder.as_ref()).map(|holder| &holder.ticket).collect();
    let table = match shown.intersection(&held).count() {
        // What it shows is a finding of its own.
        _ if others.iter().any(|finding| finding.rule == Rule::SeatsTable) => None,
        0 if run.seat_rows.iter().all(|row| row.seat != seat) => None,
        0 => Some(format!("The seats table shows none of {them}.")),
        1 => Some(format!("The seats table shows one of {them}.")),
        // Not yet replicated; a fan sees one.
        _ => Some(format!("Each replica of the seats table shows one of {them}.")),
    };
    let others = others.iter().map(|finding| finding.sentence.clone());
    let sentence: Vec<_> = [told].into_iter().chain(table).chain(others).collect();
    (format!("{people} a ticket for a chair that is taken."), sentence.join(" "))
}

/// Violated without a double-sell: the worst finding speaks.
fn contradiction(run: &Run, verdict: &RunVerdict, board: &Scoreboard) -> (String, String) {
    let headline = verdict.findings.first().map(|finding| finding.sentence.clone()).unwrap_or_default();
    let others = verdict.findings.iter().skip(1).map(|finding| finding.sentence.as_str());
    let seat = run.plan.seat();
    let held = match board.confirmed {
        0 => format!("The ledger holds no ticket for seat {seat}."),
        _ => format!("The ledger holds one ticket for seat {seat}, and still no order of events explains the record."),
    };
    (headline, others.chain([held.as_str()]).collect::<Vec<_>>().join(" "))
}

fn unknown(run: &Run, verdict: &RunVerdict, board: &Scoreboard) -> (String, String) {
    let (n, seat) = (verdict.unsettled.len() as u64, run.plan.seat());
    let headline = match (board.confirmed, n) {
        (0, 1) => format!("Nobody can say whether one buyer bought seat {seat}."),
        (0, n) => format!("Nobody can say whether any of {} bought seat {seat}.", buyers(n)),
        (_, 1) => format!("One buyer holds seat {seat}, and nobody can say whether another bought it too."),
        (_, n) => {
            format!(
                "One buyer holds seat {seat}, and nobody can say whether any of {} others bought it too.",
                grouped(n)
            )
        }
    };
    (headline, lost_answers(n))
}

/// What may become of answers that got lost.
pub(crate) fn lost_answers(n: u64) -> String {
    format!(
        "{} lost on the way. The ledger does not hold {}, but a lost purchase may still arrive.",
        verb(n, "The answer was", "The answers were"),
        verb(n, "that ticket", "their tickets"),
    )
}

fn inconclusive(run: &Run, reason: Option<Reason>, board: &Scoreboard) -> (String, String) {
    let seat = run.plan.seat();
    let all = run.operations.len() as u64;
    match reason {
        Some(Reason::RoundMoved) => {
            (format!("Seat {seat} was opened again in the middle of this run."), MOVED.to_owned())
        }
        Some(Reason::NobodyAnswered) => (format!("No buyer got an answer about seat {seat}."), nobody_answered(board)),
        Some(Reason::SomeErrors) => (
            format!("Not every buyer could be answered about seat {seat}."),
            format!(
                "{} met an error. The others found nothing wrong, but this is not the test that was asked for.",
                buyers(board.errors)
            ),
        ),
        Some(Reason::NobodyRaced) | None if all == 0 => {
            (format!("Nobody raced for seat {seat}."), NO_BUYERS.to_owned())
        }
        Some(Reason::NobodyRaced) | None => (
            format!("Nobody raced for seat {seat}."),
            format!(
                "{} of {} found it free, and a race needs two. More buyers or a longer think time make one.",
                grouped(board.contenders),
                buyers(all)
            ),
        ),
    }
}

/// What became of the buyers if none was told "confirmed" or "sold".
pub(crate) fn nobody_answered(board: &Scoreboard) -> String {
    match (board.errors, board.unknown) {
        (errors, 0) => format!("All {} met an error, so nothing was put to the test.", buyers(errors)),
        (0, lost) => format!("The answers to all {} were lost, so nothing was put to the test.", buyers(lost)),
        (errors, lost) => {
            format!("{} met an error, {} lost the answer: nothing was put to the test.", grouped(errors), grouped(lost))
        }
    }
}

/// Of a run at whose seats only others bought.
pub(crate) const NO_BUYERS: &str = "No buyer took part in this run, so nothing was put to the test.";

/// Why the seat of a run was in more than one round.
pub(crate) const MOVED: &str = "Its round changed while buyers were buying: another server moved it, or a buyer was \
                                still in the round before. Nothing can be said about this run.";

fn expert(run: &Run, verdict: &RunVerdict, board: &Scoreboard) -> Vec<String> {
    let registers = match run.plan.seats.len() {
        0 | 1 => format!("seat {}, round {}, one exclusive-acquire register", run.plan.seat(), run.round()),
        _ => format!(
            "{}, each an exclusive-acquire register in the round that the run opened and judged alone, because linearizability is local",
            rush::seats(run)
        ),
    };
    let mut lines = vec![
        format!("{}: {registers}; times in microseconds, equal stamps compatible.", verdict.verdict),
        format!(
            "Told: confirmed {}, rejected {}, error {}, unknown {}. Ledger: {}, {} from outside the run. {} read “available”.",
            board.app_believed,
            board.rejected,
            board.errors,
            board.unknown,
            count(board.confirmed, "ticket", "tickets"),
            board.others,
            buyers(board.contenders)
        ),
    ];
    if run.skew_us > 0 {
        let skew = grouped(run.skew_us);
        lines.push(format!(
            "The stamps are of more than one clock: every interval was widened by the measured skew, {skew} µs on both sides, before it was judged."
        ));
    }
    for findings in verdict.findings.chunk_by(|a, b| a.rule == b.rule) {
        let (shown, more) = findings.split_at(findings.len().min(SHOWN));
        lines.extend(shown.iter().map(|finding| evidence(run, finding)));
        if let [first, ..] = more {
            let seats = count(more.len() as u64, "more seat", "more seats");
            lines.push(format!("{}: the same at {seats}, from {} on.", first.rule, first.seat));
        }
    }
    if let (Some(window), true) = (verdict.sale_window, verdict.findings.is_empty()) {
        let (from, to) = (grouped(window.from_us), grouped(window.to_us));
        lines.push(format!("A sale at any instant from {from} µs to {to} µs explains every answer."));
    }
    if !verdict.unsettled.is_empty() {
        let tickets: Vec<_> = verdict
            .unsettled
            .iter()
            .filter_map(|&index| run.operations.get(index))
            .map(|op| op.ticket.clone())
            .collect();
        lines.push(format!("Unknown and not in the ledger when it was read: {}.", list(&tickets)));
    }
    lines
}

/// Of many tickets or seats, how many are named.
const SHOWN: usize = 8;

/// The rule, the tickets, and the operations that show it with their times.
fn evidence(run: &Run, finding: &Finding) -> String {
    let mut parts = vec![format!("{}: {} {}", finding.rule, finding.rule.demand(), finding.sentence)];
    if !finding.tickets.is_empty() {
        parts.push(format!("Tickets: {}.", list(&finding.tickets)));
    }
    parts.extend(finding.shown_by.iter().filter_map(|&index| {
        let op = run.operations.get(index)?;
        let (buyer, ticket, outcome) = (op.buyer.as_str(), op.ticket.as_str(), op.outcome.as_str());
        let (from, to) = (grouped(op.start_us), grouped(op.end_us));
        let reads = op.reads.iter().map(seen).collect::<String>();
        Some(format!("Operation {index}: {buyer}, ticket {ticket}, {outcome}, {from} to {to} µs{reads}."))
    }));
    parts.join(" ")
}

/// One read, as a part of its operation's line.
fn seen(read: &Read) -> String {
    let (from, to) = (grouped(read.start_us), grouped(read.end_us));
    match &read.seen {
        Seen::Available => format!("; read round {} “available”, {from} to {to} µs", read.round),
        Seen::Sold(ticket) => format!("; read round {} “sold” to {}, {from} to {to} µs", read.round, ticket.as_str()),
    }
}

/// The tickets, the first few of many.
fn list(tickets: &[Ticket]) -> String {
    let shown: Vec<_> = tickets.iter().take(SHOWN).map(Ticket::as_str).collect();
    let more = tickets.len().saturating_sub(SHOWN) as u64;
    if more == 0 { shown.join(", ") } else { format!("{} and {} more", shown.join(", "), grouped(more)) }
}
