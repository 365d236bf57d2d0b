//! The numbers of a run's seats and the rounds it opened, counted from the run alone.

use crate::box_office::Sale;
use crate::history::{Operation, Outcome, Seen};
use crate::ids::{Round, SeatId};
use crate::run::Run;
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
        let mut board = Self {
            stale_reads: stale_readers(run),
            duration_ms: run.end_us.saturating_sub(run.barrier_us).div_ceil(1000),
            ..Self::sales(run)
        };
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
            board.contenders += u64::from(op.contended());
            (first_us, last_us) = (first_us.min(op.start_us), last_us.max(op.start_us));
        }
        board.starts_within_us = last_us.saturating_sub(first_us);
        board
    }

    /// Counts what the ledger and the seats table say of the seats in the rounds that the run opened, and nothing else.
    /// Oversold is counted here and nowhere else. A row of another round is another sale and does not count.
    pub fn sales(run: &Run) -> Self {
        let mut opened: Vec<_> = run.openings.iter().map(|opening| (opening.seat, opening.round)).collect();
        let outside = |sale: &Sale| sale.run.as_ref() != Some(&run.id);
        let mut sales: Vec<_> =
            run.ledger.iter().zip(0..).map(|(sale, at)| ((sale.seat, sale.round), outside(sale), at)).collect();
        let held = run.seat_rows.iter().filter(|row| row.holder.is_some());
        let mut held: Vec<_> = held.map(|row| (row.seat, row.round)).collect();
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
            let holders = sold.len() as u64 - twice.len() as u64;
            let shown = u64::from(held.next_if(|held| *held == round).is_some());
            board.confirmed += holders;
            board.others += sold.iter().filter(|(_, outside, at)| *outside && !twice.contains(at)).count() as u64;
            board.oversold += holders.saturating_sub(1);
            board.seat_table_shows += shown;
            board.hidden_by_seats_table += holders.saturating_sub(shown);
        }
        board.ledger_holders = board.confirmed;
        board
    }
}

/// Of rows in one round, those whose ticket stands in an earlier one too.
fn same_tickets(run: &Run, sold: &[((SeatId, Round), bool, usize)]) -> HashSet<usize> {
    if sold.len() < 2 {
        return HashSet::new();
    }
    let mut seen = HashSet::with_capacity(sold.len());
    sold.iter().map(|sale| sale.2).filter(|at| !seen.insert(&run.ledger[*at].ticket)).collect()
}

/// Buyers with a read of "available" that began after the first sale of their seat's round was acknowledged.
fn stale_readers(run: &Run) -> u64 {
    let told = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let mut acknowledged: Vec<_> = told.map(|op| (op.seat, op.end_us.saturating_add(run.skew_us))).collect();
    acknowledged.sort_unstable();
    acknowledged.dedup_by_key(|sale| sale.0);
    let stale = |op: &&Operation| {
        let available = op.reads.iter().filter(|read| read.seen == Seen::Available);
        let Some(last_us) = available.map(|read| read.start_us).max() else { return false };
        let first = acknowledged.binary_search_by_key(&op.seat, |sale| sale.0);
        first.is_ok_and(|at| last_us > acknowledged[at].1)
    };
    run.operations.iter().filter(stale).count() as u64
}
