//! Writing a synthetic run piece by piece. Its document is [`onsale::Run`]'s, field by field, and its claims are counted
//! in passing; the tests read it back and hold it to both.

use super::buyers::{BARRIER_US, BEGAN_AT_MS, Buyers, THINK_MS};
use super::{Plant, SynthOptions};
use crate::{Claims, Digest, RunDocument, digest::Hashing};
use onsale::{Backend, Engine, Host, Operation, Outcome, Region, RunId, Scoreboard, Setting};
use serde::{Serialize, Serializer};
use std::cell::RefCell;
use std::io::{self, BufWriter, Write};
use witness::{Reason, Verdict};

pub(super) fn write(options: &SynthOptions, out: impl Write) -> io::Result<()> {
    let buyers = Buyers::of(options).map_err(io::Error::other)?;
    let (out, tally, digest) = write_run(options, &buyers, BufWriter::new(out))?;
    let mut out = out;
    out.write_all(b",\"claims\":")?;
    serde_json::to_writer(&mut out, &tally.claims(options, digest))?;
    out.write_all(b"}\n")?;
    out.flush()
}

/// Writes everything before the claims.
fn write_run<W: Write>(options: &SynthOptions, buyers: &Buyers, mut out: W) -> io::Result<(W, Tally, Digest)> {
    let end_us = buyers.end_us();
    let tally = RefCell::new(Tally::new(end_us));
    let count = |op: Operation| {
        tally.borrow_mut().count(&op);
        op
    };
    let run = Streamed {
        version: RunDocument::VERSION,
        id: &buyers.id,
        began_at_ms: BEGAN_AT_MS,
        plan: StreamedPlan {
            backend: Backend::Control,
            seats: Each(|| buyers.seats()),
            buyers: options.operations,
            think_ms: THINK_MS,
            seed: options.seed,
            regions: &buyers.regions,
            connections_per_region: 64,
        },
        engine: engine(options),
        host: Host {
            worldseat: env!("CARGO_PKG_VERSION").into(),
            machine: "any: it was computed, not measured".into(),
        },
        openings: Each(|| buyers.openings()),
        barrier_us: BARRIER_US,
        end_us,
        operations: Each(|| buyers.operations().map(count)),
        ledger: Each(|| buyers.ledger()),
        seat_rows: Each(|| buyers.seat_rows()),
    };
    write!(out, "{{\"schema\":\"{}\",\"version\":{},\"run\":", RunDocument::SCHEMA, RunDocument::VERSION)?;
    let mut hashing = BufWriter::with_capacity(1 << 16, Hashing::new(out));
    serde_json::to_writer(&mut hashing, &run)?;
    let (out, digest) = hashing.into_inner().map_err(io::IntoInnerError::into_error)?.finish();
    drop(run);
    Ok((out, tally.into_inner(), digest))
}

fn engine(options: &SynthOptions) -> Engine {
    let plant = options.plant.map_or("nothing".to_owned(), |plant| plant.to_string());
    Engine {
        stand_in: true,
        own: false,
        name: "synthetic: no database answered".into(),
        consistency: "as planted".into(),
        place: "worldseat synth".into(),
        settings: vec![Setting::new("planted", plant)],
    }
}

/// [`onsale::Run`], written without being kept.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Streamed<'a, S, O, P, L, R> {
    version: u32,
    id: &'a RunId,
    began_at_ms: i64,
    plan: StreamedPlan<'a, S>,
    engine: Engine,
    host: Host,
    openings: O,
    barrier_us: u64,
    end_us: u64,
    operations: P,
    ledger: L,
    seat_rows: R,
}

/// [`onsale::Plan`], likewise.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamedPlan<'a, S> {
    backend: Backend,
    seats: S,
    buyers: u32,
    think_ms: u32,
    seed: u64,
    regions: &'a [Region],
    connections_per_region: u32,
}

/// An array whose elements are made while it is written.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The scoreboard, counted while the operations pass.
struct Tally {
    board: Scoreboard,
    first_us: u64,
    last_us: u64,
}

impl Tally {
    fn new(end_us: u64) -> Self {
        let duration_ms = (end_us - BARRIER_US).div_ceil(1000);
        Self { board: Scoreboard { duration_ms, ..Scoreboard::default() }, first_us: u64::MAX, last_us: 0 }
    }

    fn count(&mut self, op: &Operation) {
        match op.outcome {
            Outcome::Confirmed => self.board.app_believed += 1,
            Outcome::Rejected => self.board.rejected += 1,
            Outcome::Error => self.board.errors += 1,
            Outcome::Unknown => self.board.unknown += 1,
        }
        self.board.max_retries = self.board.max_retries.max(op.attempts - 1);
        self.board.conflicts += u64::from(op.conflicts);
        self.board.contenders += u64::from(op.contended());
        self.first_us = self.first_us.min(op.start_us);
        self.last_us = self.last_us.max(op.start_us);
    }

    /// What the plant makes of it: everything else is the same in every synthetic run.
    fn claims(self, options: &SynthOptions, digest: Digest) -> Claims {
        let double_sells = u64::from(options.plant == Some(Plant::DoubleSell));
        let sold = u64::from(options.seats.min(options.operations));
        let raced = options.operations > options.seats;
        let verdict = match options.plant {
            Some(_) => Verdict::Violated { double_sells },
            None if raced => Verdict::Linearizable,
            None => Verdict::Inconclusive,
        };
        Claims {
            verdict: verdict.to_string(),
            double_sells,
            rules: options.plant.map(Plant::rule).into_iter().collect(),
            inconclusive_because: (verdict == Verdict::Inconclusive).then_some(Reason::NobodyRaced),
            scoreboard: Scoreboard {
                confirmed: sold + double_sells,
                ledger_holders: sold + double_sells,
                oversold: double_sells,
                seat_table_shows: sold,
                hidden_by_seats_table: double_sells,
                starts_within_us: self.last_us - self.first_us,
                ..self.board
            },
            tickets_agree: !matches!(options.plant, Some(Plant::LostSale | Plant::Phantom)),
            reconciled: None,
            digest,
        }
    }
}
