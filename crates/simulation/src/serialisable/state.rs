//! Every version of every row, by the commit that wrote it. Pure.

use onsale::{FloorId, Order, Round, Sale, SeatId, SeatRow};
use std::collections::BTreeMap;

/// The number of a commit, from 1. A snapshot is the number of the newest commit that it shows.
pub type CommitNumber = u64;

/// What was committed.
#[derive(Default)]
pub struct State {
    commits: CommitNumber,
    seats: BTreeMap<(FloorId, SeatId), Vec<(CommitNumber, SeatRow)>>,
    ledger: BTreeMap<FloorId, Vec<(CommitNumber, Sale)>>,
}

/// What a transaction writes.
#[derive(Default)]
pub struct Writes {
    pub seats: Vec<SeatRow>,
    pub sale: Option<Sale>,
}

impl State {
    /// The newest snapshot.
    pub fn snapshot(&self) -> CommitNumber {
        self.commits
    }

    /// The newest snapshot but for a sale that is the newest commit.
    pub fn old_snapshot(&self) -> CommitNumber {
        let newest = self.ledger.values().filter_map(|rows| rows.last()).map(|(commit, _)| *commit).max();
        if newest == Some(self.commits) { self.commits - 1 } else { self.commits }
    }

    /// The seat's row as `snapshot` shows it; a seat without a row is available in round 1.
    pub fn seat(&self, snapshot: CommitNumber, floor: &FloorId, seat: SeatId) -> SeatRow {
        let versions = self.seats.get(&(floor.clone(), seat)).into_iter().flatten();
        let shown = versions.rev().find(|(commit, _)| *commit <= snapshot);
        shown.map_or_else(|| SeatRow::untouched(seat), |(_, row)| row.clone())
    }

    /// Whether `snapshot` shows the order's ticket in the ledger, under its seat.
    pub fn has_sale(&self, snapshot: CommitNumber, order: &Order) -> bool {
        let rows = self.ledger.get(&order.floor).into_iter().flatten();
        let mut shown = rows.filter(|(commit, _)| *commit <= snapshot);
        shown.any(|(_, sale)| sale.seat == order.seat && sale.ticket == order.ticket)
    }

    /// Whether somebody committed a version of the row after `snapshot`.
    pub fn is_changed_since(&self, snapshot: CommitNumber, floor: &FloorId, seat: SeatId) -> bool {
        let newest = self.seats.get(&(floor.clone(), seat)).and_then(|versions| versions.last());
        newest.is_some_and(|(commit, _)| *commit > snapshot)
    }

    /// Makes the writes stand, all at one instant.
    pub fn commit(&mut self, floor: &FloorId, writes: Writes) {
        self.commits += 1;
        for row in writes.seats {
            self.seats.entry((floor.clone(), row.seat)).or_default().push((self.commits, row));
        }
        if let Some(sale) = writes.sale {
            self.ledger.entry(floor.clone()).or_default().push((self.commits, sale));
        }
    }

    /// The floor's rows, in floor order.
    pub fn seats(&self, floor: &FloorId) -> Vec<SeatRow> {
        let rows = self.seats.iter().filter(|((of, _), _)| of == floor);
        rows.filter_map(|(_, versions)| versions.last()).map(|(_, row)| row.clone()).collect()
    }

    /// The floor's ledger, oldest first.
    pub fn sales(&self, floor: &FloorId) -> Vec<Sale> {
        self.ledger.get(floor).into_iter().flatten().map(|(_, sale)| sale.clone()).collect()
    }

    /// The row that opens the seat's next round.
    pub fn open(&mut self, floor: &FloorId, seat: SeatId) -> Round {
        let row = crate::shelf::opened(&self.seat(self.commits, floor, seat), false);
        let round = row.round;
        self.commit(floor, Writes { seats: vec![row], sale: None });
        round
    }
}
