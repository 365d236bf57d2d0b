//! Runs from one line of text, and verdicts as one line of text.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "shared by several test binaries")]

use onsale::{
    Backend, BuyerName, Engine, Holder, Host, Opening, Operation, Outcome, Plan, Read, Region, Round, Run, RunId, Sale,
    SeatId, SeatRow, Seen, Ticket,
};
use std::collections::BTreeSet;
use std::str::FromStr;
use witness::RunVerdict;

/// The round that every run written here opens.
pub const ROUND: Round = 6;

/// Parses `a 0-9 confirmed free1-2 | b 0-8 rejected sold5-6=a ; open 0-0 ; ledger a x* ; seat a`.
///
/// An operation is its ticket, its interval, its outcome and its reads; `free1-2@5` is a read of round 5. A ledger ticket
/// with `*` was sold outside the run, `a@5` in round 5. Left out, the openings are over at 0, the ledger holds what was
/// told, and the seats table shows each seat's first ticket. `seat - a@7` are two rows: nobody, and a's in round 7.
/// Everything is about seat A1 unless it says otherwise: `B2:b 0-9 confirmed`, `ledger B2:b`, `open 0-0 B2:0-1@7`.
/// `skew 100` says that its clocks may differ by 100.
pub fn run(text: &str) -> Run {
    let mut parts = text.split(';').map(str::trim);
    let operations: Vec<_> =
        parts.next().unwrap().split('|').map(str::trim).filter(|t| !t.is_empty()).map(operation).collect();
    let (mut openings, mut ledger, mut seat_rows, mut skew_us) = (None, None, None, 0);
    for part in parts {
        let (name, rest) = part.split_once(' ').unwrap_or((part, ""));
        let words = rest.split_whitespace();
        match name {
            "open" => openings = Some(words.map(opening).collect()),
            "ledger" => ledger = Some(words.map(sale).collect()),
            "seat" => seat_rows = Some(words.map(seat_row).collect()),
            "skew" => skew_us = rest.parse().unwrap(),
            _ => panic!("what is '{name}'?"),
        }
    }
    Run { skew_us, ..build(operations, openings, ledger, seat_rows) }
}

