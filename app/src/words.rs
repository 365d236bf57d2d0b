//! Floors and runs in words that are ready to be shown, made on the server so that the browser need not.

use crate::api::{FloorSeat, FloorView, JudgedBursts, RunReport, TicketAnswer};
use crate::island::{
    card::{Card, grouped},
    setup::{Floor, Look, ShopWords},
};
use leptos::prelude::*;
use onsale::{Backend, BuyerName, Engine, SeatId};
use std::collections::BTreeSet;
use witness::{Rule, Verdict, explain_reconciliation};

/// The colour of a verdict: only one of them is green.
pub fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Linearizable => "once",
        Verdict::Violated { .. } => "twice",
        Verdict::Unknown | Verdict::Inconclusive => "maybe",
        Verdict::NoSales => "calm",
    }
}

/// A finished run as its card shows it.
pub fn card(report: &RunReport) -> Card {
    let board = &report.scoreboard;
    let verdict = report.verdict.verdict;
    let big = match verdict {
        Verdict::Linearizable => "0".to_owned(),
        Verdict::Violated { double_sells: 0 } => "✗".to_owned(),
        Verdict::Violated { double_sells } => grouped(double_sells),
        Verdict::Unknown => "?".to_owned(),
        Verdict::Inconclusive | Verdict::NoSales => "–".to_owned(),
    };
    // The number stands beside the headline in its own size.
    let headline = match verdict {
        Verdict::Linearizable => format!("sold twice. {}", report.words.headline),
        _ => report.words.headline.strip_prefix(&big).unwrap_or(&report.words.headline).trim_start().to_owned(),
    };
    let books = explain_reconciliation(&report.verdict.reconciliation);
    let engine = if report.stored {
        engine_line(report.plan.backend, &report.engine)
    } else {
        format!("{} · not stored: the link ends with the server", engine_line(report.plan.backend, &report.engine))
    };
    let mut card = Card {
        tone: tone(verdict).to_owned(),
        big,
        headline,
        verdict: verdict.to_string(),
        sentence: report.words.sentence.clone(),
        oversold: board.oversold > 0,
        answered: format!("{} of {}", grouped(report.fates.len() as u64), grouped(report.plan.buyers.into())),
        clock: clock(report),
        sources: [board.app_believed, board.ledger_holders, board.seat_table_shows, board.hidden_by_seats_table]
            .map(grouped),
        hidden_name: hidden_name(report.plan.backend).to_owned(),
        focus: [
            several(report.verdict.double_sells, "double-sell", "double-sells"),
            format!("{} · {books}", place(report)),
        ],
        engine,
        address: format!("/run/{}", report.run),
        summary: match board.ledger_holders {
            0 => "What the witness checked".to_owned(),
            1 => "The ticket, and what the witness checked".to_owned(),
            n => format!("The {} tickets, and what the witness checked", grouped(n)),
        },
        evidence: evidence(report),
        ..Card::default()
    };
    let mut told = vec![None; report.plan.buyers as usize];
    for fate in &report.fates {
        if let Some(told) = told.get_mut(fate.index as usize) {
            *told = Some(fate.outcome);
        }
    }
    let regions: Vec<_> = report.plan.regions.iter().map(ToString::to_string).collect();
    // Of a rush, only the buyers at a seat that was sold twice are marked so.
    let twice: BTreeSet<SeatId> =
        report.verdict.findings.iter().filter(|f| f.rule == Rule::DoubleSell).map(|f| f.seat).collect();
    let (seats, spread) = (&report.plan.seats, regions.len().max(1));
    card.draw(&told, &regions, |buyer| twice.contains(&seats[buyer / spread % seats.len()]));
    card
}

/// Where a run was: its seat and round, or how many seats a rush was at.
pub fn place(report: &RunReport) -> String {
    match report.plan.seats[..] {
        [seat] => format!("seat {seat}, round {}", report.round),
        _ => format!("{} seats, a rush", report.plan.seats.len()),
    }
}

/// The line of the clock, after "60 of 60".
fn clock(report: &RunReport) -> String {
    let board = &report.scoreboard;
    let refused = match board.conflicts {
        0 => "0 conflicts, the database refused nobody".to_owned(),
        n => format!(
            "{}, at most {} each",
            several(n, "conflict", "conflicts"),
            several(board.max_retries.into(), "retry", "retries")
        ),
    };
    let others = match board.others {
        0 => String::new(),
        n => format!(" · {} bought by others meanwhile", several(n, "ticket", "tickets")),
    };
    format!(
        " answered in {} ms · {} raced · {refused}{others} · ${} in duplicate sales at ${FACE_VALUE} a seat (illustrative)",
        grouped(board.duration_ms),
        grouped(board.contenders),
        grouped(board.oversold * FACE_VALUE)
    )
}

/// What one ticket is said to cost. Illustrative.
const FACE_VALUE: u64 = 150;

/// The tickets that hold the seat, oldest first, and the witness's notes.
fn evidence(report: &RunReport) -> String {
    let more = report.scoreboard.ledger_holders.saturating_sub(report.tickets.len() as u64);
    let tickets = report.tickets.iter().map(|ticket| view! { <li>{ticket.to_string()}</li> }).collect_view();
    let notes = report.words.expert.iter().map(|note| view! { <li>{note.clone()}</li> }).collect_view();
    view! {
        <ol class="codes" tabindex="0" aria-label="Tickets">{tickets}</ol>
        {(more > 0).then(|| view! { <p>"and "{grouped(more)}" more"</p> })}
        <ul>{notes}</ul>
    }
    .to_html()
}

