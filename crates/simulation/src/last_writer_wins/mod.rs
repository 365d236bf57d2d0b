//! The control that is wrong: two replicas that tell each other what was written, later, and keep of every item the
//! last write. There are no transactions; a purchase's calls stand for themselves.

mod office;
mod replica;
mod txn;

pub use txn::LastWriterWinsTxn;

use crate::counter::{Counter, Way};
use onsale::{Database, Failure, FloorId, Region, Sale, SeatRow};
use replica::Replica;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The database; cloning it shares it.
#[derive(Clone)]
pub struct LastWriterWins(Arc<Shared>);

struct Shared {
    counter: Counter,
    lag_ms: RangeInclusive<u64>,
    /// Stamps of writes: the order in which they arrived at any replica, as one perfect clock would tell it.
    stamps: AtomicU64,
    replicas: [Mutex<Replica>; 2],
}

impl LastWriterWins {
    /// An empty one. What is written in one region arrives in the other some milliseconds of `lag_ms` later. Its clock
    /// begins now.
    pub fn new(way: &Way, lag_ms: RangeInclusive<u64>) -> Self {
        Self(Arc::new(Shared {
            counter: Counter::new("the last-writer-wins control", way),
            lag_ms,
            stamps: AtomicU64::new(0),
            replicas: Default::default(),
        }))
    }
}

impl Database for LastWriterWins {
    type Txn = LastWriterWinsTxn;
    type Reservation = ();
    fn settles_doubt(&self) -> bool {
        false
    }

    async fn connect(&self, region: &Region) -> Result<LastWriterWinsTxn, Failure> {
        let (place, connection) = self.0.counter.connect(region).await?;
        Ok(LastWriterWinsTxn::new(Arc::clone(&self.0), place, connection))
    }

    async fn warm(&self, _: usize) -> Result<(), Failure> {
        Ok(())
    }
}

impl Shared {
    /// Looks at, or changes, one replica at one instant.
    fn at<T>(&self, place: usize, work: impl FnOnce(&mut Replica) -> T) -> T {
        work(&mut self.replicas[place].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The put has arrived: it stands here now and over there later.
    fn put_seat(self: &Arc<Self>, place: usize, floor: &FloorId, row: SeatRow) {
        let stamp = self.stamps.fetch_add(1, Ordering::Relaxed) + 1;
        self.at(place, |replica| replica.put_seat(floor, row.clone(), stamp));
        let floor = floor.clone();
        self.replicate(place, move |replica| replica.put_seat(&floor, row, stamp));
    }

    /// The same for a ledger row; no two of them are one item.
    fn put_sale(self: &Arc<Self>, place: usize, floor: &FloorId, sale: Sale) {
        self.at(place, |replica| replica.put_sale(floor, sale.clone()));
        let floor = floor.clone();
        self.replicate(place, move |replica| replica.put_sale(&floor, sale));
    }

    fn replicate(self: &Arc<Self>, from: usize, put: impl FnOnce(&mut Replica) + Send + 'static) {
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            shared.counter.chance.pause(shared.lag_ms.clone()).await;
            shared.at(1 - from, put);
        });
    }
}
