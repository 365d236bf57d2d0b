//! What the result card says in each state. One shape for all of them, so that nothing on the page jumps.

use super::{
    marks::{Mark, lanes},
    state::{Phase, Progress},
};
use crate::api::RunReport;
use onsale::{Backend, Engine, Outcome, Region, RunId, SeatId};
use witness::{Verdict, explain_reconciliation};

/// The card in words and marks; every field has its fixed place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// Which colour it wears: `calm`, `once`, `twice` or `maybe`.
    pub tone: &'static str,
    /// The huge number, or the sign in its place.
    pub big: String,
    /// What happened to whom.
    pub headline: String,
    /// The verdict, if there is one.
    pub verdict: String,
    /// How it came about.
    pub sentence: String,
    /// The buyers of each region.
    pub lanes: Vec<Lane>,
    /// How many were told what, as marks and words.
    pub legend: String,
    /// "60 of 60".
    pub answered: String,
    /// What follows it on the line.
    pub clock: String,
    /// Told, in the ledger, on the seats table, hidden.
    pub sources: [String; 4],
    /// The name of the fourth.
    pub hidden_name: &'static str,
    /// The focus, and what stands under it.
    pub focus: [String; 2],
    /// The same for the whole floor; empty where no floor is at hand.
    pub floor_wide: [String; 2],
    /// What answered.
    pub engine: String,
    /// Names of the tickets that hold the seat, oldest first.
    pub tickets: Vec<String>,
    /// How many there are in all.
    pub tickets_all: u64,
    /// What the witness checked, for an expert.
    pub expert: Vec<String>,
    /// The run's permanent name, once it has one.
    pub run: Option<RunId>,
    /// The run could not be stored.
    pub not_stored: bool,
    /// Something is going on.
    pub busy: bool,
    /// It failed, and waits to be dismissed.
    pub failed: bool,
}

/// The buyers of one region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// The region.
    pub name: String,
    /// Its buyers' marks, as HTML of ours.
    pub marks: String,
    /// The same for a reader who sees no marks.
    pub spoken: String,
}

/// A burst that could be asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// The chair, as typed.
    pub seat: String,
    /// How many buyers.
    pub buyers: u32,
    /// How long they think.
    pub think_ms: u32,
    /// Where they connect, if that is known.
    pub regions: Vec<Region>,
}

/// What the card says of a burst that is to come, under way, or over.
pub fn card(phase: &Phase, backend: Backend, wish: &Wish) -> Card {
    let seat = &wish.seat;
    match phase {
        Phase::Idle => idle(backend, wish),
        Phase::Asked => Card {
            headline: format!("Asking for seat {seat}."),
            sentence: "The seat's next round is opened and every connection is warmed, then all buyers start together."
                .to_owned(),
            busy: true,
            ..idle(backend, wish)
        },
        Phase::Queued(run, 0) => Card {
            headline: format!("Opening seat {seat}."),
            sentence: "The seat's next round is opened and every connection is warmed, then all buyers start together."
                .to_owned(),
            busy: true,
            run: Some(run.clone()),
            ..idle(backend, wish)
        },
        Phase::Queued(run, ahead) => Card {
            headline: format!("Waiting for seat {seat}."),
            sentence: format!(
                "{} before this one at the same seat. It starts by itself; closing the page does not stop it.",
                if *ahead == 1 {
                    "1 burst or reset comes".to_owned()
                } else {
                    format!("{ahead} bursts and resets come")
                }
            ),
            busy: true,
            run: Some(run.clone()),
            ..idle(backend, wish)
        },
        Phase::Running(progress) => running(progress, backend),
        Phase::Done(report) => done(report),
        Phase::Failed(error) => Card {
            headline: format!("The burst at seat {seat} has no result."),
            sentence: error.clone(),
            big: "–".to_owned(),
            failed: true,
            ..idle(backend, wish)
        },
    }
}

