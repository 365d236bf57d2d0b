//! What both offices count and pick from the rows of a floor. Pure.

use onsale::{BuyerName, Round, RoundCount, Sale, SeatId, SeatRow, Span};
use std::collections::BTreeMap;

/// Confirmed sales per seat and round; since the last reset only if `span` says so and `seats` know of one.
pub fn counts(sales: &[Sale], seats: &[SeatRow], span: Span) -> Vec<RoundCount> {
    let since: BTreeMap<_, _> = match span {
        Span::SinceReset => seats.iter().map(|row| (row.seat, row.reset_round)).collect(),
        Span::Ever => BTreeMap::new(),
    };
    let mut counts = BTreeMap::<(SeatId, Round), u64>::new();
    for sale in sales.iter().filter(|sale| since.get(&sale.seat).is_none_or(|round| sale.round >= *round)) {
        *counts.entry((sale.seat, sale.round)).or_default() += 1;
    }
    counts.into_iter().map(|((seat, round), confirmed)| RoundCount { seat, round, confirmed }).collect()
}

/// The sales of one round of one seat, in the order given.
pub fn of_round(mut sales: Vec<Sale>, seat: SeatId, round: Round) -> Vec<Sale> {
    sales.retain(|sale| (sale.seat, sale.round) == (seat, round));
    sales
}

/// A buyer's sales, newest first; `sales` are oldest first.
pub fn of_buyer(mut sales: Vec<Sale>, buyer: &BuyerName) -> Vec<Sale> {
    sales.retain(|sale| sale.buyer == *buyer);
    sales.reverse();
    sales
}

/// The row with which a seat's next round begins, in a reset or not.
pub fn opened(row: &SeatRow, is_reset: bool) -> SeatRow {
    let round = row.round + 1;
    SeatRow { seat: row.seat, round, reset_round: if is_reset { round } else { row.reset_round }, holder: None }
}

/// Whether a reset opens the seat: it was sold or opened since the last one, and it was asked for.
pub fn is_reset_by(row: &SeatRow, seats: Option<&[SeatId]>) -> bool {
    (row.holder.is_some() || row.round > row.reset_round) && seats.is_none_or(|seats| seats.contains(&row.seat))
}

/// Of what two replicas show of one seat, the higher round.
pub fn newest([one, other]: &[SeatRow; 2]) -> SeatRow {
    if one.round >= other.round { one.clone() } else { other.clone() }
}
