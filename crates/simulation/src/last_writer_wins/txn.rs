//! The purchase's calls where there are no transactions: a read and two puts, each by itself.

use super::Shared;
use crate::counter;
use onsale::{Failure, Order, Seat, Transaction};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// What stands where a transaction would be.
pub struct LastWriterWinsTxn {
    db: Arc<Shared>,
    place: usize,
    _connection: OwnedSemaphorePermit,
}

impl Transaction for LastWriterWinsTxn {
    /// There is nothing to begin.
    async fn begin(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn find_sale(&mut self, order: &Order) -> Result<bool, Failure> {
        let sales = self.db.counter.ask(|| self.db.at(self.place, |replica| replica.sales(&order.floor))).await;
        Ok(sales.iter().any(|sale| sale.seat == order.seat && sale.ticket == order.ticket))
    }

    /// As the buyer's region has it now.
    async fn read_seat(&mut self, order: &Order) -> Result<Seat, Failure> {
        let read = || self.db.at(self.place, |replica| replica.seat(&order.floor, order.seat));
        Ok(counter::seat(self.db.counter.ask(read).await))
    }

    async fn write_seat(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        let row = counter::sold(order, seat);
        self.db.counter.ask(|| self.db.put_seat(self.place, &order.floor, row)).await;
        Ok(())
    }

    async fn append_sale(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        let sale = self.db.counter.sale(order, seat);
        self.db.counter.ask(|| self.db.put_sale(self.place, &order.floor, sale)).await;
        Ok(())
    }

    /// Nothing to do: both puts took effect when they arrived.
    async fn commit(self) -> Result<(), Failure> {
        Ok(())
    }

    /// Nothing to do: a purchase gives up before its first put only.
    async fn rollback(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl LastWriterWinsTxn {
    pub(super) fn new(db: Arc<Shared>, place: usize, connection: OwnedSemaphorePermit) -> Self {
        Self { db, place, _connection: connection }
    }
}
