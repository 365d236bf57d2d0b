//! The numbers of a run's seats and the rounds it opened, counted from the run alone.

use crate::box_office::Sale;
use crate::history::{Outcome, Seen};
use crate::ids::{Round, SeatId};
use crate::run::Run;
use crate::seat_index::SeatIndex;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The scoreboard. Names are the API's; of a rush, every number is the sum over its seats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scoreboard {
    /// Distinct confirmed sales in the committed ledger for the round, whoever bought.
    pub confirmed: u64,
    /// The same number, under the original's name.
    pub ledger_holders: u64,
    /// Of these, how many were sold outside this run.
    pub others: u64,
    /// `max(0, confirmed − 1)`: people who hold a ticket for a chair that is taken.
    pub oversold: u64,
    /// Buyers told "confirmed".
    pub app_believed: u64,
    /// Buyers told "sold".
    pub rejected: u64,
    /// Buyers told "error": it certainly did not happen.
    pub errors: u64,
    /// Buyers who could be told nothing.
    pub unknown: u64,
    /// Owners the seats table displays for the round, 0 or 1 a seat.
    pub seat_table_shows: u64,
    /// `max(0, confirmed − seatTableShows)`: what the seats table hides.
    pub hidden_by_seats_table: u64,
    /// The most retries of any buyer.
    pub max_retries: u32,
    /// How often the database aborted a racing transaction.
    pub conflicts: u64,
    /// Buyers who read "available" in any attempt.
    pub contenders: u64,
    /// Of these, how many did so in a read that began after a sale was acknowledged, by more than the clocks may differ.
    pub stale_reads: u64,
    /// From the first start to the last, in microseconds.
    pub starts_within_us: u64,
    /// From the fall of the barrier to the last answer, in milliseconds, rounded up.
    pub duration_ms: u64,
}

impl Scoreboard {
    /// Counts `run`.
    pub fn of(run: &Run) -> Self {
        let mut board = Self::sales(run);
        board.duration_ms = run.end_us.saturating_sub(run.barrier_us).div_ceil(1000);
        let acknowledged = Acknowledged::of(run);
        let (mut first_us, mut last_us) = (u64::MAX, 0);
        for op in &run.operations {
            match op.outcome {
                Outcome::Confirmed => board.app_believed += 1,
                Outcome::Rejected => board.rejected += 1,
                Outcome::Error => board.errors += 1,
                Outcome::Unknown => board.unknown += 1,
            }
            board.max_retries = board.max_retries.max(op.attempts.saturating_sub(1));
            board.conflicts += u64::from(op.conflicts);
            let available = op.reads.iter().filter(|read| read.seen == Seen::Available);
            if let Some(last_us) = available.map(|read| read.start_us).max() {
                board.contenders += 1;
                board.stale_reads += u64::from(acknowledged.before(last_us, op.seat));
            }
            (first_us, last_us) = (first_us.min(op.start_us), last_us.max(op.start_us));
        }
        board.starts_within_us = last_us.saturating_sub(first_us);
        board
    }

    /// Counts what the ledger and the seats table say of the seats in the rounds that the run opened, and nothing else.
    /// A row of another round is another sale and does not count. Almost every seat is opened once and sold once at
    /// most; only the others' rows are sorted.
    pub fn sales(run: &Run) -> Self {
        let index = SeatIndex::of(run.openings.iter().map(|opening| opening.seat));
        let mut seats = vec![Counted::default(); run.openings.len()];
        let opened = |seat, round| index.get(seat).filter(|at| run.openings[*at].round == round);
        for at in run.openings.iter().filter_map(|opening| index.get(opening.seat)) {
            seats[at].openings = seats[at].openings.saturating_add(1);
        }
        for sale in &run.ledger {
            if let Some(at) = opened(sale.seat, sale.round) {
                seats[at].sales = seats[at].sales.saturating_add(1);
                seats[at].outside |= is_outside(sale, run);
            }
        }
        for row in run.seat_rows.iter().filter(|row| row.holder.is_some()) {
            if let Some(at) = opened(row.seat, row.round) {
                seats[at].shown = true;
            }
        }
        let is_plain = |seat| index.get(seat).is_none_or(|at| seats[at].is_plain());
        let mut board = if seats.iter().all(Counted::is_plain) { Self::default() } else { Self::sorted(run, is_plain) };
        for seat in seats.iter().filter(|seat| seat.is_plain()) {
            board.add(seat.sales.into(), seat.outside.into(), seat.shown);
        }
        board
    }

