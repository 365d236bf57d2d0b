//! The way to a region: its connections, and how long a message travels.

use crate::chance::Chance;
use onsale::{Engine, Failure, Order, Region, Sale, Seat, SeatRow, Setting};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What both databases are told about their buyers' way to them.
#[derive(Clone, Debug)]
pub struct Way {
    /// Drives everything random.
    pub seed: u64,
    /// The two regions.
    pub regions: [Region; 2],
    /// How many buyers a region serves at once; the rest queue.
    pub connections_per_region: usize,
    /// The longest that a message travels in one direction, in milliseconds; the shortest is 0.
    pub leg_ms_max: u64,
}

/// What stands between a buyer and a database.
pub struct Counter {
    pub database: &'static str,
    pub chance: Chance,
    pub regions: [Region; 2],
    seed: u64,
    leg_ms_max: u64,
    connections: [Arc<Semaphore>; 2],
}

impl Counter {
    pub fn new(database: &'static str, way: &Way) -> Self {
        let connections = [(); 2].map(|()| Arc::new(Semaphore::new(way.connections_per_region)));
        let regions = way.regions.clone();
        Self {
            database,
            chance: Chance::new(way.seed),
            regions,
            seed: way.seed,
            leg_ms_max: way.leg_ms_max,
            connections,
        }
    }

    /// Waits for a connection, first come, first served; returns the region's place among the two.
    pub async fn connect(&self, region: &Region) -> Result<(usize, OwnedSemaphorePermit), Failure> {
        let place = self.regions.iter().position(|name| name == region);
        let place = place.ok_or_else(|| self.unavailable(format!("there is no region {region}")))?;
        let permit = Arc::clone(&self.connections[place]).acquire_owned().await;
        Ok((place, permit.map_err(|closed| self.unavailable(closed))?))
    }

    /// Does `work` in the instant in which the question arrives; both the question and the answer travel.
    pub async fn ask<T>(&self, work: impl FnOnce() -> T) -> T {
        self.travel().await;
        let answer = work();
        self.travel().await;
        answer
    }

    /// One way, there or back.
    pub async fn travel(&self) {
        self.chance.pause(0..=self.leg_ms_max).await;
    }

    pub fn unavailable(&self, source: impl Into<onsale::BoxedError>) -> Failure {
        Failure::unavailable(self.database, source)
    }

    /// Itself, as a run's engine.
    pub fn engine(&self, consistency: &str, more: impl IntoIterator<Item = Setting>) -> Engine {
        let [first, second] = &self.regions;
        let mut settings = vec![
            Setting::new("regions", format!("{first}, {second}")),
            Setting::new("seed", self.seed.to_string()),
            Setting::new("one way of a message", format!("random, 0 to {} ms", self.leg_ms_max)),
        ];
        settings.extend(more);
        Engine {
            stand_in: true,
            own: false,
            name: self.database.to_owned(),
            consistency: consistency.to_owned(),
            place: "in memory, under a paused clock".to_owned(),
            settings,
        }
    }

    /// What a purchase appends to the ledger.
    pub fn sale(&self, order: &Order, seat: &Seat) -> Sale {
        Sale {
            seat: order.seat,
            round: seat.round,
            ticket: order.ticket.clone(),
            buyer: order.buyer.clone(),
            region: order.region.clone(),
            run: order.run.clone(),
            attempt: order.attempt,
            sold_at_ms: self.chance.now_ms(),
        }
    }
}

/// A row as a purchase reads it.
pub fn seat(row: SeatRow) -> Seat {
    Seat { round: row.round, reset_round: row.reset_round, holder: row.holder.map(|holder| holder.ticket) }
}

/// The row as a purchase writes it, in the round that it read.
pub fn sold(order: &Order, seat: &Seat) -> SeatRow {
    let holder =
        onsale::Holder { owner: order.buyer.clone(), ticket: order.ticket.clone(), region: order.region.clone() };
    SeatRow { seat: order.seat, round: seat.round, reset_round: seat.reset_round, holder: Some(holder) }
}