fn idle(backend: Backend, wish: &Wish) -> Card {
    let Wish { seat, buyers, think_ms, regions } = wish;
    let buyers = *buyers;
    let told = vec![None; buyers as usize];
    let nothing = || "–".to_owned();
    Card {
        tone: "calm",
        big: WAITING.to_owned(),
        headline: format!("Who gets seat {seat}?"),
        sentence: format!(
            "Press Break it: {} buyers, half of them in each region, read seat {seat}, think for {think_ms} ms and buy it. \
             Then the committed ledger is read back and counted.",
            grouped(buyers.into())
        ),
        lanes: lanes(&told, regions, false),
        legend: legend(&told, false),
        answered: format!("0 of {}", grouped(buyers.into())),
        clock: " answered · the clock starts when all buyers do".to_owned(),
        sources: [nothing(), nothing(), nothing(), nothing()],
        hidden_name: hidden_name(backend),
        focus: [nothing(), format!("seat {seat}, not measured yet")],
        ..Card::default()
    }
}

/// The mark of a buyer who waits, large.
const WAITING: &str = "○";

fn running(progress: &Progress, backend: Backend) -> Card {
    let all = progress.told.len();
    let answered = progress.told.iter().flatten().count();
    let sold = count(&progress.told, Outcome::Confirmed);
    let seat = progress.seat.to_string();
    let waits = answered == all;
    Card {
        big: if answered == 0 { WAITING.to_owned() } else { grouped(sold) },
        headline: if answered == 0 {
            format!("{} buyers read seat {seat} and think.", grouped(all as u64))
        } else {
            format!("told “seat {seat} is yours” so far")
        },
        sentence: if progress.interrupted {
            "The connection broke off; the burst goes on. Taking it up again.".to_owned()
        } else if waits {
            "Everybody was answered. Now the ledger is read back and the witness judges.".to_owned()
        } else {
            "The verdict follows when everybody was answered and the ledger was read back.".to_owned()
        },
        lanes: lanes(&progress.told, &progress.regions, sold > 1),
        legend: legend(&progress.told, sold > 1),
        answered: format!("{} of {}", grouped(answered as u64), grouped(all as u64)),
        clock: format!(" answered · {} ms", grouped(progress.ms)),
        focus: ["–".to_owned(), format!("seat {seat}, round {}", progress.round)],
        run: Some(progress.run.clone()),
        busy: true,
        ..idle(backend, &Wish::default())
    }
}

/// A finished run.
pub fn done(report: &RunReport) -> Card {
    let board = &report.scoreboard;
    let verdict = report.verdict.verdict;
    let (tone, big) = match verdict {
        Verdict::Linearizable => ("once", "0".to_owned()),
        Verdict::Violated { double_sells: 0 } => ("twice", "✗".to_owned()),
        Verdict::Violated { double_sells } => ("twice", grouped(double_sells)),
        Verdict::Unknown => ("maybe", "?".to_owned()),
        Verdict::Inconclusive => ("maybe", "–".to_owned()),
        Verdict::NoSales => ("calm", "–".to_owned()),
    };
    // The number stands beside the headline in its own size.
    let headline = match verdict {
        Verdict::Linearizable => format!("sold twice. {}", report.words.headline),
        _ => report.words.headline.strip_prefix(&big).unwrap_or(&report.words.headline).trim_start().to_owned(),
    };
    let mut told = vec![None; report.plan.buyers as usize];
    for fate in &report.fates {
        if let Some(told) = told.get_mut(fate.index as usize) {
            *told = Some(fate.outcome);
        }
    }
    let oversold = board.oversold > 0;
    Card {
        tone,
        big,
        headline,
        verdict: verdict.to_string(),
        sentence: report.words.sentence.clone(),
        lanes: lanes(&told, &report.plan.regions, oversold),
        legend: legend(&told, oversold),
        answered: format!("{} of {}", grouped(report.fates.len() as u64), grouped(report.plan.buyers.into())),
        clock: clock(report),
        sources: [board.app_believed, board.ledger_holders, board.seat_table_shows, board.hidden_by_seats_table]
            .map(grouped),
        hidden_name: hidden_name(report.plan.backend),
        focus: [
            several(report.verdict.double_sells, "double-sell", "double-sells"),
            format!(
                "seat {}, round {} · {}",
                report.plan.seat,
                report.round,
                explain_reconciliation(&report.verdict.reconciliation)
            ),
        ],
        floor_wide: report.floor_wide.as_ref().map_or_else(Default::default, |wide| {
            floor_wide(wide.double_sells, &wide.verdict.to_string(), wide.seats_checked)
        }),
        engine: engine_line(report.plan.backend, &report.engine),
        tickets: report.tickets.iter().map(ToString::to_string).collect(),
        tickets_all: board.ledger_holders,
        expert: report.words.expert.clone(),
        run: Some(report.run.clone()),
        not_stored: !report.stored,
        ..Card::default()
    }
}

