//! The registers of a run: each seat in each round that it opened, with everything recorded of the seat.

use crate::glance::Glance;
use onsale::{Opening, Operation, Round, Run, Sale, SeatId, SeatRow};

/// One seat in one round that the run opened: what every rule is applied to.
#[derive(Clone, Copy)]
pub(crate) struct Register<'a> {
    pub run: &'a Run,
    pub clock: Clock,
    pub seat: SeatId,
    pub round: Round,
    /// When the round was opened, at the earliest and at the latest; of a doubled record, the widest.
    pub opened: (u64, u64),
    /// The run opened the seat in other rounds too, so that an answer without its read may be about any of them.
    pub reopened: bool,
    openings: &'a [Opening],
    operations: &'a [Entry],
    ledger: &'a [Entry],
    seat_rows: &'a [Entry],
}

/// The run's own clock, and how far a stamp may be from it.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub skew_us: u64,
}

impl Clock {
    /// The earliest that an instant stamped `us` can have been.
    pub fn earliest(self, us: u64) -> u64 {
        us.saturating_sub(self.skew_us)
    }

    /// The latest that an instant stamped `us` can have been.
    pub fn latest(self, us: u64) -> u64 {
        us.saturating_add(self.skew_us)
    }
}

/// Where a record of a seat stands in the run.
type Entry = (SeatId, usize);

impl<'a> Register<'a> {
    /// The operations on the seat, with their indices, in the order of the run.
    pub fn operations(&self) -> impl Iterator<Item = (usize, &'a Operation)> + use<'a> {
        let run = self.run;
        self.operations.iter().map(move |&(_, index)| (index, &run.operations[index]))
    }

    /// The ledger rows of the seat, whatever their round, in the order of the ledger.
    pub fn ledger(&self) -> impl Iterator<Item = &'a Sale> + use<'a> {
        let run = self.run;
        self.ledger.iter().map(move |&(_, index)| &run.ledger[index])
    }

    /// The seat's rows, whatever their round.
    pub fn seat_rows(&self) -> impl Iterator<Item = &'a SeatRow> + use<'a> {
        let run = self.run;
        self.seat_rows.iter().map(move |&(_, index)| &run.seat_rows[index])
    }

    /// Whether the run opened the seat in `round`.
    pub fn opens(&self, round: Round) -> bool {
        self.openings.iter().any(|opening| opening.round == round)
    }

    /// The earliest round of the seat that the run opened.
    pub fn is_first(&self) -> bool {
        self.openings.first().is_none_or(|opening| opening.round == self.round)
    }

    /// The latest round of the seat that the run opened.
    pub fn is_last(&self) -> bool {
        self.openings.last().is_none_or(|opening| opening.round == self.round)
    }
}

/// The records of the seats that must be judged, sorted by seat once. A missing opening leaves its seat's records to [`Records::unopened`]; of a
/// seat with several, each round is a register of its own.
pub(crate) struct Records {
    openings: Vec<Opening>,
    operations: Vec<Entry>,
    ledger: Vec<Entry>,
    seat_rows: Vec<Entry>,
}

impl Records {
    pub fn of(run: &Run, glance: &Glance) -> Self {
        if glance.is_clear {
            return Self { openings: vec![], operations: vec![], ledger: vec![], seat_rows: vec![] };
        }
        let judged = |entry: &Entry| glance.must_judge(entry.0);
        let mut openings: Vec<_> =
            run.openings.iter().filter(|opening| glance.must_judge(opening.seat)).copied().collect();
        openings.sort_unstable_by_key(|opening| (opening.seat, opening.round));
        openings.dedup_by(|again, first| {
            let same = (again.seat, again.round) == (first.seat, first.round);
            if same {
                first.start_us = first.start_us.min(again.start_us);
                first.end_us = first.end_us.max(again.end_us);
            }
            same
        });
        Self {
            openings,
            operations: by_seat(glance.to_judge().map(|index| (run.operations[index].seat, index))),
            ledger: by_seat(run.ledger.iter().map(|sale| sale.seat).zip(0..).filter(judged)),
            seat_rows: by_seat(run.seat_rows.iter().map(|row| row.seat).zip(0..).filter(judged)),
        }
    }

    /// Every operation here.
    pub fn operations<'a>(&self, run: &'a Run) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().map(|&(_, index)| &run.operations[index])
    }

    /// Every register, in the order of seats and rounds.
    pub fn registers<'a>(&'a self, run: &'a Run) -> impl Iterator<Item = Register<'a>> {
        let mut rest = (self.operations.as_slice(), self.ledger.as_slice(), self.seat_rows.as_slice());
        let clock = Clock { skew_us: run.skew_us };
        self.openings.chunk_by(|a, b| a.seat == b.seat).flat_map(move |openings| {
            let seat = openings[0].seat;
            let (operations, ledger, seat_rows) =
                (take(&mut rest.0, seat), take(&mut rest.1, seat), take(&mut rest.2, seat));
            openings.iter().map(move |opening| Register {
                run,
                clock,
                seat,
                round: opening.round,
                opened: (clock.earliest(opening.start_us), clock.latest(opening.end_us)),
                reopened: openings.len() > 1,
                openings,
                operations,
                ledger,
                seat_rows,
            })
        })
    }

    /// What is recorded of seats that the run never opened: the indices of operations, ledger rows and seats rows, each
    /// with its seat, in the order of seats.
    pub fn unopened(&self) -> [Vec<Entry>; 3] {
        [&self.operations, &self.ledger, &self.seat_rows].map(|entries| {
            let mut openings = self.openings.iter().peekable();
            let never_opened = |entry: &&Entry| {
                while openings.next_if(|opening| opening.seat < entry.0).is_some() {}
                openings.peek().is_none_or(|opening| opening.seat != entry.0)
            };
            entries.iter().filter(never_opened).copied().collect()
        })
    }
}

/// Sorted by seat, those of one seat in their first order.
fn by_seat(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    entries
}

/// Cuts the entries of `seat`, and those of any lower seat, off the front of `rest`; returns those of `seat`.
fn take<'a>(rest: &mut &'a [Entry], seat: SeatId) -> &'a [Entry] {
    let lower = rest.iter().take_while(|entry| entry.0 < seat).count();
    let found = rest[lower..].iter().take_while(|entry| entry.0 == seat).count();
    let (before, after) = rest.split_at(lower + found);
    *rest = after;
    &before[lower..]
}
