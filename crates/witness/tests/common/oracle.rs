//! An exhaustive search in the manner of Wing and Gong: is there any order of events that explains a run?
//!
//! It knows the register, the intervals and nothing of the witness's rules, so that the two can disagree.

use onsale::{Operation, Outcome, Round, Run, Seen, Ticket};
use std::collections::{BTreeSet, HashSet};

/// Whether some order of events, each at an instant inside its interval, explains everything in the record.
pub fn is_linearizable(run: &Run) -> bool {
    let events = events(run);
    assert!(events.len() <= 64, "too many events for an exhaustive search");
    search(&events, 0, State { round: 0, holder: None }, &mut HashSet::new())
}

struct Event<'a> {
    start_us: u64,
    end_us: u64,
    /// It happened; otherwise it may have.
    certain: bool,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Open(Round),
    Read(Round, Option<&'a Ticket>),
    /// A rejection that names nobody.
    ReadSold(Round),
    /// In whatever state the round after this one is in.
    ReadOther(Round),
    Acquire(Round, &'a Ticket),
    ReadLedger(BTreeSet<&'a Ticket>),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State<'a> {
    round: Round,
    holder: Option<&'a Ticket>,
}

impl<'a> State<'a> {
    /// The state after `kind`, or `None` if the register would not have answered so.
    fn after(&self, kind: &Kind<'a>, opened: Round) -> Option<Self> {
        let moved_to = |round| (round >= self.round).then(|| Self { round, ..self.clone() });
        let same = |fits: bool| fits.then(|| self.clone());
        match kind {
            Kind::Open(round) => (self.round < *round).then_some(Self { round: *round, holder: None }),
            Kind::Read(round, holder) => same(self.round == *round && self.holder == *holder),
            Kind::ReadSold(round) => same(self.round == *round && self.holder.is_some()),
            // Others open seats when they like: earlier rounds before ours, later ones after it.
            Kind::ReadOther(round) if *round < opened => moved_to(*round),
            Kind::ReadOther(round) => moved_to(*round).filter(|_| self.round >= opened),
            Kind::Acquire(round, ticket) => {
                (self.round == *round && self.holder.is_none()).then_some(Self { round: *round, holder: Some(ticket) })
            }
            Kind::ReadLedger(tickets) => same(*tickets == self.holder.into_iter().collect()),
        }
    }
}

fn search<'a>(events: &[Event<'a>], done: u64, state: State<'a>, seen: &mut HashSet<(u64, State<'a>)>) -> bool {
    let pending = || events.iter().enumerate().filter(|(at, _)| done & (1 << at) == 0);
    if pending().all(|(_, event)| !event.certain) {
        return true;
    }
    if !seen.insert((done, state.clone())) {
        return false;
    }
    let opened = events.iter().find_map(|event| if let Kind::Open(round) = event.kind { Some(round) } else { None });
    let must_precede =
        |at: usize| pending().any(|(other, event)| other != at && event.certain && event.end_us < events[at].start_us);
    pending().filter(|&(at, _)| !must_precede(at)).any(|(at, event)| {
        let next = state.after(&event.kind, opened.unwrap_or(0));
        next.is_some_and(|next| search(events, done | 1 << at, next, seen))
    })
}

fn events(run: &Run) -> Vec<Event<'_>> {
    let round = run.opening.round;
    let moved = run.seat_rows.iter().any(|row| row.round > round)
        || run.operations.iter().any(|op| op.reads.iter().any(|read| read.round > round));
    let ledger: BTreeSet<_> = run.ledger.iter().map(|sale| &sale.ticket).collect();
    let event = |start_us, end_us, certain, kind| Event { start_us, end_us, certain, kind };
    let opening = event(run.opening.start_us, run.opening.end_us, true, Kind::Open(round));
    let mut events = vec![opening];
    for op in &run.operations {
        for read in &op.reads {
            let kind = match &read.seen {
                _ if read.round != round => Kind::ReadOther(read.round),
                Seen::Available => Kind::Read(round, None),
                Seen::Sold(ticket) => Kind::Read(round, Some(ticket)),
            };
            events.push(event(read.start_us, read.end_us, true, kind));
        }
        let unread = !op.reads.iter().any(|read| read.seen != Seen::Available);
        if op.outcome == Outcome::Rejected && unread && !moved {
            events.push(event(op.start_us, op.end_us, true, Kind::ReadSold(round)));
        }
        let (certain, end_us) = match op.outcome {
            Outcome::Confirmed => (buys(op, round, moved) || ledger.contains(&op.ticket), op.end_us),
            Outcome::Unknown => (false, u64::MAX),
            Outcome::Rejected | Outcome::Error => continue,
        };
        let first = op.reads.iter().filter(|read| read.round == round && read.seen == Seen::Available);
        let start_us = first.map(|read| read.end_us).min().unwrap_or(op.start_us);
        events.push(event(start_us, end_us, certain, Kind::Acquire(round, &op.ticket)));
    }
    for sale in &run.ledger {
        let asked_for = run.operations.iter().any(|op| op.ticket == sale.ticket);
        if !asked_for && sale.run.as_ref() != Some(&run.id) {
            events.push(event(run.opening.start_us, u64::MAX, false, Kind::Acquire(round, &sale.ticket)));
        }
    }
    // Read back one after the other, when every call had ended.
    for row in &run.seat_rows {
        let holder = row.holder.as_ref().map(|holder| &holder.ticket);
        let kind = if row.round == round { Kind::Read(round, holder) } else { Kind::ReadOther(row.round) };
        events.push(event(run.end_us + 1, run.end_us + 1, true, kind));
    }
    events.push(event(run.end_us + 2, run.end_us + 2, true, Kind::ReadLedger(ledger)));
    events
}

/// A purchase sells the round it last read as available.
fn buys(op: &Operation, round: Round, moved: bool) -> bool {
    op.reads.iter().rfind(|read| read.seen == Seen::Available).map_or(!moved, |read| read.round == round)
}
