//! The box office on two replicas: both are asked at the same instant, and their answers united.

use super::LastWriterWins;
use super::replica::{Replica, unite_sales, unite_seats};
use crate::shelf;
use async_trait::async_trait;
use onsale::{
    BoxOffice, BuyerName, Engine, Failure, FloorId, Region, Round, RoundCount, Sale, SeatId, SeatRow, Setting, Span,
};

#[async_trait]
impl BoxOffice for LastWriterWins {
    fn regions(&self) -> [Region; 2] {
        self.0.counter.regions.clone()
    }

    async fn engine(&self) -> Result<Engine, Failure> {
        let (least, most) = (self.0.lag_ms.start(), self.0.lag_ms.end());
        let lag = Setting::new("replication lag", format!("random, {least} to {most} ms"));
        Ok(self.0.counter.engine("two replicas, the last writer wins", [lag]))
    }

    /// A seat without an item is available in round 1.
    async fn make_floor(&self, _: &FloorId) -> Result<(), Failure> {
        Ok(())
    }

    /// Puts the next round to both replicas and reads both back, so that no buyer of the round meets an earlier one.
    async fn open_seat(&self, floor: &FloorId, seat: SeatId) -> Result<Round, Failure> {
        let shown = self.each(|replica| replica.seat(floor, seat)).await;
        let sold = unite_sales(self.each(|replica| replica.sales(floor)).await);
        // The ledger too: a late put of an earlier round may have taken the seat's item back to it.
        let sold = sold.into_iter().filter(|sale| sale.seat == seat).map(|sale| sale.round);
        let newest = shelf::newest(&shown);
        let latest = sold.max().unwrap_or(1).max(newest.round);
        let opened = shelf::opened(&SeatRow { round: latest, ..newest }, false);
        self.put_both(floor, &opened).await;
        let rows = self.each(|replica| replica.seat(floor, seat)).await;
        if rows.iter().any(|row| row.round < opened.round) {
            return Err(self.0.counter.unavailable("a replica does not show the new round"));
        }
        Ok(opened.round)
    }

    async fn reset(&self, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<(), Failure> {
        let rows = unite_seats(self.each(|replica| replica.seats(floor)).await);
        for row in rows.iter().filter(|row| shelf::is_reset_by(row, seats)) {
            self.put_both(floor, &shelf::opened(row, true)).await;
        }
        Ok(())
    }

    async fn seats(&self, floor: &FloorId) -> Result<Vec<SeatRow>, Failure> {
        Ok(unite_seats(self.each(|replica| replica.seats(floor)).await))
    }

    async fn seat_rows(&self, floor: &FloorId, seat: SeatId) -> Result<Vec<SeatRow>, Failure> {
        Ok(self.each(|replica| replica.seat(floor, seat)).await.into())
    }

    async fn tickets(&self, floor: &FloorId, buyer: &BuyerName) -> Result<Vec<Sale>, Failure> {
        Ok(shelf::of_buyer(unite_sales(self.each(|replica| replica.sales(floor)).await), buyer))
    }

    async fn counts(&self, floor: &FloorId, span: Span) -> Result<Vec<RoundCount>, Failure> {
        let seats = unite_seats(self.each(|replica| replica.seats(floor)).await);
        Ok(shelf::counts(&unite_sales(self.each(|replica| replica.sales(floor)).await), &seats, span))
    }

    async fn sales(&self, floor: &FloorId, seat: SeatId, round: Round) -> Result<Vec<Sale>, Failure> {
        Ok(shelf::of_round(unite_sales(self.each(|replica| replica.sales(floor)).await), seat, round))
    }
}

impl LastWriterWins {
    /// What each replica says.
    async fn each<T>(&self, read: impl Fn(&mut Replica) -> T) -> [T; 2] {
        self.0.counter.ask(|| [0, 1].map(|place| self.0.at(place, &read))).await
    }

    async fn put_both(&self, floor: &FloorId, row: &SeatRow) {
        self.0.counter.ask(|| [0, 1].map(|place| self.0.put_seat(place, floor, row.clone()))).await;
    }
}
