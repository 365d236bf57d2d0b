//! Runs from one line of text, and verdicts as one line of text.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "shared by several test binaries")]

use onsale::{
    Backend, BuyerName, Engine, Holder, Opening, Operation, Outcome, Plan, Read, Region, Round, Run, RunId, Sale,
    SeatId, SeatRow, Seen, Ticket,
};
use std::str::FromStr;
use witness::RunVerdict;

/// The round that every run written here opens.
pub const ROUND: Round = 6;

/// Parses `a 0-9 confirmed free1-2 | b 0-8 rejected sold5-6=a ; open 0-0 ; ledger a x* ; seat a`.
///
/// An operation is its ticket, its interval, its outcome and its reads; `free1-2@5` is a read of round 5. A ledger ticket
/// with `*` was sold outside the run. Left out, the opening is over at 0, the ledger holds what was told, and the seats
/// table shows the ledger's first ticket. `seat - a@7` are two rows: nobody, and a's in round 7.
pub fn run(text: &str) -> Run {
    let mut parts = text.split(';').map(str::trim);
    let operations: Vec<_> =
        parts.next().unwrap().split('|').map(str::trim).filter(|t| !t.is_empty()).map(operation).collect();
    let (mut opening, mut ledger, mut seat_rows) = ((0, 0), None, None);
    for part in parts {
        let (name, rest) = part.split_once(' ').unwrap_or((part, ""));
        let words = rest.split_whitespace();
        match name {
            "open" => opening = interval(rest),
            "ledger" => ledger = Some(words.map(sale).collect()),
            "seat" => seat_rows = Some(words.map(seat_row).collect()),
            _ => panic!("what is '{name}'?"),
        }
    }
    build(operations, opening, ledger, seat_rows)
}

/// A run from its parts, with the same defaults.
pub fn build(
    operations: Vec<Operation>,
    opening: (u64, u64),
    ledger: Option<Vec<Sale>>,
    seat_rows: Option<Vec<SeatRow>>,
) -> Run {
    let told = operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let ledger = ledger.unwrap_or_else(|| told.map(|op| sale(op.ticket.as_str())).collect());
    let holder = ledger.first().map_or("-", |sale| sale.ticket.as_str());
    let seat_rows = seat_rows.unwrap_or_else(|| vec![seat_row(holder)]);
    let end_us = operations.iter().map(|op| op.end_us).max().unwrap_or(0).max(opening.1);
    Run {
        version: Run::VERSION,
        id: name("run-1"),
        began_at_ms: 0,
        plan: Plan {
            backend: Backend::Dsql,
            seat: seat(),
            buyers: u32::try_from(operations.len()).unwrap(),
            think_ms: 20,
            seed: 0,
            regions: vec![name("us-east-1"), name("us-east-2")],
            connections_per_region: 64,
        },
        engine: Engine {
            stand_in: true,
            name: "a text".into(),
            consistency: "as written".into(),
            place: "this test".into(),
            settings: vec![],
        },
        opening: Opening { round: ROUND, start_us: opening.0, end_us: opening.1 },
        barrier_us: opening.1,
        end_us,
        operations,
        ledger,
        seat_rows,
    }
}

/// The text that [`run`] would parse to the same run.
pub fn text(run: &Run) -> String {
    let at = |round| if round == ROUND { String::new() } else { format!("@{round}") };
    let read = |read: &Read| {
        let (word, holder) = match &read.seen {
            Seen::Available => ("free", String::new()),
            Seen::Sold(ticket) => ("sold", format!("={}", ticket.as_str())),
        };
        format!(" {word}{}-{}{holder}{}", read.start_us, read.end_us, at(read.round))
    };
    let operation = |op: &Operation| {
        let reads: String = op.reads.iter().map(read).collect();
        format!("{} {}-{} {}{reads}", op.ticket.as_str(), op.start_us, op.end_us, op.outcome.as_str())
    };
    let sale = |sale: &Sale| format!(" {}{}", sale.ticket.as_str(), if sale.run.is_some() { "" } else { "*" });
    let row = |row: &SeatRow| {
        format!(" {}{}", row.holder.as_ref().map_or("-", |holder| holder.ticket.as_str()), at(row.round))
    };
    let operations: Vec<_> = run.operations.iter().map(operation).collect();
    format!(
        "{} ; open {}-{} ; ledger{} ; seat{}",
        operations.join(" | "),
        run.opening.start_us,
        run.opening.end_us,
        run.ledger.iter().map(sale).collect::<String>(),
        run.seat_rows.iter().map(row).collect::<String>()
    )
}

