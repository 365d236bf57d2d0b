//! A buyer at the counter: takes the times, and thinks before paying.

use crate::clock::Clock;
use onsale::{Buyer, Operation, Order, Outcome, Read, Reads, Seat, Seen};
use std::time::Duration;

/// Records one buyer's operation while the purchase runs.
pub struct Recorder {
    clock: Clock,
    think: Duration,
    start_us: u64,
    connected_us: Option<u64>,
    read_start_us: u64,
    reads: Reads,
}

/// How often the database aborted a buyer's purchase, by reason.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aborts {
    /// Somebody else wrote the same row first.
    pub conflicts: u32,
    /// The tables were changed meanwhile.
    pub schema_conflicts: u32,
}

impl Recorder {
    /// A buyer whose call begins now and who thinks for `think` between reading and paying.
    pub fn start(clock: Clock, think: Duration) -> Self {
        let now_us = clock.now_us();
        Self { clock, think, start_us: now_us, connected_us: None, read_start_us: now_us, reads: Reads::new() }
    }

    /// The buyer was told `outcome`, now.
    pub fn told(self, order: Order, aborts: Aborts, outcome: Outcome, reason: Option<String>) -> Operation {
        Operation {
            buyer: order.buyer,
            region: order.region,
            seat: order.seat,
            ticket: order.ticket,
            start_us: self.start_us,
            connected_us: self.connected_us,
            end_us: self.clock.now_us(),
            attempts: order.attempt,
            conflicts: aborts.conflicts,
            schema_conflicts: aborts.schema_conflicts,
            reads: self.reads,
            outcome,
            reason: reason.map(String::into_boxed_str),
        }
    }
}

impl Buyer for Recorder {
    fn connected(&mut self) {
        self.read_start_us = self.clock.now_us();
        self.connected_us.get_or_insert(self.read_start_us);
    }

    fn saw(&mut self, seat: &Seat) {
        let seen = seat.holder.clone().map_or(Seen::Available, Seen::Sold);
        let end_us = self.clock.now_us();
        self.reads.push(Read { start_us: self.read_start_us, end_us, round: seat.round, seen });
    }

    async fn thinks(&mut self) {
        if !self.think.is_zero() {
            tokio::time::sleep(self.think).await;
        }
    }
}
