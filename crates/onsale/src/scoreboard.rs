//! The numbers of a burst's seat and the round it opened, counted from the run alone.

use crate::history::{Outcome, Seen};
use crate::run::Run;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The scoreboard. Names are the API's.
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
    /// Owners the seats table displays for the round, 0 or 1.
    pub seat_table_shows: u64,
    /// `max(0, confirmed − seatTableShows)`: what the seats table hides.
    pub hidden_by_seats_table: u64,
    /// The most retries of any buyer.
    pub max_retries: u32,
    /// How often the database aborted a racing transaction.
    pub conflicts: u64,
    /// Buyers who read "available" in any attempt.
    pub contenders: u64,
    /// Of these, how many did so in a read that began after a sale was acknowledged.
    pub stale_reads: u64,
    /// From the first start to the last, in microseconds.
    pub starts_within_us: u64,
    /// From the fall of the barrier to the last answer, in milliseconds, rounded up.
    pub duration_ms: u64,
}

impl Scoreboard {
    /// Counts `run`. Oversold is counted here and nowhere else.
    pub fn of(run: &Run) -> Self {
        let told = |outcome| run.operations.iter().filter(|op| op.outcome == outcome).count() as u64;
        let holders: BTreeSet<_> = run.ledger.iter().map(|sale| &sale.ticket).collect();
        let others: BTreeSet<_> =
            run.ledger.iter().filter(|sale| sale.run.as_ref() != Some(&run.id)).map(|sale| &sale.ticket).collect();
        let confirmed = holders.len() as u64;
        let shows = run.seat_rows.iter().any(|row| row.round == run.opening.round && row.holder.is_some());
        let starts = || run.operations.iter().map(|op| op.start_us);
        Self {
            confirmed,
            ledger_holders: confirmed,
            others: others.len() as u64,
            oversold: confirmed.saturating_sub(1),
            app_believed: told(Outcome::Confirmed),
            rejected: told(Outcome::Rejected),
            errors: told(Outcome::Error),
            unknown: told(Outcome::Unknown),
            seat_table_shows: u64::from(shows),
            hidden_by_seats_table: confirmed.saturating_sub(u64::from(shows)),
            max_retries: run.operations.iter().map(|op| op.attempts.saturating_sub(1)).max().unwrap_or(0),
            conflicts: run.operations.iter().map(|op| u64::from(op.conflicts)).sum(),
            contenders: run.operations.iter().filter(|op| op.contended()).count() as u64,
            stale_reads: stale_readers(run),
            starts_within_us: starts().max().unwrap_or(0) - starts().min().unwrap_or(0),
            duration_ms: run.end_us.saturating_sub(run.barrier_us).div_ceil(1000),
        }
    }
}

/// Buyers with a read of "available" that began after the first sale of the round was acknowledged.
fn stale_readers(run: &Run) -> u64 {
    let confirmed = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let Some(acknowledged_us) = confirmed.map(|op| op.end_us).min() else { return 0 };
    let stale = |op: &&crate::Operation| {
        op.reads.iter().any(|read| read.seen == Seen::Available && read.start_us > acknowledged_us)
    };
    run.operations.iter().filter(stale).count() as u64
}
