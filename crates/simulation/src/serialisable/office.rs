//! The box office: every answer is one snapshot.

use super::Serialisable;
use super::state::{State, Writes};
use crate::shelf;
use async_trait::async_trait;
use onsale::{
    BoxOffice, BuyerName, Engine, Failure, FloorId, Region, Round, RoundCount, Sale, SeatId, SeatRow, Setting, Span,
};

#[async_trait]
impl BoxOffice for Serialisable {
    fn regions(&self) -> [Region; 2] {
        self.0.counter.regions.clone()
    }

    async fn engine(&self) -> Result<Engine, Failure> {
        let (lost, flaw) = (self.0.lost, self.0.flaw);
        let mut settings = vec![
            Setting::new("conflicts told at", format!("{:?}", self.0.conflict_at)),
            Setting::new("COMMITs that never arrive", format!("{} %", lost.before_percent)),
            Setting::new("COMMITs whose answer is lost", format!("{} %", lost.after_percent)),
            Setting::new("COMMITs that land late", format!("{} %", lost.late_percent)),
        ];
        settings.extend(flaw.map(|flaw| Setting::new("broken on purpose", format!("{flaw:?}"))));
        Ok(self.0.counter.engine("snapshot reads, the first committer wins", settings))
    }

    /// A seat without a row is available in round 1.
    async fn make_floor(&self, _: &FloorId) -> Result<(), Failure> {
        Ok(())
    }

    async fn open_seat(&self, floor: &FloorId, seat: SeatId) -> Result<Round, Failure> {
        self.0.counter.travel().await;
        let row_lock = self.0.lock_row(floor, seat).await;
        let round = self.0.at_once(|state| state.open(floor, seat));
        drop(row_lock);
        self.0.counter.travel().await;
        Ok(round)
    }

    async fn reset(&self, floor: &FloorId, seats: Option<&[SeatId]>) -> Result<(), Failure> {
        self.0.counter.travel().await;
        // In floor order, so that two resets never wait for each other.
        let mut row_locks = Vec::new();
        for row in self.0.at_once(|state| state.seats(floor)) {
            row_locks.extend(self.0.lock_row(floor, row.seat).await);
        }
        self.0.at_once(|state| {
            let rows = state.seats(floor);
            let opened = rows.iter().filter(|row| shelf::is_reset_by(row, seats)).map(|row| shelf::opened(row, true));
            state.commit(floor, Writes { seats: opened.collect(), sale: None });
        });
        drop(row_locks);
        self.0.counter.travel().await;
        Ok(())
    }

    async fn seats(&self, floor: &FloorId) -> Result<Vec<SeatRow>, Failure> {
        Ok(self.look(|state| state.seats(floor)).await)
    }

    async fn seat_rows(&self, floor: &FloorId, seat: SeatId) -> Result<Vec<SeatRow>, Failure> {
        Ok(vec![self.look(|state| state.seat(state.snapshot(), floor, seat)).await])
    }

    async fn tickets(&self, floor: &FloorId, buyer: &BuyerName) -> Result<Vec<Sale>, Failure> {
        Ok(shelf::of_buyer(self.look(|state| state.sales(floor)).await, buyer))
    }

    async fn counts(&self, floor: &FloorId, span: Span) -> Result<Vec<RoundCount>, Failure> {
        let (seats, sales) = self.look(|state| (state.seats(floor), state.sales(floor))).await;
        Ok(shelf::counts(&sales, &seats, span))
    }

    async fn sales(&self, floor: &FloorId, seat: SeatId, round: Round) -> Result<Vec<Sale>, Failure> {
        Ok(shelf::of_round(self.look(|state| state.sales(floor)).await, seat, round))
    }
}

impl Serialisable {
    /// Asks for what stands there when the question arrives.
    async fn look<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        self.0.counter.ask(|| self.0.at_once(read)).await
    }
}
