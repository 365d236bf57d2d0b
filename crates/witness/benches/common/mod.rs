//! Synthetic runs of any size.
#![allow(clippy::unwrap_used, missing_docs, reason = "shared by several benches")]

use onsale::{
    Backend, Engine, Holder, Host, Opening, Operation, Outcome, Plan, Read, Run, Sale, SeatId, SeatRow, Seen, Ticket,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// Every seat is sold once: the others are aborted, read again, and are told "sold".
    Right,
    /// The same, but on one seat a second buyer is sold it too.
    WrongOnce,
    /// On every seat every second buyer is sold it.
    Foil,
}

/// `operations` buyers, in turn one for each of `seats` seats, every buyer overlapping every other of its seat.
pub fn run(operations: usize, seats: usize, database: Database) -> Run {
    let seats: Vec<_> = (0..seats).map(seat).collect();
    let opening = |seat: &SeatId| Opening { seat: *seat, round: 6, start_us: 10, end_us: 9_000 };
    let first = |at: usize| ticket(at);
    let row = |(at, &seat): (usize, &SeatId)| {
        let holder = Holder { owner: parsed("buyer-0"), ticket: first(at), region: parsed("us-east-1") };
        SeatRow { seat, round: 6, reset_round: 1, holder: Some(holder) }
    };
    let mut run = Run {
        version: Run::VERSION,
        id: parsed("synthetic"),
        began_at_ms: 0,
        plan: Plan {
            backend: Backend::Dsql,
            seats: seats.clone(),
            buyers: u32::try_from(operations).unwrap(),
            think_ms: 20,
            seed: 0,
            regions: vec![parsed("us-east-1"), parsed("us-east-2")],
            connections_per_region: 64,
        },
        engine: Engine {
            stand_in: true,
            own: false,
            name: "synthetic".into(),
            consistency: "as made".into(),
            place: "this bench".into(),
            settings: vec![],
        },
        host: Host { worldseat: "a bench".into(), machine: "any".into() },
        openings: seats.iter().map(opening).collect(),
        skew_us: 0,
        barrier_us: 10_000,
        end_us: 90_000,
        operations: Vec::with_capacity(operations),
        ledger: vec![],
        seat_rows: seats.iter().enumerate().map(row).collect(),
    };
    for index in 0..operations {
        let (at, turn) = (index % seats.len(), index / seats.len());
        let sold = match database {
            _ if turn == 0 => true,
            Database::Right => false,
            Database::WrongOnce => turn == 1 && at == 0,
            Database::Foil => turn % 2 == 0,
        };
        run.operations.push(operation(index, seats[at], sold, first(at)));
        if sold {
            run.ledger.push(sale(&run.operations[index]));
        }
    }
    run
}

fn operation(index: usize, seat: SeatId, sold: bool, winner: Ticket) -> Operation {
    let late_us = (index % 997) as u64;
    let read = |start_us, end_us, seen| Read { start_us, end_us, round: 6, seen };
    let mut reads = onsale::Reads::from([read(10_100 + late_us, 11_500 + late_us, Seen::Available)]);
    if !sold {
        reads.push(read(60_000 + late_us, 61_000 + late_us, Seen::Sold(winner)));
    }
    Operation {
        buyer: parsed(&format!("buyer-{index}")),
        region: parsed(["us-east-1", "us-east-2"][index % 2]),
        seat,
        ticket: ticket(index),
        start_us: 10_000 + late_us,
        connected_us: Some(10_050 + late_us),
        end_us: if sold { 50_000 + late_us } else { 61_100 + late_us },
        attempts: if sold { 1 } else { 2 },
        conflicts: u32::from(!sold),
        schema_conflicts: 0,
        reads,
        outcome: if sold { Outcome::Confirmed } else { Outcome::Rejected },
        reason: None,
    }
}

fn sale(op: &Operation) -> Sale {
    Sale {
        seat: op.seat,
        round: 6,
        ticket: op.ticket.clone(),
        buyer: op.buyer.clone(),
        region: op.region.clone(),
        run: Some(parsed("synthetic")),
        attempt: 1,
        sold_at_ms: 0,
    }
}

/// Seats in floor order, up to 26 rows of 65,535.
fn seat(at: usize) -> SeatId {
    const ROW: usize = 40_000;
    SeatId::new(char::from(b'A' + u8::try_from(at / ROW).unwrap()), u16::try_from(at % ROW + 1).unwrap()).unwrap()
}

/// A ticket as they really look: its bits are scattered.
fn ticket(index: usize) -> Ticket {
    let bits = (index as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Ticket::from_random(bits >> 40)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}
