//! An exhaustive search in the manner of Wing and Gong: is there any order of events that explains a run?
//!
//! It knows the registers, the intervals and nothing of the witness's rules, not even that seats can be judged one by one,
//! so that the two can disagree.

use onsale::{Operation, Outcome, Round, Run, Sale, Seen, Ticket};
use std::collections::HashSet;

/// Whether some order of events, each at an instant inside its interval, explains everything in the record.
pub fn is_linearizable(run: &Run) -> bool {
    Search::of(run).explains(0, State::default(), &mut HashSet::new())
}

/// The same, if the sale of the ledger's only ticket took place at one instant.
pub fn is_linearizable_at(run: &Run, sold_us: u64) -> bool {
    Search::pinned(run, Some(sold_us)).is_some_and(|search| search.explains(0, State::default(), &mut HashSet::new()))
}

/// The same as [`is_linearizable`], trying every order there is: without the one shortcut of [`Search::explains`].
pub fn is_linearizable_the_long_way(run: &Run) -> bool {
    Search { shortcut: false, ..Search::of(run) }.explains(0, State::default(), &mut HashSet::new())
}

/// Sets of events, and of tickets, are bits of a number.
struct Search {
    events: Vec<Event>,
    /// The events that happened; the others may have.
    certain: u64,
    /// By seat, the round that the run opened.
    opened: [Round; SEATS],
    shortcut: bool,
}

struct Event {
    seat: usize,
    kind: Kind,
    /// The certain events that ended before this one began.
    after: u64,
}

/// Tickets are numbers here.
#[derive(Clone, Copy)]
enum Kind {
    Open(Round),
    Read(Round, Option<u8>),
    /// A rejection that names nobody, not even its round: this one, or an earlier one.
    ReadSold(Round),
    /// In whatever state the round other than the run's is in.
    ReadOther(Round),
    Acquire(Round, u8),
    /// An acquire of this round or of an earlier one.
    AcquireAny(Round, u8),
    /// An acquire of an earlier round, in whatever state that is in.
    AcquireEarlier(Round),
    /// What no call can have brought about.
    Never,
    /// The set of tickets in the ledger.
    ReadLedger(u32),
}

/// The most seats of a run that is searched.
const SEATS: usize = 3;
type State = [Chair; SEATS];

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Chair {
    round: Round,
    holder: Option<u8>,
}

impl Chair {
    /// The chair after `kind`, or `None` if it would not have answered so.
    fn after(self, kind: Kind, opened: Round) -> Option<Self> {
        let moved_to = |round| (round >= self.round).then_some(Self { round, ..self });
        let same = |fits: bool| fits.then_some(self);
        match kind {
            Kind::Open(round) => (self.round < round).then_some(Self { round, holder: None }),
            Kind::Read(round, holder) => same(self.round == round && self.holder == holder),
            Kind::ReadSold(round) => same(self.round < opened || self.round == round && self.holder.is_some()),
            Kind::AcquireAny(..) if self.round < opened => Some(self),
            Kind::AcquireEarlier(round) if self.round >= opened || round >= opened => None,
            Kind::AcquireEarlier(round) => moved_to(round),
            Kind::Never => None,
            // Others open seats when they like: earlier rounds before ours, later ones after it.
            Kind::ReadOther(round) if round < opened => moved_to(round),
            Kind::ReadOther(round) => moved_to(round).filter(|_| self.round >= opened),
            Kind::Acquire(round, ticket) | Kind::AcquireAny(round, ticket) => {
                same(self.round == round && self.holder.is_none()).map(|_| Self { round, holder: Some(ticket) })
            }
            Kind::ReadLedger(tickets) => same(tickets == self.holder.map_or(0, |ticket| 1 << ticket)),
        }
    }
}

impl Search {
    /// Whether the events that are not yet `done` can follow from `state` in some order.
    ///
    /// The shortcut: an answer that may come next and leaves the state as it is comes next. Nothing is lost. In any order
    /// that explains the rest, this answer can be moved to the front: it may come next, so nothing must precede it; it
    /// changes nothing, so all that it is moved past goes as it went. What branches is what changes the state.
    fn explains(&self, mut done: u64, state: State, dead: &mut HashSet<(u64, State)>) -> bool {
        let stays = |at: &usize| self.shortcut && self.after(*at, &state) == Some(state);
        while let Some(at) = self.next(done).find(stays) {
            done |= 1 << at;
        }
        if self.certain & !done == 0 {
            return true;
        }
        if !dead.insert((done, state)) {
            return false;
        }
        self.next(done).any(|at| self.after(at, &state).is_some_and(|after| self.explains(done | 1 << at, after, dead)))
    }

