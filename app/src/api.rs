//! What travels between server, browser and clients: the JSON API's bodies and the page's own views.
//!
//! The field names of the first part are the original WorldSeat's; its clients read them. Fields may be added, none
//! renamed or removed.

use crate::island::card::Card;
use onsale::{Backend, BuyerName, Engine, Plan, Region, Round, RunId, Scoreboard, SeatId, Ticket};
use serde::{Deserialize, Serialize};

/// `GET /api/seats`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatsAnswer {
    /// Whose.
    pub backend: Backend,
    /// Every seat of the floor, in floor order.
    pub seats: Vec<SeatAnswer>,
}

/// One seat of [`SeatsAnswer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatAnswer {
    /// The chair.
    pub seat_id: SeatId,
    /// "available" or "sold".
    pub status: String,
    /// Whom the seats table shows.
    pub owner: Option<BuyerName>,
    /// Through which region it was bought.
    pub region: Option<Region>,
    /// Which sale of the chair this is.
    pub round: Round,
}

/// One buyer's answer: `POST /api/purchase`, and one entry of a burst's `outcomes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PurchaseAnswer {
    /// Where; left out inside a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// confirmed, rejected, error or unknown.
    pub outcome: onsale::Outcome,
    /// How often the purchase ran.
    pub attempts: u32,
    /// Where the buyer connected.
    pub region: Region,
    /// Who.
    pub buyer: BuyerName,
    /// The chair.
    pub seat: SeatId,
    /// From call to answer, in milliseconds.
    pub ms: u64,
    /// The confirmation code, of a confirmed or unknown purchase.
    #[serde(rename = "ticketId", default, skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<Ticket>,
    /// Why, for error and unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /api/breakit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakItAnswer {
    /// Where.
    pub backend: Backend,
    /// The chair.
    pub seat: SeatId,
    /// Buyers.
    pub concurrency: u32,
    /// Buyers alternate between these.
    pub regions: Vec<Region>,
    /// The numbers of the seat's round.
    #[serde(flatten)]
    pub scoreboard: Scoreboard,
    /// The pause between reading and writing, in milliseconds.
    pub think_ms: u32,
    /// What each buyer was told.
    pub outcomes: Vec<PurchaseAnswer>,
    /// The numbers in one sentence.
    pub verdict: String,
    /// The witness's verdict on the run.
    pub witness: String,
    /// The run's permanent name.
    pub run: RunId,
}

/// `POST /api/reset`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResetAnswer {
    /// Where.
    pub backend: Backend,
    /// Seats named; all of the floor's without a list.
    pub reset: usize,
}

/// `GET /api/tickets`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketsAnswer {
    /// Where.
    pub backend: Backend,
    /// Whose.
    pub buyer: BuyerName,
    /// Newest first.
    pub tickets: Vec<TicketAnswer>,
}

/// One ticket, read back from the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketAnswer {
    /// The chair.
    pub seat_id: SeatId,
    /// The confirmation code.
    #[serde(rename = "ticketId")]
    pub ticket_id: Ticket,
    /// Through which region.
    pub region: Region,
    /// When, in milliseconds since 1970.
    pub ts: i64,
    /// Which sale of the chair.
    pub round: Round,
}

/// `GET /api/witness`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WitnessAnswer {
    /// Where.
    pub backend: Backend,
    /// No seat was sold twice. Kept for old clients: a count of sales cannot show that a history is linearizable.
    pub linearizable: bool,
    /// Σ over seats and rounds of max(0, confirmed − 1), since the last reset.
    pub double_sells: u64,
    /// Distinct seats with a sale since the last reset.
    pub seats_checked: u64,
    /// The seats and rounds sold more than once.
    pub violations: Vec<ViolationAnswer>,
    /// The asked-for seat in its current round.
    pub focus: Option<FocusAnswer>,
    /// `Sold once ✓ (N seats)`, `Violated ✗ (N double-sells)` or `No sales recorded yet`.
    pub verdict: String,
    /// In a sentence.
    pub explanation: String,
    /// The floor's stored bursts, by how each was judged when it ended; `None` if the store did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bursts: Option<JudgedBursts>,
}

