//! Reset: every seat that was sold or opened since its last reset goes on sale again, in a round of its own.

use super::GlobalTables;
use super::items::SeatItem;
use super::txn::now_ms;
use futures::{TryStreamExt, stream};
use onsale::{Failure, FloorId, Round, SeatId, SeatRow};
use std::collections::BTreeMap;

/// How many seats are put at once; each is two puts.
const SEATS_AT_ONCE: usize = 16;

impl GlobalTables {
    /// Puts the next round of the seats that need it to both regions and waits until both show it. There is no
    /// transaction around it: somebody looking meanwhile sees a part of it, and a failure leaves a part of it done.
    pub(super) async fn reset_seats(&self, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<(), Failure> {
        let shown = self.each(|replica| replica.read_floor(floor)).await?;
        let asked_for = |seat: SeatId| seats.is_none_or(|list| list.contains(&seat));
        let next: BTreeMap<SeatId, Round> =
            next_rounds(shown).filter(|(seat, _)| self.config().plan.contains(*seat) && asked_for(*seat)).collect();
        if next.is_empty() {
            return Ok(());
        }
        stream::iter(next.iter().map(Ok))
            .try_for_each_concurrent(SEATS_AT_ONCE, |(&seat, &round)| {
                self.put_both(floor, SeatItem::available(seat, round, round, now_ms()))
            })
            .await?;
        self.until_shown(|replica| {
            let next = &next;
            async move {
                let rows = replica.read_floor(floor).await?;
                let arrived = rows.iter().filter(|item| next.get(&item.row.seat).is_some_and(|r| item.row.round >= *r));
                Ok(arrived.count() == next.len())
            }
        })
        .await
    }
}

/// The seats that either replica shows as sold or opened since its reset, with the round that comes next.
fn next_rounds(replicas: [Vec<SeatItem>; 2]) -> impl Iterator<Item = (SeatId, Round)> {
    let used = |row: &SeatRow| row.holder.is_some() || row.round > row.reset_round;
    let mut seats = BTreeMap::<SeatId, (Round, bool)>::new();
    for SeatItem { row, .. } in replicas.iter().flatten() {
        let (highest, is_used) = seats.entry(row.seat).or_default();
        *highest = row.round.max(*highest);
        *is_used |= used(row);
    }
    seats.into_iter().filter(|(_, (_, is_used))| *is_used).map(|(seat, (highest, _))| (seat, highest + 1))
}