/// A run from its parts, with the same defaults.
pub fn build(
    operations: Vec<Operation>,
    openings: Option<Vec<Opening>>,
    ledger: Option<Vec<Sale>>,
    seat_rows: Option<Vec<SeatRow>>,
) -> Run {
    let told = operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let ledger = ledger.unwrap_or_else(|| told.map(|op| sale(&at_seat(op.seat, op.ticket.as_str()))).collect());
    let openings = openings.unwrap_or_else(|| {
        let mut seats: BTreeSet<_> = operations.iter().map(|op| op.seat).collect();
        if seats.is_empty() {
            seats.insert(seat());
        }
        seats.into_iter().map(|seat| Opening { seat, round: ROUND, start_us: 0, end_us: 0 }).collect()
    });
    let mut seats: Vec<_> = openings.iter().map(|opening| opening.seat).collect::<BTreeSet<_>>().into_iter().collect();
    let seat_rows = seat_rows.unwrap_or_else(|| {
        let first = |seat: &SeatId| ledger.iter().find(|sale| sale.seat == *seat);
        let holder = |seat| first(seat).map_or("-", |sale| sale.ticket.as_str());
        seats.iter().map(|seat| seat_row(&at_seat(*seat, holder(seat)))).collect()
    });
    if seats.is_empty() {
        seats.push(seat());
    }
    let opened_us = openings.iter().map(|opening| opening.end_us).max().unwrap_or(0);
    let end_us = operations.iter().map(|op| op.end_us).max().unwrap_or(0).max(opened_us);
    Run {
        version: Run::VERSION,
        id: name("run-1"),
        began_at_ms: 0,
        plan: Plan {
            backend: Backend::Dsql,
            seats,
            buyers: u32::try_from(operations.len()).unwrap(),
            think_ms: 20,
            seed: 0,
            regions: vec![name("us-east-1"), name("us-east-2")],
            connections_per_region: 64,
        },
        engine: Engine {
            stand_in: true,
            own: false,
            name: "a text".into(),
            consistency: "as written".into(),
            place: "this test".into(),
            settings: vec![],
        },
        host: Host { worldseat: "a test".into(), machine: "any".into() },
        openings,
        skew_us: 0,
        barrier_us: opened_us,
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
        let ticket = at_seat(op.seat, op.ticket.as_str());
        format!("{ticket} {}-{} {}{reads}", op.start_us, op.end_us, op.outcome.as_str())
    };
    let opening = |opening: &Opening| {
        let interval = format!("{}-{}", opening.start_us, opening.end_us);
        format!(" {}{}", at_seat(opening.seat, &interval), at(opening.round))
    };
    let sale = |sale: &Sale| {
        let outside = if sale.run.is_some() { "" } else { "*" };
        format!(" {}{outside}{}", at_seat(sale.seat, sale.ticket.as_str()), at(sale.round))
    };
    let row = |row: &SeatRow| {
        let holder = row.holder.as_ref().map_or("-", |holder| holder.ticket.as_str());
        format!(" {}{}", at_seat(row.seat, holder), at(row.round))
    };
    let operations: Vec<_> = run.operations.iter().map(operation).collect();
    format!(
        "{} ; open{} ; ledger{} ; seat{} ; skew {}",
        operations.join(" | "),
        run.openings.iter().map(opening).collect::<String>(),
        run.ledger.iter().map(sale).collect::<String>(),
        run.seat_rows.iter().map(row).collect::<String>(),
        run.skew_us
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
    let (seat, text) = split_seat(text);
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
    let reads: onsale::Reads = words.map(read).collect();
    Operation {
        buyer: name::<BuyerName>(&format!("buyer-{ticket}")),
        region: name::<Region>("us-east-1"),
        seat,
        ticket: name(ticket),
        start_us,
        connected_us: Some(start_us),
        end_us,
        attempts: u32::try_from(reads.len().max(1)).unwrap(),
        conflicts: 0,
        schema_conflicts: 0,
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

pub fn opening(text: &str) -> Opening {
    let (seat, text) = split_seat(text);
    let (text, round) = at_round(text);
    let (start_us, end_us) = interval(text);
    Opening { seat, round, start_us, end_us }
}

pub fn sale(text: &str) -> Sale {
    let (seat, text) = split_seat(text);
    let (text, round) = at_round(text);
    let ticket = text.trim_end_matches('*');
    Sale {
        seat,
        round,
        ticket: name::<Ticket>(ticket),
        buyer: name(&format!("buyer-{ticket}")),
        region: name("us-east-1"),
        run: (ticket == text).then(|| name::<RunId>("run-1")),
        attempt: 1,
        sold_at_ms: 0,
    }
}

pub fn seat_row(text: &str) -> SeatRow {
    let (seat, text) = split_seat(text);
    let (ticket, round) = at_round(text);
    let holder = (ticket != "-").then(|| Holder {
        owner: name(&format!("buyer-{ticket}")),
        ticket: name(ticket),
        region: name("us-east-1"),
    });
    SeatRow { seat, round, reset_round: 1, holder }
}

fn split_seat(text: &str) -> (SeatId, &str) {
    text.split_once(':').map_or((seat(), text), |(seat, text)| (name(seat), text))
}

/// `text`, with its seat in front unless that is A1.
fn at_seat(at: SeatId, text: &str) -> String {
    if at == seat() { text.to_owned() } else { format!("{at}:{text}") }
}

fn at_round(text: &str) -> (&str, Round) {
    text.split_once('@').map_or((text, ROUND), |(text, round)| (text, round.parse().unwrap()))
}

fn interval(text: &str) -> (u64, u64) {
    let (start, end) = text.split_once('-').unwrap();
    (start.parse().unwrap(), end.parse().unwrap())
}
