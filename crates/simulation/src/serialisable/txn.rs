//! The transaction a purchase runs in: it reads one snapshot, keeps its writes to itself, and commits them at once.

use super::state::{CommitNumber, State, Writes};
use super::{Flaw, LostCommits, RowLock, Shared};
use crate::counter;
use onsale::{Failure, FloorId, Order, Seat, SeatId, Transaction};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// An open transaction. Dropped unfinished, it has written nothing and holds nothing.
pub struct SerialisableTxn {
    db: Arc<Shared>,
    snapshot: CommitNumber,
    floor: Option<FloorId>,
    writes: Writes,
    row_lock: Option<RowLock>,
    _connection: OwnedSemaphorePermit,
}

impl Transaction for SerialisableTxn {
    async fn begin(&mut self) -> Result<(), Failure> {
        let is_old = self.db.is(Flaw::OldSnapshots);
        let newest = |state: &mut State| if is_old { state.old_snapshot() } else { state.snapshot() };
        self.snapshot = self.db.counter.ask(|| self.db.at_once(newest)).await;
        Ok(())
    }

    async fn find_sale(&mut self, order: &Order) -> Result<bool, Failure> {
        let found = self.db.counter.ask(|| self.db.at_once(|state| state.has_sale(self.snapshot, order))).await;
        Ok(found && !self.db.is(Flaw::Forgetful))
    }

    async fn read_seat(&mut self, order: &Order) -> Result<Seat, Failure> {
        let read = || self.db.at_once(|state| state.seat(self.snapshot, &order.floor, order.seat));
        Ok(counter::seat(self.db.counter.ask(read).await))
    }

    async fn write_seat(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        let db = Arc::clone(&self.db);
        db.counter.travel().await;
        self.row_lock = db.lock_row(&order.floor, order.seat).await;
        let lost = self.row_lock.is_some() && self.is_overtaken(&order.floor, order.seat);
        if lost {
            self.row_lock = None; // the database has aborted it, whatever its buyer does next
        }
        db.counter.travel().await;
        if lost {
            return Err(self.conflict());
        }
        self.floor = Some(order.floor.clone());
        self.writes.seats.push(counter::sold(order, seat));
        Ok(())
    }

    async fn append_sale(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        self.db.counter.ask(|| ()).await;
        self.floor = Some(order.floor.clone());
        self.writes.sale = (!self.db.is(Flaw::Unrecorded)).then(|| self.db.counter.sale(order, seat));
        Ok(())
    }

    async fn commit(mut self) -> Result<(), Failure> {
        let db = Arc::clone(&self.db);
        let fate = Fate::of(db.counter.chance.draw(0..=99), db.lost);
        db.counter.travel().await;
        let landed = match fate {
            Fate::Answered | Fate::AnswerLost => self.land(true),
            Fate::NeverArrives | Fate::Late => Ok(()),
        };
        if fate == Fate::Late {
            tokio::spawn(async move {
                self.db.counter.chance.pause(0..=LostCommits::LATE_MS_MAX).await;
                let is_checked = !self.db.is(Flaw::Unfenced);
                drop(self.land(is_checked)); // nobody listens for the answer
            });
        } else {
            drop(self);
        }
        db.counter.travel().await;
        if fate == Fate::Answered { landed } else { Err(connection_died(db.counter.database)) }
    }

    async fn rollback(self) -> Result<(), Failure> {
        self.db.counter.ask(|| ()).await;
        Ok(())
    }
}

impl SerialisableTxn {
    pub(super) fn new(db: Arc<Shared>, connection: OwnedSemaphorePermit) -> Self {
        Self { db, snapshot: 0, floor: None, writes: Writes::default(), row_lock: None, _connection: connection }
    }

    /// COMMIT has arrived: the first committer wins. Where a row was locked, the race was decided at the write.
    fn land(&mut self, is_checked: bool) -> Result<(), Failure> {
        let Some(floor) = self.floor.take() else { return Ok(()) };
        let writes = std::mem::take(&mut self.writes);
        let row_lock = self.row_lock.take();
        let is_raced = is_checked && row_lock.is_none();
        if is_raced && writes.seats.iter().any(|row| self.is_overtaken(&floor, row.seat)) {
            return Err(self.conflict());
        }
        self.db.at_once(|state| state.commit(&floor, writes));
        Ok(())
    }

    /// Whether the row was changed since the snapshot.
    fn is_overtaken(&self, floor: &FloorId, seat: SeatId) -> bool {
        let changed = self.db.at_once(|state| state.is_changed_since(self.snapshot, floor, seat));
        changed && !self.db.is(Flaw::Unchecked)
    }

    fn conflict(&self) -> Failure {
        let source = "the seat's row was changed after this transaction's snapshot".into();
        Failure::Conflict { database: self.db.counter.database, source }
    }
}

fn connection_died(database: &'static str) -> Failure {
    Failure::Indeterminate { database, source: "the connection died while committing".into() }
}

/// What becomes of one COMMIT.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    NeverArrives,
    AnswerLost,
    Late,
}

impl Fate {
    /// By a number from 0 to 99.
    fn of(drawn: u64, lost: LostCommits) -> Self {
        let after = lost.before_percent + lost.after_percent;
        match drawn {
            n if n < lost.before_percent => Self::NeverArrives,
            n if n < after => Self::AnswerLost,
            n if n < after + lost.late_percent => Self::Late,
            _ => Self::Answered,
        }
    }
}
