//! What no recorder could have written, whatever the database did.

use crate::first::FirstPlaces;
use onsale::{Opening, Operation, Outcome, Read, Run, Sale, SeatIndex, Seen, Ticket};

/// The contradictions inside `run`, a sentence each: the first of its kind, and how many more there are. None of them is
/// a matter for the witness: they speak of the program that wrote the record, not of the database. A run with one has no
/// verdict, because a verdict follows from the stamps and rows that contradict each other.
pub fn contradictions(run: &Run) -> Vec<String> {
    let record = Record::of(run);
    let mut doubts = plan(run);
    for check in OPERATION {
        let found = run.operations.iter().enumerate().filter_map(|(index, op)| {
            check(&record, op).map(|what| format!("operation {index} ({}) {what}", op.buyer))
        });
        doubts.extend(first_of(found));
    }
    doubts.extend(first_of(record.shared_tickets()));
    doubts.extend(first_of(run.ledger.iter().filter_map(|sale| record.misfit(sale))));
    doubts.extend(first_of(record.repeated_rows()));
    doubts.extend(first_of(record.strange_owners()));
    doubts
}

/// What one operation can contradict.
const OPERATION: [fn(&Record<'_>, &Operation) -> Option<String>; 7] =
    [early, outside, connected, reads, counted, regions, answered];

/// The run, and where its tickets and openings are.
struct Record<'a> {
    run: &'a Run,
    /// The first operation that asked for each ticket.
    by_ticket: FirstPlaces,
    /// Operations that ask for the same ticket: the first, and another.
    shared: Vec<(usize, usize)>,
    openings: SeatIndex,
}

fn plan(run: &Run) -> Vec<String> {
    let mut doubts = Vec::new();
    let operations = run.operations.len();
    if operations != usize::try_from(run.plan.buyers).unwrap_or(usize::MAX) {
        doubts.push(format!("the plan has {} buyers, the record {operations} operations", run.plan.buyers));
    }
    let last_us = run.operations.iter().map(|op| op.end_us).max();
    if let Some(last_us) = last_us.filter(|&us| us != run.end_us) {
        doubts.push(format!("the run ends at {} µs, its last operation at {last_us} µs", run.end_us));
    }
    let unopened = run.openings.iter().filter(|opening| {
        opening.start_us > opening.end_us || opening.end_us > run.barrier_us.saturating_add(run.skew_us)
    });
    doubts.extend(first_of(unopened.map(|opening| {
        let (start_us, end_us) = (opening.start_us, opening.end_us);
        format!(
            "seat {} was opened from {start_us} to {end_us} µs; the barrier fell at {} µs",
            opening.seat, run.barrier_us
        )
    })));
    doubts
}

fn early(record: &Record<'_>, op: &Operation) -> Option<String> {
    let opening = record.opening(op)?;
    (op.start_us.saturating_add(record.run.skew_us) < opening.end_us)
        .then(|| format!("starts at {} µs, before seat {} was open, at {} µs", op.start_us, op.seat, opening.end_us))
}

fn outside(Record { run, .. }: &Record<'_>, op: &Operation) -> Option<String> {
    let inside = run.barrier_us <= op.start_us.saturating_add(run.skew_us)
        && op.start_us <= op.end_us
        && op.end_us <= run.end_us.saturating_add(run.skew_us);
    (!inside).then(|| {
        format!(
            "lasts from {} to {} µs; the buyers were let go at {} µs and the last was told at {} µs",
            op.start_us, op.end_us, run.barrier_us, run.end_us
        )
    })
}

fn connected(_: &Record<'_>, op: &Operation) -> Option<String> {
    let connected_us = op.connected_us.filter(|us| !(op.start_us..=op.end_us).contains(us))?;
    Some(format!("is connected at {connected_us} µs, outside its {} to {} µs", op.start_us, op.end_us))
}

fn reads(_: &Record<'_>, op: &Operation) -> Option<String> {
    let mut from_us = op.connected_us.unwrap_or(op.start_us);
    for Read { start_us, end_us, .. } in &op.reads {
        if !(from_us <= *start_us && start_us <= end_us && *end_us <= op.end_us) {
            return Some(format!("reads from {start_us} to {end_us} µs, out of the order of its stamps"));
        }
        from_us = *end_us;
    }
    None
}

fn counted(_: &Record<'_>, op: &Operation) -> Option<String> {
    let (attempts, reads) = (op.attempts, op.reads.len());
    let fits = attempts > 0 && op.conflicts <= attempts && u32::try_from(reads).is_ok_and(|reads| reads <= attempts);
    (!fits).then(|| format!("has {attempts} attempts, {} conflicts and {reads} reads", op.conflicts))
}

fn regions(Record { run, .. }: &Record<'_>, op: &Operation) -> Option<String> {
    (!run.plan.regions.contains(&op.region)).then(|| format!("is in {}, a region that is not in the plan", op.region))
}

/// The purchase is told "sold" because its last read said so, and confirms only what some attempt read as available.
fn answered(_: &Record<'_>, op: &Operation) -> Option<String> {
    let last = &op.reads.last()?.seen;
    match op.outcome {
        Outcome::Rejected if *last == Seen::Available => Some("is rejected, though it last read “available”".into()),
        Outcome::Confirmed if !op.contended() => Some("is confirmed, though it never read “available”".into()),
        _ => None,
    }
}

impl<'a> Record<'a> {
    fn of(run: &'a Run) -> Self {
        let mut by_ticket = FirstPlaces::of(run.operations.len());
        let mut shared = Vec::new();
        for (index, op) in run.operations.iter().enumerate() {
            let first = by_ticket.note(&op.ticket, index, |first| run.operations[first].ticket == op.ticket);
            shared.extend((first != index).then_some((first, index)));
        }
        let openings = SeatIndex::of(run.openings.iter().map(|opening| opening.seat));
        Self { run, by_ticket, shared, openings }
    }

    fn opening(&self, op: &Operation) -> Option<&Opening> {
        self.openings.get(op.seat).map(|at| &self.run.openings[at])
    }

    /// The first operation that asked for `ticket`.
    fn by_ticket(&self, ticket: &Ticket) -> Option<&'a Operation> {
        let operations = &self.run.operations;
        self.by_ticket.find(ticket, |at| operations[at].ticket == *ticket).map(|at| &operations[at])
    }

    fn shared_tickets(&self) -> impl Iterator<Item = String> {
        self.shared.iter().map(|(a, b)| {
            let ticket = &self.run.operations[*a].ticket;
            format!("operations {a} and {b} ask for the same ticket {ticket}, and no ticket is asked for twice")
        })
    }

    /// How a ledger row of this run differs from the operation that asked for it. One that nobody asked for is a
    /// phantom, which the witness reports.
    fn misfit(&self, sale: &Sale) -> Option<String> {
        let op = self.by_ticket(&sale.ticket).filter(|_| sale.run.as_ref() == Some(&self.run.id))?;
        if (op.seat, &op.buyer, &op.region) != (sale.seat, &sale.buyer, &sale.region) {
            return Some(format!(
                "ticket {} was sold to {} in {} for seat {}, but asked for by {} in {} for seat {}",
                sale.ticket, sale.buyer, sale.region, sale.seat, op.buyer, op.region, op.seat
            ));
        }
        (!(1..=op.attempts).contains(&sale.attempt)).then(|| {
            format!("ticket {} was sold in attempt {}, but its buyer made {}", sale.ticket, sale.attempt, op.attempts)
        })
    }

    fn repeated_rows(&self) -> impl Iterator<Item = String> {
        let ledger = &self.run.ledger;
        let mut rows = FirstPlaces::of(ledger.len());
        ledger.iter().enumerate().filter_map(move |(at, sale)| {
            let row = |sale: &'a Sale| (sale.seat, sale.round, &sale.ticket);
            let first = rows.note(row(sale), at, |first| row(&ledger[first]) == row(sale));
            (first != at).then(|| format!("ticket {} stands in the ledger twice", sale.ticket))
        })
    }

    fn strange_owners(&self) -> impl Iterator<Item = String> {
        let held = self.run.seat_rows.iter().filter_map(|row| row.holder.as_ref());
        let asked = held.filter_map(|holder| Some((holder, self.by_ticket(&holder.ticket)?)));
        asked.filter(|(holder, op)| (&holder.owner, &holder.region) != (&op.buyer, &op.region)).map(|(holder, op)| {
            format!(
                "the seats table shows ticket {} with {}, but {} asked for it",
                holder.ticket, holder.owner, op.buyer
            )
        })
    }
}

/// The first, and how many more there are.
fn first_of(mut found: impl Iterator<Item = String>) -> Option<String> {
    let first = found.next()?;
    match found.count() {
        0 => Some(first),
        more => Some(format!("{first} (and {more} more of the kind)")),
    }
}