    /// The events that may come next: all that ended before them are done.
    fn next(&self, done: u64) -> impl Iterator<Item = usize> {
        let may = move |at: &usize| done & (1 << at) == 0 && self.events[*at].after & !done == 0;
        (0..self.events.len()).filter(may)
    }

    fn after(&self, at: usize, state: &State) -> Option<State> {
        let Event { seat, kind, .. } = self.events[at];
        let mut state = *state;
        state[seat] = state[seat].after(kind, self.opened[seat])?;
        Some(state)
    }

    fn of(run: &Run) -> Self {
        Self::pinned(run, None).unwrap()
    }

    /// `None`: the sale cannot have taken place at that instant.
    fn pinned(run: &Run, sold_us: Option<u64>) -> Option<Self> {
        let mut events = Events { list: Vec::with_capacity(64), tickets: Vec::with_capacity(16), skew_us: run.skew_us };
        let mut opened = [0; SEATS];
        for (seat, opening) in run.openings.iter().enumerate() {
            opened[seat] = opening.round;
            events.of_seat(run, seat);
        }
        let Events { mut list, tickets, .. } = events;
        if let Some(us) = sold_us {
            let winner = tickets.iter().position(|ticket| **ticket == run.ledger[0].ticket).unwrap();
            let is_sale = |event: &&mut Timed| matches!(event.kind, Kind::Acquire(_, at) if usize::from(at) == winner);
            let sale = list.iter_mut().find(is_sale).unwrap();
            if !(sale.start_us..=sale.end_us).contains(&us) {
                return None;
            }
            (sale.start_us, sale.end_us, sale.certain) = (us, us, true);
        }
        assert!(list.len() <= 64 && tickets.len() <= 32, "too much for an exhaustive search");
        let certain = list.iter().enumerate().fold(0, |set, (at, event)| set | u64::from(event.certain) << at);
        let events = list.iter().map(|event| {
            let before = list.iter().enumerate().map(|(at, other)| u64::from(other.end_us < event.start_us) << at);
            Event { seat: event.seat, kind: event.kind, after: before.fold(0, |set, at| set | at) & certain }
        });
        Some(Self { events: events.collect(), certain, opened, shortcut: true })
    }
}

/// The events of a run, with their times.
struct Events<'a> {
    list: Vec<Timed>,
    tickets: Vec<&'a Ticket>,
    skew_us: u64,
}

struct Timed {
    seat: usize,
    start_us: u64,
    end_us: u64,
    certain: bool,
    kind: Kind,
}

impl<'a> Events<'a> {
    fn number(&mut self, ticket: &'a Ticket) -> u8 {
        let known = self.tickets.iter().position(|known| *known == ticket);
        u8::try_from(known.unwrap_or_else(|| {
            self.tickets.push(ticket);
            self.tickets.len() - 1
        }))
        .unwrap()
    }

