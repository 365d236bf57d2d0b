//! The box office on two replicas: every answer comes from both regions or not at all.

use super::items::{SeatItem, round_prefix, sale, sale_key, text};
use super::replica::Replica;
use super::txn::now_ms;
use super::{GlobalTables, unite};
use crate::own_task::in_own_task;
use async_trait::async_trait;
use onsale::{BoxOffice, BuyerName, Engine, Failure, FloorId, Region, Round, RoundCount, Sale, SeatId, SeatRow, Span};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long the replicas have to show a round that was put to both, in milliseconds.
pub(super) const OPENING_TIMEOUT_MS: u64 = 2_000;
/// The pause between two looks at them, in milliseconds.
const LOOK_AGAIN_MS: u64 = 20;

#[async_trait]
impl BoxOffice for GlobalTables {
    fn regions(&self) -> [Region; 2] {
        self.replicas().each_ref().map(|replica| replica.region().clone())
    }

    fn title(&self) -> Option<&str> {
        self.config().is_own().then_some("DynamoDB's API under test")
    }

    async fn engine(&self) -> Result<Engine, Failure> {
        // In a task of its own: what it found last stands behind a lock.
        let tables = self.clone();
        in_own_task(self.config().database(), async move { tables.describe().await }).await
    }

    async fn check(&self) -> Result<(), Failure> {
        self.check_tables().await
    }

    /// A seat without an item is available in round 1. Seeding items could overwrite a sale.
    async fn make_floor(&self, _floor: &FloorId) -> Result<(), Failure> {
        Ok(())
    }

    async fn open_seat(&self, floor: &FloorId, seat: SeatId) -> Result<Round, Failure> {
        let [here, there] = self.each(|replica| replica.read_seat(floor, seat)).await?.map(|item| item.row);
        // The ledger too: a late put of an earlier round may have taken the seat's item back to it.
        let sold = self.each(|replica| replica.latest_round_sold(floor, seat)).await?;
        let next = [here.round, there.round].into_iter().chain(sold.into_iter().flatten()).max().unwrap_or(1) + 1;
        let opened = SeatItem::available(seat, next, here.reset_round.max(there.reset_round), now_ms());
        self.put_both(floor, opened).await?;
        self.until_shown(|replica| async move { Ok(replica.read_seat(floor, seat).await?.row.round >= next) }).await?;
        Ok(next)
    }

    async fn reset(&self, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<(), Failure> {
        self.reset_seats(floor, seats).await
    }

    async fn seats(&self, floor: &FloorId) -> Result<Vec<SeatRow>, Failure> {
        let items = unite::seats(self.each(|replica| replica.read_floor(floor)).await?);
        Ok(items.into_iter().map(|item| item.row).filter(|row| self.config().plan.contains(row.seat)).collect())
    }

    async fn seat_rows(&self, floor: &FloorId, seat: SeatId) -> Result<Vec<SeatRow>, Failure> {
        let items = self.each(|replica| replica.read_seat(floor, seat)).await?;
        Ok(items.map(|item| item.row).into())
    }

    /// Reads the floor's whole ledger and keeps the buyer's rows. An index on the buyer would be cheaper and could be
    /// behind: DynamoDB refuses `ConsistentRead` on global indexes, and a ticket just bought must show. A second item
    /// per sale would be a third put that can fail by itself.
    async fn tickets(&self, floor: &FloorId, buyer: &BuyerName) -> Result<Vec<Sale>, Failure> {
        let found = self.each(|replica| {
            let query = replica.query_ledger().key_condition_expression("floor = :floor");
            let query = query.filter_expression("buyer = :buyer").expression_attribute_values(":buyer", text(buyer));
            replica.read_all(query.expression_attribute_values(":floor", text(floor)), sale)
        });
        let mut sales = unite::sales(found.await?);
        sales.reverse();
        Ok(sales)
    }

    /// The seats are read before the ledger. A reset round only grows, so the one in hand may be too low by the time
    /// the ledger is read, never too high: a sale may be counted that a reset has just put behind us, none since then
    /// is left out. The other way round, a reset and a sale between the two reads would hide both rounds.
    async fn counts(&self, floor: &FloorId, span: Span) -> Result<Vec<RoundCount>, Failure> {
        let since = match span {
            Span::SinceReset => unite::reset_rounds(&self.each(|replica| replica.read_floor(floor)).await?),
            Span::Ever => BTreeMap::new(),
        };
        let keys = self.each(|replica| {
            let query = replica.query_ledger().key_condition_expression("floor = :floor");
            let query = query.projection_expression("sale").expression_attribute_values(":floor", text(floor));
            replica.read_all(query, sale_key)
        });
        Ok(unite::counts(keys.await?, &since))
    }

    async fn sales(&self, floor: &FloorId, seat: SeatId, round: Round) -> Result<Vec<Sale>, Failure> {
        let found = self.each(|replica| {
            let query = replica.query_ledger();
            let query = query.key_condition_expression("floor = :floor AND begins_with(sale, :round)");
            let query = query.expression_attribute_values(":round", text(round_prefix(seat, round)));
            replica.read_all(query.expression_attribute_values(":floor", text(floor)), sale)
        });
        Ok(unite::sales(found.await?))
    }

    fn writes_repeated(&self) -> Option<u64> {
        Some(self.puts_repeated())
    }
}

impl GlobalTables {
    /// Asks both regions at once; if one does not answer there is no answer.
    pub(super) async fn each<'a, T, F>(&'a self, ask: impl Fn(&'a Replica) -> F) -> Result<[T; 2], Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let [first, second] = self.replicas();
        let (first, second) = futures::try_join!(ask(first), ask(second))?;
        Ok([first, second])
    }

    /// Puts a seat to both regional endpoints, so that no buyer of the new round meets the old one. Waits for both
    /// answers: a put that was sent is never abandoned. Done in one region only counts as "may have been done".
    pub(super) async fn put_both(&self, floor: &FloorId, seat: SeatItem) -> Result<(), Failure> {
        let [first, second] = self.replicas();
        let puts = (first.put_seat(floor, seat.clone(), false), second.put_seat(floor, seat, false));
        match futures::join!(puts.0, puts.1) {
            (Ok(()), Ok(())) => Ok(()),
            (Err(failure @ Failure::Indeterminate { .. }), _) | (_, Err(failure @ Failure::Indeterminate { .. })) => {
                Err(failure)
            }
            (Err(failure), Err(_)) => Err(failure),
            (Err(half), Ok(())) | (Ok(()), Err(half)) => {
                Err(Failure::Indeterminate { database: half.database(), source: Box::new(half) })
            }
        }
    }

    /// Looks at both replicas until each of them `shows` what was put.
    pub(super) async fn until_shown<'a, F>(&'a self, shows: impl Fn(&'a Replica) -> F) -> Result<(), Failure>
    where
        F: Future<Output = Result<bool, Failure>>,
    {
        let deadline = Instant::now() + Duration::from_millis(OPENING_TIMEOUT_MS);
        loop {
            let seen = self.each(&shows).await?;
            if seen == [true, true] {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let [first, second] = self.regions();
                let late = format!("{first} shows the new round: {}, {second}: {}", seen[0], seen[1]);
                return Err(Failure::unavailable(self.config().database(), late));
            }
            tokio::time::sleep(Duration::from_millis(LOOK_AGAIN_MS)).await;
        }
    }
}