/// The witness's word on a whole floor: the number, and the line under it.
pub fn floor_wide(double_sells: u64, verdict: &str, seats: u64) -> [String; 2] {
    [
        format!("{} floor-wide", grouped(double_sells)),
        format!("{verdict} · {} since the last reset", several(seats, "seat", "seats")),
    ]
}

fn clock(report: &RunReport) -> String {
    let board = &report.scoreboard;
    let mut line = format!(
        " answered in {} ms · {} raced · {}",
        grouped(board.duration_ms),
        grouped(board.contenders),
        several(board.conflicts, "conflict", "conflicts")
    );
    if board.conflicts == 0 {
        line.push_str(", the database refused nobody");
    } else {
        line.push_str(&format!(", at most {} each", several(board.max_retries.into(), "retry", "retries")));
    }
    if board.others > 0 {
        line.push_str(&format!(" · {} bought by others meanwhile", several(board.others, "ticket", "tickets")));
    }
    line.push_str(&format!(
        " · ${} in duplicate sales at ${FACE_VALUE} a seat (illustrative)",
        grouped(board.oversold * FACE_VALUE)
    ));
    line
}

/// What one ticket is said to cost. Illustrative.
const FACE_VALUE: u64 = 150;

/// Which engine stands behind a backend's name. No result of a stand-in is shown without it.
pub fn engine_line(backend: Backend, engine: &Engine) -> String {
    named_engine(backend, &engine.to_string())
}

/// "stand-in: X" as "stand-in for Y: X".
pub fn named_engine(backend: Backend, engine: &str) -> String {
    match engine.strip_prefix("stand-in: ") {
        Some(rest) => format!("stand-in for {}: {rest}", short_title(backend)),
        None => format!("{}: {engine}", short_title(backend)),
    }
}

/// The backend's name where there is little room.
pub fn short_title(backend: Backend) -> &'static str {
    match backend {
        Backend::Dsql => "Aurora DSQL",
        Backend::Naive => "DynamoDB Global Tables",
        Backend::Control => "known-bad control",
    }
}

fn hidden_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Naive => "Hidden by last writer wins",
        Backend::Dsql | Backend::Control => "Hidden by the seats table",
    }
}

fn legend(told: &[Option<Outcome>], oversold: bool) -> String {
    let mut out = String::new();
    for mark in Mark::ALL {
        let n = told.iter().filter(|told| Mark::of(**told, oversold) == mark).count();
        if n > 0 {
            out.push_str(&format!("<span>{} {} {}</span>", mark.html(), grouped(n as u64), mark.words()));
        }
    }
    out
}

fn count(told: &[Option<Outcome>], outcome: Outcome) -> u64 {
    told.iter().filter(|told| **told == Some(outcome)).count() as u64
}

/// The name of a lane before the server told it.
pub fn region_name(regions: &[Region], index: usize) -> String {
    regions.get(index).map_or_else(|| format!("region {}", index + 1), ToString::to_string)
}

/// `1 retry`, `2 retries`.
pub fn several(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// `12,345`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A seat's name as people say it.
pub fn spoken_seat(seat: SeatId) -> String {
    format!("row {} seat {}", seat.row(), seat.number())
}
