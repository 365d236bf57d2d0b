//! A first look at every seat, in one pass over the run. Most seats have nothing wrong with them, and a pass can tell; the
//! others are judged by the rules. It may send a good seat on, never keep a bad one: every rule's case for a finding, an
//! unsettled outcome or a moved round is one of the doubts below.

use crate::Window;
use crate::records::Clock;
use crate::sales::Sold;
use onsale::{Opening, Operation, Outcome, Read, Run, Sale, SeatId, SeatRow, Seen};
use std::hash::{BuildHasher, RandomState};

/// What the first look saw.
pub(crate) struct Glance<'a> {
    run: &'a Run,
    clock: Clock,
    chairs: Vec<Chair<'a>>,
    numbers: Numbers,
    /// Nothing was recorded of a seat that was never opened, and there is no doubt about any other.
    pub is_clear: bool,
    /// Of the seats that need not be judged, how many were sold.
    pub sold: usize,
    /// Two buyers raced for one of them.
    pub raced: bool,
    /// The hashes of the tickets that were told to buyers: two are equal if two tickets are, and hardly ever otherwise.
    pub told: Vec<u64>,
}

/// A seat in its round, and the bounds that every order of its events must keep.
struct Chair<'a> {
    opening: Opening,
    sold: Option<Sold<'a>>,
    /// The latest start of an "available".
    available_us: u64,
    /// The earliest end of a "sold".
    sold_us: u64,
    /// The earliest end of any read.
    read_us: u64,
    contenders: u8,
    doubt: bool,
}

impl<'a> Glance<'a> {
    pub fn of(run: &'a Run) -> Self {
        let clock = Clock { skew_us: run.skew_us };
        let mut glance = Self {
            run,
            clock,
            chairs: Vec::with_capacity(run.openings.len()),
            numbers: Numbers::of(&run.openings),
            is_clear: true,
            sold: 0,
            raced: false,
            told: Vec::new(),
        };
        for opening in &run.openings {
            if let Some(chair) = glance.chair(opening.seat) {
                chair.doubt = true;
            } else {
                glance.numbers.set(opening.seat, glance.chairs.len());
                glance.chairs.push(Chair::new(*opening));
            }
        }
        for sale in &run.ledger {
            let ours = sale.run.as_ref() == Some(&run.id);
            match glance.chair(sale.seat) {
                Some(chair) => chair.sale(sale, ours, clock),
                None => glance.is_clear = false,
            }
        }
        for row in &run.seat_rows {
            match glance.chair(row.seat) {
                Some(chair) => chair.row(row),
                None => glance.is_clear = false,
            }
        }
        let hasher = RandomState::new();
        for (index, op) in run.operations.iter().enumerate() {
            if op.outcome == Outcome::Confirmed {
                glance.told.push(hasher.hash_one(&op.ticket));
            }
            match glance.chair(op.seat) {
                Some(chair) => chair.operation(index, op, clock),
                None => glance.is_clear = false,
            }
        }
        for chair in &mut glance.chairs {
            chair.doubt |= !chair.fits(clock);
            if chair.doubt {
                glance.is_clear = false;
            } else {
                glance.sold += usize::from(chair.sold.is_some());
                glance.raced |= chair.contenders > 1;
                glance.numbers.set(chair.opening.seat, SETTLED);
            }
        }
        glance
    }

    /// Whether the seat must be judged: there is a doubt about it, or it was never opened.
    pub fn must_judge(&self, seat: SeatId) -> bool {
        self.numbers.get(seat) != Some(SETTLED)
    }

    /// Of a run at one seat that need not be judged, where its sale can lie.
    pub fn sale_window(&self) -> Option<Window> {
        let [chair @ Chair { sold: Some(sold), doubt: false, .. }] = self.chairs.as_slice() else { return None };
        let from_us = sold.start_us.max(chair.available_us);
        let last_us = self.clock.latest(self.run.end_us).max(sold.start_us);
        Some(Window { from_us, to_us: sold.end_us.min(chair.sold_us).min(last_us) })
    }

