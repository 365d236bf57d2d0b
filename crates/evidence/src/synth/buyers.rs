//! What every buyer of a synthetic run does, each computed from its number and the seed alone: nothing is remembered.

use super::{Plant, SynthOptions};
use onsale::{
    BuyerName, Holder, InvalidId, Opening, Operation, Outcome, Read, Reads, Region, Round, RunId, Sale, SeatId,
    SeatRow, Seen, Ticket,
};

/// The run's clock began at this wall clock, in milliseconds since 1970.
pub(super) const BEGAN_AT_MS: i64 = 1_767_225_600_000;
/// The barrier falls; every seat has been open for a while.
pub(super) const BARRIER_US: u64 = 5_000;
/// Between reading and paying, in milliseconds.
pub(super) const THINK_MS: u32 = 20;

/// The buyers of a run, and what they leave in the books.
pub(super) struct Buyers {
    options: SynthOptions,
    pub id: RunId,
    pub regions: [Region; 2],
    /// The seat on which a rule is broken.
    planted: Option<(u32, Plant)>,
}

/// What a buyer does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Reads "available", pays, is sold the seat.
    Winner,
    /// The same, though the seat was sold.
    Second,
    /// Reads "available", is aborted, reads "sold".
    Loser,
    /// Waits for a connection until the seat is sold.
    Late,
    /// Reads "sold" before the sale could have begun.
    Rash,
}

/// When a buyer does it, in microseconds of the run's clock.
struct Times {
    start: u64,
    connected: u64,
    first_read: u64,
    /// Of an attempt after an abort.
    second: Option<(u64, u64)>,
    end: u64,
}

impl Buyers {
    pub fn of(options: &SynthOptions) -> Result<Self, InvalidId> {
        let mut buyers = Self {
            options: *options,
            id: RunId::from_random(0),
            regions: ["synthetic-1".parse()?, "synthetic-2".parse()?],
            planted: None,
        };
        buyers.id = RunId::from_random(buyers.dice("id", 0).into());
        let wanted_twice = (options.operations - options.seats.min(options.operations)).min(options.seats);
        let seat = buyers.dice("plant", 0) % u64::from(wanted_twice.max(1));
        buyers.planted = options.plant.zip(u32::try_from(seat).ok()).map(|(plant, seat)| (seat, plant));
        Ok(buyers)
    }

    pub fn seats(&self) -> impl Iterator<Item = SeatId> {
        (0..self.options.seats).filter_map(SynthOptions::seat)
    }

