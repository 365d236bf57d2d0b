//! The purchase. There is one, for every database, and this is all of it.

use crate::database::{Buyer, Database, Failure, Order, Transaction};

/// Reads the seat and, if it is free, sells it. No lock, no condition, no uniqueness trick: whether two buyers can
/// both be told [`Answer::Confirmed`] is left to the database alone.
///
/// # Errors
/// [`Failure`], as the database gave it. The caller decides whether to run the same function again.
pub async fn purchase<D: Database>(db: &D, order: &Order, buyer: &mut impl Buyer) -> Result<Answer, Failure> {
    let mut txn = db.connect(&order.region).await?;
    buyer.connected();
    txn.begin().await?;
    // Only after a COMMIT whose answer was lost: was it sold to me already?
    if order.in_doubt && txn.find_sale(order).await? {
        txn.rollback().await?;
        return Ok(Answer::Confirmed);
    }
    let seat = txn.read_seat(order).await?;
    buyer.saw(&seat);
    if seat.holder.is_some() {
        txn.rollback().await?;
        return Ok(Answer::Rejected);
    }
    buyer.thinks().await;
    txn.write_seat(order, &seat).await?;
    txn.append_sale(order, &seat).await?;
    txn.commit().await?;
    Ok(Answer::Confirmed)
}

/// What the buyer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The seat is yours: the ticket stands in the ledger.
    Confirmed,
    /// The seat was read as sold.
    Rejected,
}