    fn of_seat(&mut self, run: &'a Run, seat: usize) {
        let opening = &run.openings[seat];
        let (at, round) = (opening.seat, opening.round);
        let operations = || run.operations.iter().filter(|op| op.seat == at);
        let sales = || run.ledger.iter().filter(move |sale| sale.seat == at);
        let moved = run.seat_rows.iter().any(|row| row.seat == at && row.round > round)
            || operations().any(|op| op.reads.iter().any(|read| read.round > round))
            || sales().any(|sale| sale.round > round);
        self.push(seat, (opening.start_us, opening.end_us), true, Kind::Open(round));
        for op in operations() {
            for read in &op.reads {
                let kind = match &read.seen {
                    _ if read.round != round => Kind::ReadOther(read.round),
                    Seen::Available => Kind::Read(round, None),
                    Seen::Sold(ticket) => Kind::Read(round, Some(self.number(ticket))),
                };
                self.push(seat, (read.start_us, read.end_us), true, kind);
            }
            let unread = !op.reads.iter().any(|read| read.seen != Seen::Available);
            if op.outcome == Outcome::Rejected && unread && !moved {
                // The read that is not on record came after those that are.
                let start_us = op.reads.iter().fold(op.start_us, |us, read| us.max(read.end_us.min(op.end_us)));
                self.push(seat, (start_us, op.end_us), true, Kind::ReadSold(round));
            }
            let of_ticket: Vec<_> = sales().filter(|sale| sale.ticket == op.ticket).map(|sale| sale.round).collect();
            let number = self.number(&op.ticket);
            let (certain, end_us) = match op.outcome {
                Outcome::Confirmed => (true, op.end_us),
                Outcome::Unknown => (false, u64::MAX),
                Outcome::Rejected | Outcome::Error => continue,
            };
            let here = of_ticket.contains(&round);
            let last = op.reads.iter().rfind(|read| read.seen == Seen::Available).map(|read| read.round);
            let kind = match last {
                _ if here || !certain => Kind::Acquire(round, number),
                // In the ledger of another round: see below.
                _ if !of_ticket.is_empty() && last != Some(round) => continue,
                Some(last) if last > round => continue,
                Some(last) if last < round => Kind::AcquireEarlier(last),
                Some(_) => Kind::Acquire(round, number),
                None if moved => continue,
                None => Kind::AcquireAny(round, number),
            };
            let of_round = if let Kind::AcquireEarlier(earlier) = kind { earlier } else { round };
            self.push(seat, (asked_us(op, of_round), end_us), certain, kind);
        }
        let mut ledger = 0;
        for sale in sales() {
            let ours = sale.run.as_ref() == Some(&run.id);
            let asked = || operations().filter(|op| op.ticket == sale.ticket);
            if sale.round != round {
                if ours {
                    let (interval, kind) = elsewhere(asked(), sale, round);
                    self.push(seat, interval.unwrap_or((0, run.end_us)), true, kind);
                }
                continue;
            }
            let ticket = self.number(&sale.ticket);
            ledger |= 1 << ticket;
            if !ours && asked().next().is_none() {
                self.push(seat, (opening.start_us, u64::MAX), false, Kind::Acquire(round, ticket));
            }
        }
        let over_us = run.end_us + run.skew_us;
        // Read back one after the other, when every call had ended.
        for row in run.seat_rows.iter().filter(|row| row.seat == at) {
            let holder = row.holder.as_ref().map(|holder| self.number(&holder.ticket));
            let kind = if row.round == round { Kind::Read(round, holder) } else { Kind::ReadOther(row.round) };
            self.list.push(Timed { seat, start_us: over_us + 1, end_us: over_us + 1, certain: true, kind });
        }
        let kind = Kind::ReadLedger(ledger);
        self.list.push(Timed { seat, start_us: over_us + 2, end_us: over_us + 2, certain: true, kind });
    }

    /// Adds an event; the clocks may differ from the run's own by the skew, in either direction.
    fn push(&mut self, seat: usize, (start_us, end_us): (u64, u64), certain: bool, kind: Kind) {
        let (start_us, end_us) = (start_us.saturating_sub(self.skew_us), end_us.saturating_add(self.skew_us));
        self.list.push(Timed { seat, start_us, end_us, certain, kind });
    }
}

/// When a purchase of `round` was asked for: its buyer's first read of it as available was answered.
fn asked_us(op: &Operation, round: Round) -> u64 {
    let free = op.reads.iter().filter(|read| read.round == round && read.seen == Seen::Available);
    free.map(|read| read.end_us).min().unwrap_or(op.start_us)
}

/// What a row of this run in another round than `round` says of whoever asked for its ticket: they bought it then, if
/// they may have. What happened in later rounds is not judged.
fn elsewhere<'a>(asked: impl Iterator<Item = &'a Operation>, sale: &Sale, round: Round) -> (Option<(u64, u64)>, Kind) {
    let free = |op: &Operation| op.reads.iter().any(|read| (read.round, &read.seen) == (sale.round, &Seen::Available));
    let mut buyers = asked.filter(|op| op.outcome == Outcome::Confirmed || op.outcome == Outcome::Unknown);
    match buyers.find(|op| op.reads.is_empty() || free(op)) {
        None => (None, Kind::Never),
        Some(_) if sale.round > round => (None, Kind::ReadOther(sale.round)),
        Some(op) => (Some((asked_us(op, sale.round), op.end_us)), Kind::AcquireEarlier(sale.round)),
    }
}