    pub fn openings(&self) -> impl Iterator<Item = Opening> {
        (0..self.options.seats).filter_map(|at| {
            let start_us = self.dice("opening", at) % 1_000;
            let end_us = start_us + 200 + self.dice("opened", at) % 800;
            Some(Opening { seat: SynthOptions::seat(at)?, round: self.round(at), start_us, end_us })
        })
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation> {
        (0..self.options.operations).filter_map(|index| self.operation(index))
    }

    /// When the last buyer is told.
    pub fn end_us(&self) -> u64 {
        let ends = (0..self.options.operations).map(|index| self.times(index, self.role(index)).end);
        ends.max().unwrap_or(BARRIER_US)
    }

    /// The sales, in the order of the seats.
    pub fn ledger(&self) -> impl Iterator<Item = Sale> {
        (0..self.options.seats).flat_map(move |at| {
            let second = (self.planted == Some((at, Plant::DoubleSell))).then(|| self.winner(at).map(|w| self.next(w)));
            self.winner(at).into_iter().chain(second.flatten()).filter_map(move |index| self.sale(at, index))
        })
    }

    pub fn seat_rows(&self) -> impl Iterator<Item = SeatRow> {
        (0..self.options.seats).filter_map(|at| {
            let holder = self.winner(at).map(|index| Holder {
                owner: buyer(index),
                ticket: self.ticket(index),
                region: self.region(index),
            });
            Some(SeatRow { seat: SynthOptions::seat(at)?, round: self.round(at), reset_round: 1, holder })
        })
    }

    fn operation(&self, index: u32) -> Option<Operation> {
        let (role, at) = (self.role(index), index % self.options.seats);
        let Times { start, connected, first_read, second, end } = self.times(index, role);
        let sold = || Some(Seen::Sold(self.ticket(self.winner(at)?)));
        let read = |(start_us, end_us), seen| Read { start_us, end_us, round: self.round(at), seen };
        let mut reads = Reads::new();
        let first = if matches!(role, Role::Late | Role::Rash) { sold()? } else { Seen::Available };
        reads.push(read((connected, first_read), first));
        if let Some(again) = second {
            reads.push(read(again, sold()?));
        }
        let phantom = role == Role::Winner && self.planted == Some((at, Plant::Phantom));
        Some(Operation {
            buyer: buyer(index),
            region: self.region(index),
            seat: SynthOptions::seat(at)?,
            ticket: self.ticket(index),
            start_us: start,
            connected_us: Some(connected),
            end_us: end,
            attempts: 1 + u32::from(second.is_some()),
            conflicts: second.is_some().into(),
            schema_conflicts: 0,
            reads,
            outcome: match role {
                _ if phantom => Outcome::Error,
                Role::Winner | Role::Second => Outcome::Confirmed,
                Role::Loser | Role::Late | Role::Rash => Outcome::Rejected,
            },
            reason: phantom.then(|| "planted: told of an error, though it was sold".into()),
        })
    }

    fn times(&self, index: u32, role: Role) -> Times {
        let dice = |what, sides| self.dice(what, index) % sides;
        let rash = self.planted == Some((index % self.options.seats, Plant::StaleRejection));
        let start = BARRIER_US + if rash && role == Role::Winner { 40 } else { dice("start", 2_000) };
        let connected = start + 10;
        let first_read = connected + 100 + dice("read", 400);
        let paid = first_read + u64::from(THINK_MS) * 1_000 + dice("pay", 3_000);
        match role {
            Role::Winner | Role::Second => Times { start, connected, first_read, second: None, end: paid },
            Role::Loser => {
                let again = paid.max(self.sold_us(index)) + 100 + dice("pause", 2_000);
                let read = again + 100 + dice("again", 400);
                Times { start, connected, first_read, second: Some((again, read)), end: read + 20 }
            }
            Role::Late => {
                let connected = self.sold_us(index) + 100 + dice("queue", 4_000);
                let first_read = connected + 100 + dice("read", 400);
                Times { start, connected, first_read, second: None, end: first_read + 20 }
            }
            // The winner reads from 50 to 150 or later: this answer ends before that one, and not before it began.
            Role::Rash => {
                let start = BARRIER_US + 10;
                Times { start, connected: start + 10, first_read: start + 50, second: None, end: start + 70 }
            }
        }
    }

    /// When the winner of the buyer's seat is told.
    fn sold_us(&self, index: u32) -> u64 {
        self.winner(index % self.options.seats).map_or(BARRIER_US, |winner| self.times(winner, Role::Winner).end)
    }

    fn role(&self, index: u32) -> Role {
        let at = index % self.options.seats;
        let plant = self.planted.filter(|(seat, _)| *seat == at).map(|(_, plant)| plant);
        let Some(winner) = self.winner(at) else { return Role::Late };
        if index == winner {
            return Role::Winner;
        }
        match plant {
            Some(Plant::DoubleSell | Plant::LostSale) if index == self.next(winner) => Role::Second,
            Some(Plant::StaleRejection) if index == self.next(winner) => Role::Rash,
            Some(Plant::StaleRejection) => Role::Late,
            _ if index == self.next(winner) || self.dice("role", index).is_multiple_of(2) => Role::Loser,
            _ => Role::Late,
        }
    }

    /// The buyer who is sold the seat, if anybody wants it.
    fn winner(&self, at: u32) -> Option<u32> {
        let SynthOptions { operations, seats, .. } = self.options;
        let wanted = (operations.checked_sub(at + 1)?) / seats + 1;
        let turn = u32::try_from(self.dice("winner", at) % u64::from(wanted)).ok()?;
        Some(at + turn * seats)
    }

    /// The buyer of the same seat after this one; after the last, the first.
    fn next(&self, index: u32) -> u32 {
        let next = index.checked_add(self.options.seats).filter(|&next| next < self.options.operations);
        next.unwrap_or(index % self.options.seats)
    }

    fn sale(&self, at: u32, index: u32) -> Option<Sale> {
        let told_us = self.times(index, self.role(index)).end;
        Some(Sale {
            seat: SynthOptions::seat(at)?,
            round: self.round(at),
            ticket: self.ticket(index),
            buyer: buyer(index),
            region: self.region(index),
            run: Some(self.id.clone()),
            attempt: 1,
            sold_at_ms: BEGAN_AT_MS + i64::try_from(told_us / 1_000).unwrap_or(0),
        })
    }

    fn round(&self, at: u32) -> Round {
        1 + u32::from(self.dice("round", at) % 2 == 1)
    }

    fn region(&self, index: u32) -> Region {
        self.regions[index as usize % 2].clone()
    }

    /// The lower bits are the buyer's number, so no two are the same.
    fn ticket(&self, index: u32) -> Ticket {
        Ticket::from_random(u128::from(self.dice("ticket", index)) << 32 | u128::from(index))
    }

    /// A number that looks random and follows from the seed, the question and the number alone (`SplitMix64`).
    fn dice(&self, question: &str, number: u32) -> u64 {
        let question = question.bytes().fold(0u64, |hash, byte| hash.rotate_left(7) ^ u64::from(byte));
        [question, number.into()].into_iter().fold(self.options.seed, |state, part| mix(state ^ mix(part)))
    }
}

fn buyer(index: u32) -> BuyerName {
    BuyerName::guest(index.into())
}

fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