/// `Violated ✗ (1 double-sell): double-sell, stale-available`, `Inconclusive: NobodyRaced`, `Linearizable ✓`.
pub fn told(verdict: &RunVerdict) -> String {
    let rules: Vec<_> = verdict.findings.iter().map(|finding| finding.rule.name()).collect();
    match verdict.inconclusive_because {
        Some(reason) => format!("{}: {reason:?}", verdict.verdict),
        None if rules.is_empty() => verdict.verdict.to_string(),
        None => format!("{}: {}", verdict.verdict, rules.join(", ")),
    }
}

pub fn name<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub fn seat() -> SeatId {
    name("A1")
}

pub fn operation(text: &str) -> Operation {
    let mut words = text.split_whitespace();
    let ticket = words.next().unwrap();
    let (start_us, end_us) = interval(words.next().unwrap());
    let outcome = match words.next().unwrap() {
        "confirmed" => Outcome::Confirmed,
        "rejected" => Outcome::Rejected,
        "error" => Outcome::Error,
        "unknown" => Outcome::Unknown,
        other => panic!("what is '{other}'?"),
    };
    let reads: Vec<_> = words.map(read).collect();
    Operation {
        buyer: name::<BuyerName>(&format!("buyer-{ticket}")),
        region: name::<Region>("us-east-1"),
        ticket: name(ticket),
        start_us,
        connected_us: Some(start_us),
        end_us,
        attempts: u32::try_from(reads.len().max(1)).unwrap(),
        conflicts: 0,
        reads,
        outcome,
        reason: None,
    }
}

fn read(text: &str) -> Read {
    let (text, round) = at_round(text);
    let (text, holder) = text.split_once('=').map_or((text, None), |(text, holder)| (text, Some(holder)));
    let digits = text.trim_start_matches(char::is_alphabetic);
    let (start_us, end_us) = interval(digits);
    let seen = match &text[..text.len() - digits.len()] {
        "free" => Seen::Available,
        "sold" => Seen::Sold(name(holder.unwrap())),
        other => panic!("what is '{other}'?"),
    };
    Read { start_us, end_us, round, seen }
}

pub fn sale(text: &str) -> Sale {
    let ticket = text.trim_end_matches('*');
    Sale {
        seat: seat(),
        round: ROUND,
        ticket: name::<Ticket>(ticket),
        buyer: name(&format!("buyer-{ticket}")),
        region: name("us-east-1"),
        run: (ticket == text).then(|| name::<RunId>("run-1")),
        attempt: 1,
        sold_at_ms: 0,
    }
}

pub fn seat_row(text: &str) -> SeatRow {
    let (ticket, round) = at_round(text);
    let holder = (ticket != "-").then(|| Holder {
        owner: name(&format!("buyer-{ticket}")),
        ticket: name(ticket),
        region: name("us-east-1"),
    });
    SeatRow { seat: seat(), round, reset_round: 1, holder }
}

fn at_round(text: &str) -> (&str, Round) {
    text.split_once('@').map_or((text, ROUND), |(text, round)| (text, round.parse().unwrap()))
}

fn interval(text: &str) -> (u64, u64) {
    let (start, end) = text.split_once('-').unwrap();
    (start.parse().unwrap(), end.parse().unwrap())
}
