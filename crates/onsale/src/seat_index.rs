//! An index by seat, for whoever keeps something of each of a million seats in a plain vector.

use crate::ids::SeatId;

/// Where each seat's entry is: a table with a place for every seat up to the last of its row, 4 bytes a seat.
#[derive(Clone, Debug, Default)]
pub struct SeatIndex {
    /// By the seat's row and number: one more than where it is; 0 is nowhere.
    rows: [Vec<u32>; 26],
}

impl SeatIndex {
    /// Every seat where it comes in `seats`; the last time, if it comes again.
    pub fn of(seats: impl IntoIterator<Item = SeatId>) -> Self {
        let mut index = Self::default();
        seats.into_iter().enumerate().for_each(|(at, seat)| index.set(seat, at));
        index
    }

    /// Where `seat` is.
    pub fn get(&self, seat: SeatId) -> Option<usize> {
        (*self.rows[row(seat)].get(usize::from(seat.number()))?).checked_sub(1).map(|at| at as usize)
    }

    /// Says where `seat` is.
    ///
    /// # Panics
    /// Beyond `u32::MAX - 1`: there are fewer than two million seats.
    pub fn set(&mut self, seat: SeatId, at: usize) {
        let (row, place) = (&mut self.rows[row(seat)], usize::from(seat.number()));
        if row.len() <= place {
            row.resize(place + 1, 0);
        }
        row[place] = u32::try_from(at + 1).unwrap_or_else(|_| unreachable!("{at} is not an entry of a seat"));
    }
}

fn row(seat: SeatId) -> usize {
    seat.row() as usize - 'A' as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_found_where_they_were_put() {
        let seat = |text: &str| text.parse::<SeatId>().unwrap();
        let mut index = SeatIndex::of(["C7", "A1", "C7", "Z65535"].map(seat));
        let found = |index: &SeatIndex| ["A1", "A2", "C7", "C8", "B7", "Z65535"].map(|text| index.get(seat(text)));
        assert_eq!(found(&index), [Some(1), None, Some(2), None, None, Some(3)]);
        index.set(seat("C8"), 0);
        assert_eq!(found(&index), [Some(1), None, Some(2), Some(0), None, Some(3)]);
    }
}