impl Floor {
    /// A floor as `buyer` sees it.
    pub fn of(view: &FloorView, buyer: &BuyerName) -> Self {
        let looks: Vec<Look> = view.seats.iter().map(|seat| look(seat, buyer)).collect();
        let sold = looks.iter().filter(|look| **look != Look::Free).count();
        let stubs = view.tickets.iter().map(|ticket| stub(view, ticket)).collect_view();
        let wide = &view.witness;
        Self {
            shop: view.backend.to_string(),
            engine: named_engine(view.backend, &view.engine),
            regions: view.regions.iter().map(ToString::to_string).collect(),
            looks: looks.into_iter().map(Look::letter).collect(),
            tally: format!("{sold} of {} sold", view.seats.len()),
            floor_wide: [wide.verdict.clone(), floor_wide_line(wide.bursts)],
            stubs: stubs.to_html(),
            stubs_tally: match view.tickets.len() {
                0 => "none yet".to_owned(),
                n => format!("{n}, read back from the ledger"),
            },
        }
    }

    /// The same for a browser that keeps no cookie, which must be told what that means.
    #[must_use]
    pub fn without_cookies(mut self) -> Self {
        self.stubs.insert_str(0, NO_COOKIE);
        self
    }
}

/// Above the tickets of a browser that keeps no cookie.
const NO_COOKIE: &str = "<li>This browser keeps no cookie. Write down your confirmation codes: if you open this site again, it \
                         cannot show your tickets.</li>";

/// A seat is sold if the seats table or the ledger says so: on the foil they may differ.
fn look(seat: &FloorSeat, buyer: &BuyerName) -> Look {
    match seat {
        FloorSeat { holders: 2.., .. } => Look::Twice,
        FloorSeat { owner: Some(owner), .. } if owner == buyer => Look::Mine,
        FloorSeat { owner: None, holders: 0, .. } => Look::Free,
        _ => Look::Sold,
    }
}

fn stub(view: &FloorView, ticket: &TicketAnswer) -> impl IntoView + use<> {
    let now = view.seats.iter().find(|seat| seat.seat == ticket.seat_id).map(|seat| seat.round);
    let earlier = now.is_some_and(|now| ticket.round < now);
    let round = if earlier {
        format!("round {}, an earlier sale of this chair", ticket.round)
    } else {
        format!("round {}", ticket.round)
    };
    view! {
        <li class=if earlier { "stub earlier" } else { "stub" }>
            <b>{ticket.seat_id.to_string()}</b>
            <code>{ticket.ticket_id.to_string()}</code>
            <span>{ticket.region.to_string()}<br />{round}</span>
        </li>
    }
}

/// What stands under the floor-wide verdict: a count of sales since the last reset, and how the bursts were judged.
fn floor_wide_line(bursts: Option<JudgedBursts>) -> String {
    let counted = "floor-wide, counted in the ledger since the last reset";
    let Some(bursts) = bursts else { return counted.to_owned() };
    if bursts.judged == 0 {
        return format!("{counted} · no recorded burst yet");
    }
    let verdicts = [
        (bursts.linearizable, "Linearizable ✓"),
        (bursts.violated, "Violated ✗"),
        (bursts.unknown, "Unknown ?"),
        (bursts.inconclusive, "Inconclusive"),
    ];
    let verdicts = verdicts.iter().filter(|(n, _)| *n > 0).map(|(n, verdict)| format!("{} {verdict}", grouped(*n)));
    let judged = several(bursts.judged, "recorded burst", "recorded bursts");
    format!("{counted} · {judged} judged: {}", verdicts.collect::<Vec<_>>().join(", "))
}

/// How the page names a backend.
pub fn shop_words(backend: Backend, title: Option<&str>) -> ShopWords {
    let name = title.unwrap_or(match backend {
        Backend::Dsql => "Aurora DSQL",
        Backend::Naive => "DynamoDB · foil",
        Backend::Control => "Known-bad control",
    });
    ShopWords {
        id: backend.to_string(),
        name: name.to_owned(),
        title: title.unwrap_or(backend.title()).to_owned(),
        hidden_name: hidden_name(backend).to_owned(),
    }
}

fn hidden_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Naive => "Hidden by last writer wins",
        Backend::Dsql | Backend::Control => "Hidden by the seats table",
    }
}

/// Which engine stands behind a backend's name. No result of a stand-in is shown without it.
pub fn engine_line(backend: Backend, engine: &Engine) -> String {
    named_engine(backend, &engine.to_string())
}

/// "stand-in: X" as "stand-in for Y: X".
fn named_engine(backend: Backend, engine: &str) -> String {
    if engine.starts_with(Engine::OWN) {
        return engine.to_owned();
    }
    match engine.strip_prefix(Engine::STAND_IN) {
        // It stands in for nothing: it is there to be caught.
        Some(rest) if backend == Backend::Control => format!("{}: {rest}", short_title(backend)),
        Some(rest) => format!("stand-in for {}: {rest}", short_title(backend)),
        None => format!("{}: {engine}", short_title(backend)),
    }
}

/// What was really tested, where there is little room, from the line that names the engine.
pub fn tested(backend: Backend, engine: &str) -> String {
    match engine {
        own if own.starts_with(Engine::OWN) => "the database under test".to_owned(),
        stand_in if stand_in.starts_with("stand-in") => format!("the stand-in for {}", short_title(backend)),
        _ => short_title(backend).to_owned(),
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

/// `1 retry`, `2 retries`.
pub fn several(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}
