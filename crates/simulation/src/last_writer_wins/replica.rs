//! One region's items. Pure.

use onsale::{FloorId, Round, Sale, SeatId, SeatRow, Ticket};
use std::collections::BTreeMap;

/// What one region holds.
#[derive(Default)]
pub struct Replica {
    seats: BTreeMap<(FloorId, SeatId), (u64, SeatRow)>,
    ledger: BTreeMap<(FloorId, SeatId, Round, Ticket), Sale>,
}

impl Replica {
    /// Keeps the row unless a later write of the item is here already.
    pub fn put_seat(&mut self, floor: &FloorId, row: SeatRow, stamp: u64) {
        let item = self.seats.entry((floor.clone(), row.seat)).or_insert_with(|| (stamp, row.clone()));
        if stamp > item.0 {
            *item = (stamp, row);
        }
    }

    pub fn put_sale(&mut self, floor: &FloorId, sale: Sale) {
        self.ledger.insert((floor.clone(), sale.seat, sale.round, sale.ticket.clone()), sale);
    }

    /// A missing item is a seat that nobody has touched.
    pub fn seat(&self, floor: &FloorId, seat: SeatId) -> SeatRow {
        let item = self.seats.get(&(floor.clone(), seat));
        item.map_or_else(|| SeatRow::untouched(seat), |(_, row)| row.clone())
    }

    /// The floor's rows, in floor order.
    pub fn seats(&self, floor: &FloorId) -> Vec<SeatRow> {
        self.seats.iter().filter(|((of, _), _)| of == floor).map(|(_, (_, row))| row.clone()).collect()
    }

    /// The floor's ledger.
    pub fn sales(&self, floor: &FloorId) -> Vec<Sale> {
        self.ledger.iter().filter(|((of, ..), _)| of == floor).map(|(_, sale)| sale.clone()).collect()
    }
}

/// Two replicas seen as one: per seat the highest round, and in it an owner before none.
pub fn unite_seats(replicas: [Vec<SeatRow>; 2]) -> Vec<SeatRow> {
    let mut united = BTreeMap::<SeatId, SeatRow>::new();
    for row in replicas.into_iter().flatten() {
        let rank = |row: &SeatRow| (row.round, row.holder.is_some());
        if united.get(&row.seat).is_none_or(|other| rank(other) < rank(&row)) {
            united.insert(row.seat, row);
        }
    }
    united.into_values().collect()
}

/// Every sale once, by its ticket, oldest first.
pub fn unite_sales(replicas: [Vec<Sale>; 2]) -> Vec<Sale> {
    let by_ticket: BTreeMap<_, _> =
        replicas.into_iter().flatten().map(|sale| ((sale.sold_at_ms, sale.ticket.clone()), sale)).collect();
    by_ticket.into_values().collect()
}