    fn chair(&mut self, seat: SeatId) -> Option<&mut Chair<'a>> {
        self.numbers.get(seat).map(|number| &mut self.chairs[number])
    }
}

impl<'a> Chair<'a> {
    fn new(opening: Opening) -> Self {
        Self { opening, sold: None, available_us: 0, sold_us: u64::MAX, read_us: u64::MAX, contenders: 0, doubt: false }
    }

    fn sale(&mut self, sale: &'a Sale, ours: bool, clock: Clock) {
        let again = self.sold.is_some();
        self.doubt |= again || sale.round != self.opening.round;
        if !again {
            self.sold = Some(Sold::new(&sale.ticket, ours, clock.earliest(self.opening.start_us)));
        }
    }

    fn row(&mut self, row: &SeatRow) {
        let holder = row.holder.as_ref().map(|holder| &holder.ticket);
        self.doubt |= row.round != self.opening.round || holder != self.sold.as_ref().map(|sold| sold.ticket);
    }

    fn operation(&mut self, index: usize, op: &'a Operation, clock: Clock) {
        for read in &op.reads {
            self.read(read, clock);
        }
        self.contenders = self.contenders.saturating_add(u8::from(op.contended()));
        if op.outcome == Outcome::Rejected && !op.reads.iter().any(Read::saw_sold) {
            self.sold_us = self.sold_us.min(clock.latest(op.end_us));
            self.doubt |= self.sold.is_none();
        }
        match &mut self.sold {
            Some(sold) if *sold.ticket == op.ticket => sold.claim(index, op, self.opening.round, clock),
            _ => self.doubt |= matches!(op.outcome, Outcome::Confirmed | Outcome::Unknown),
        }
    }

    fn read(&mut self, read: &Read, clock: Clock) {
        self.read_us = self.read_us.min(clock.latest(read.end_us));
        self.doubt |= read.round != self.opening.round;
        match &read.seen {
            Seen::Available => self.available_us = self.available_us.max(clock.earliest(read.start_us)),
            Seen::Sold(ticket) => {
                self.sold_us = self.sold_us.min(clock.latest(read.end_us));
                self.doubt |= self.sold.as_ref().is_none_or(|sold| sold.ticket != ticket);
            }
        }
    }

    /// Whether the bounds can be met together: the crate's front page.
    fn fits(&self, clock: Clock) -> bool {
        let begins_us = clock.earliest(self.opening.start_us);
        let sale_fits = self.sold.as_ref().is_none_or(|sold| {
            sold.is_explained()
                && sold.end_us >= begins_us
                && self.sold_us >= sold.start_us
                && self.available_us <= sold.end_us
        });
        sale_fits && self.read_us >= begins_us && self.available_us <= self.sold_us
    }
}

/// In the place of a seat's number: it need not be judged.
const SETTLED: usize = u32::MAX as usize - 1;

/// Seats numbered in the order of their openings: a table with a place for every seat up to the last row and number.
struct Numbers {
    width: usize,
    /// One more than the number; 0 is none.
    table: Vec<u32>,
}

impl Numbers {
    fn of(openings: &[Opening]) -> Self {
        let width = openings.iter().map(|opening| usize::from(opening.seat.number())).max().unwrap_or(0);
        let rows = openings.iter().map(|opening| row(opening.seat) + 1).max().unwrap_or(0);
        Self { width, table: vec![0; rows * width] }
    }

    fn place(&self, seat: SeatId) -> Option<usize> {
        let column = usize::from(seat.number()) - 1;
        (column < self.width).then(|| row(seat) * self.width + column)
    }

    fn get(&self, seat: SeatId) -> Option<usize> {
        (*self.table.get(self.place(seat)?)?).checked_sub(1).map(|number| number as usize)
    }

    fn set(&mut self, seat: SeatId, number: usize) {
        let place = self.place(seat).and_then(|place| self.table.get_mut(place));
        if let (Some(place), Ok(number)) = (place, u32::try_from(number)) {
            *place = number + 1;
        }
    }
}

fn row(seat: SeatId) -> usize {
    seat.row() as usize - 'A' as usize
}