    /// Counts the seats that are not plain.
    fn sorted(run: &Run, is_plain: impl Fn(SeatId) -> bool) -> Self {
        let mut opened: Vec<_> = run.openings.iter().map(|opening| (opening.seat, opening.round)).collect();
        let sales = run.ledger.iter().zip(0..).map(|(sale, at)| ((sale.seat, sale.round), is_outside(sale, run), at));
        let mut sales: Vec<_> = sales.filter(|sale| !is_plain(sale.0.0)).collect();
        let held = run.seat_rows.iter().filter(|row| row.holder.is_some()).map(|row| (row.seat, row.round));
        let mut held: Vec<_> = held.filter(|held| !is_plain(held.0)).collect();
        opened.retain(|opened| !is_plain(opened.0));
        opened.sort_unstable();
        opened.dedup();
        sales.sort_unstable();
        held.sort_unstable();
        held.dedup();

        let mut sales = sales.chunk_by(|a, b| a.0 == b.0).peekable();
        let mut held = held.into_iter().peekable();
        let mut board = Self::default();
        for round in opened {
            while sales.next_if(|sales| sales[0].0 < round).is_some() {}
            while held.next_if(|held| *held < round).is_some() {}
            let sold = sales.next_if(|sales| sales[0].0 == round).unwrap_or_default();
            let twice = same_tickets(run, sold);
            let others = sold.iter().filter(|(_, outside, at)| *outside && !twice.contains(at)).count();
            let shown = held.next_if(|held| *held == round).is_some();
            board.add((sold.len() - twice.len()) as u64, others as u64, shown);
        }
        board
    }

    /// Adds one round of one seat. Oversold is counted here and nowhere else.
    fn add(&mut self, holders: u64, others: u64, shown: bool) {
        self.confirmed += holders;
        self.ledger_holders += holders;
        self.others += others;
        self.oversold += holders.saturating_sub(1);
        self.seat_table_shows += u64::from(shown);
        self.hidden_by_seats_table += holders.saturating_sub(shown.into());
    }
}

/// What a first pass counts of a seat.
#[derive(Clone, Default)]
struct Counted {
    openings: u8,
    sales: u8,
    outside: bool,
    shown: bool,
}

impl Counted {
    /// Opened once, and sold once at most: no ticket can stand there twice.
    fn is_plain(&self) -> bool {
        self.openings < 2 && self.sales < 2
    }
}

fn is_outside(sale: &Sale, run: &Run) -> bool {
    sale.run.as_ref() != Some(&run.id)
}

/// Of rows in one round, those whose ticket stands in an earlier one too.
fn same_tickets(run: &Run, sold: &[((SeatId, Round), bool, usize)]) -> HashSet<usize> {
    if sold.len() < 2 {
        return HashSet::new();
    }
    let mut seen = HashSet::with_capacity(sold.len());
    sold.iter().map(|sale| sale.2).filter(|at| !seen.insert(&run.ledger[*at].ticket)).collect()
}

/// When the first sale of each seat was acknowledged, at the latest that the clocks allow.
struct Acknowledged {
    index: SeatIndex,
    first_us: Vec<u64>,
}

impl Acknowledged {
    fn of(run: &Run) -> Self {
        let (mut index, mut first_us) = (SeatIndex::default(), Vec::new());
        for op in run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed) {
            let told_us = op.end_us.saturating_add(run.skew_us);
            if let Some(at) = index.get(op.seat) {
                first_us[at] = told_us.min(first_us[at]);
            } else {
                index.set(op.seat, first_us.len());
                first_us.push(told_us);
            }
        }
        Self { index, first_us }
    }

    /// Whether a sale of `seat` had been acknowledged before `us`.
    fn before(&self, us: u64, seat: SeatId) -> bool {
        self.index.get(seat).is_some_and(|at| us > self.first_us[at])
    }
}
