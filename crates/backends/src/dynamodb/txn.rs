//! The purchase's calls on DynamoDB: a consistent `GetItem` and two plain `PutItem`s, no condition, no transaction.

use super::items::{SeatItem, sale_item, seat_prefix, text};
use super::replica::Replica;
use onsale::{Failure, Order, Seat, Transaction};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::OwnedSemaphorePermit;

/// What stands where a transaction would be. Each call is sent by itself and takes effect by itself.
pub struct NaiveTxn {
    replica: Replica,
    _connection: OwnedSemaphorePermit,
}

impl NaiveTxn {
    /// Waits for a connection, as on any database.
    pub(super) async fn connect(replica: &Replica) -> Result<Self, Failure> {
        let connection = replica.connection().await?;
        Ok(Self { replica: replica.clone(), _connection: connection })
    }
}

impl Transaction for NaiveTxn {
    /// There is nothing to begin.
    async fn begin(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn find_sale(&mut self, order: &Order) -> Result<bool, Failure> {
        let query = self.replica.query_ledger();
        let query = query
            .key_condition_expression("floor = :floor AND begins_with(sale, :seat)")
            .filter_expression("ticket = :ticket")
            .expression_attribute_values(":floor", text(&order.floor))
            .expression_attribute_values(":seat", text(seat_prefix(order.seat)))
            .expression_attribute_values(":ticket", text(&order.ticket));
        Ok(!self.replica.read_all(query, |_| Ok(())).await?.is_empty())
    }

    /// `GetItem` with `ConsistentRead`, in the buyer's region: the freshest read there is.
    async fn read_seat(&mut self, order: &Order) -> Result<Seat, Failure> {
        let row = self.replica.read_seat(&order.floor, order.seat).await?.row;
        let holder = row.holder.map(|holder| holder.ticket);
        Ok(Seat { round: row.round, reset_round: row.reset_round, holder })
    }

    /// `PutItem` of the whole seat, the first of the two puts: nothing of this purchase stands yet.
    async fn write_seat(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        self.replica.put_seat(&order.floor, SeatItem::sold(order, seat, now_ms()), false).await
    }

    /// `PutItem` of the sale. The seat's put stands and cannot be taken back.
    async fn append_sale(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        self.replica.put_sale(sale_item(order, seat, now_ms()), true).await
    }

    /// Nothing to do: both puts took effect when they were sent.
    async fn commit(self) -> Result<(), Failure> {
        Ok(())
    }

    /// Nothing to do: a purchase gives up before its first put only.
    async fn rollback(self) -> Result<(), Failure> {
        Ok(())
    }
}

/// This machine's wall clock, in milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