/// How many of a floor's stored bursts were judged how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedBursts {
    /// All of them.
    pub judged: u64,
    /// `Linearizable ✓`.
    pub linearizable: u64,
    /// `Violated ✗`.
    pub violated: u64,
    /// `Unknown ?`.
    pub unknown: u64,
    /// `Inconclusive`, or without a sale.
    pub inconclusive: u64,
}

/// One seat and round that was sold more than once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViolationAnswer {
    /// The chair.
    pub seat_id: SeatId,
    /// Confirmed sales.
    pub confirmed: u64,
    /// Which sale of the chair.
    pub round: Round,
    /// The tickets that hold it, for the first few violations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
}

/// The witness's word on one seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FocusAnswer {
    /// The chair.
    #[serde(rename = "seat_id")]
    pub seat_id: SeatId,
    /// Confirmed sales in its current round.
    pub confirmed: u64,
    /// `max(0, confirmed − 1)`.
    pub oversold: u64,
    /// Owners the seats table displays.
    pub seat_table_shows: u64,
    /// `max(0, confirmed − seatTableShows)`.
    pub hidden: u64,
    /// Its current round.
    pub round: Round,
}

// ------------------------------------------------------------------------------------------------ the page's own views

/// What the on-sale page shows of one floor on one backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FloorView {
    /// Where.
    pub backend: Backend,
    /// What is really answering, in one line: "stand-in: PostgreSQL 15.18, REPEATABLE READ, this machine".
    pub engine: String,
    /// The two regions buyers connect to.
    pub regions: Vec<Region>,
    /// Every seat, in floor order.
    pub seats: Vec<FloorSeat>,
    /// The visitor's tickets, newest first.
    pub tickets: Vec<TicketAnswer>,
    /// The floor-wide witness.
    pub witness: WitnessAnswer,
}

/// One chair on the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FloorSeat {
    /// The chair.
    pub seat: SeatId,
    /// The sale it is in.
    pub round: Round,
    /// Whom the seats table shows.
    pub owner: Option<BuyerName>,
    /// Confirmed sales of this round in the ledger; more than one is a violation.
    pub holders: u64,
}

/// What a press on Break it led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BurstStart {
    /// It runs; watch `/api/runs/{run}/events`.
    Started {
        /// The run.
        run: RunId,
        /// Bursts and resets of this seat that come first.
        ahead: usize,
    },
    /// Somebody bought this seat for real: opening it again needs a yes.
    Ask {
        /// The chair.
        seat: SeatId,
        /// Who holds it.
        owner: BuyerName,
    },
}

/// One event of a burst's stream; the server-sent event's name is `burst`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum BurstEvent {
    /// The seat is open, every connection is warm, the barrier is about to fall.
    Ready {
        /// The plan, with the engine that answers.
        plan: Plan,
        /// What is really answering.
        engine: Engine,
        /// The round that was opened.
        round: Round,
    },
    /// Buyers were answered since the last event.
    Fates {
        /// Their fates.
        fates: Vec<Fate>,
        /// Milliseconds since the barrier fell.
        ms: u64,
    },
    /// All were answered, and the ledger was read back.
    Report(Box<RunReport>),
    /// The burst could not be done.
    Failed {
        /// What happened and what to do.
        error: String,
    },
}

/// What one buyer was told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fate {
    /// Which buyer, from 0 in the plan's order; the region is `index % 2`.
    #[serde(rename = "i")]
    pub index: u32,
    /// confirmed, rejected, error or unknown.
    #[serde(rename = "o")]
    pub outcome: onsale::Outcome,
}

/// A finished run as a page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its permanent name.
    pub run: RunId,
    /// When it began, in milliseconds since 1970.
    pub began_at_ms: i64,
    /// The plan.
    pub plan: Plan,
    /// What answered.
    pub engine: Engine,
    /// The round it opened.
    pub round: Round,
    /// Everybody's fate, in the plan's order.
    pub fates: Vec<Fate>,
    /// The numbers.
    pub scoreboard: Scoreboard,
    /// The witness's verdict, its evidence and the reconciliation.
    pub verdict: witness::RunVerdict,
    /// The verdict in sentences.
    pub words: witness::Words,
    /// The tickets that hold the seat, oldest first; the first hundred.
    pub tickets: Vec<Ticket>,
    /// Whether it could be stored; if not, its link ends with the server.
    pub stored: bool,
    /// The same in the words of the page.
    pub card: Card,
}
