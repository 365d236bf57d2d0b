//! What no recorder could have written, whatever the database did.

use onsale::{Opening, Operation, Outcome, Read, Run, Sale, Seen, Ticket};
use std::hash::{BuildHasher, RandomState};

/// The contradictions inside `run`, a sentence each: the first of its kind, and how many more there are. None of them is
/// a matter for the witness: they speak of whoever wrote the record, not of the database.
pub(crate) fn doubts(run: &Run) -> Vec<String> {
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

/// The run with its tickets and openings sorted.
struct Record<'a> {
    run: &'a Run,
    hasher: RandomState,
    /// Indices of operations, by the hash of their tickets: tickets are compared only where it is the same.
    by_ticket: Vec<(u32, usize)>,
    /// By seat.
    openings: Vec<Opening>,
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
        let hasher = RandomState::new();
        let tickets = run.operations.iter().map(|op| hash(&hasher, &op.ticket));
        let mut by_ticket: Vec<_> = tickets.zip(0..).collect();
        by_ticket.sort_unstable();
        let mut openings = run.openings.clone();
        openings.sort_unstable_by_key(|opening| opening.seat);
        Self { run, hasher, by_ticket, openings }
    }

    fn opening(&self, op: &Operation) -> Option<&Opening> {
        let at = self.openings.binary_search_by_key(&op.seat, |opening| opening.seat).ok()?;
        Some(&self.openings[at])
    }

    /// The first operation that asked for `ticket`.
    fn by_ticket(&self, ticket: &Ticket) -> Option<&'a Operation> {
        let hash = hash(&self.hasher, ticket);
        let at = self.by_ticket.partition_point(|(lower, _)| *lower < hash);
        let same = self.by_ticket[at..].iter().take_while(|(same, _)| *same == hash);
        same.map(|(_, index)| &self.run.operations[*index]).find(|op| op.ticket == *ticket)
    }

    fn shared_tickets(&self) -> impl Iterator<Item = String> {
        let ticket = |index: usize| &self.run.operations[index].ticket;
        let same_hash = self.by_ticket.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
        same_hash.flat_map(move |same| {
            let mut same: Vec<_> = same.iter().map(|(_, index)| *index).collect();
            same.sort_unstable_by_key(|&index| (ticket(index), index));
            let shared: Vec<_> =
                same.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| ticket(*a) == ticket(*b)).collect();
            shared.into_iter().map(move |(a, b)| {
                format!(
                    "operations {a} and {b} ask for the same ticket {}, and no ticket is asked for twice",
                    ticket(a)
                )
            })
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
        let mut rows: Vec<_> = self.run.ledger.iter().map(|sale| (sale.seat, sale.round, &sale.ticket)).collect();
        rows.sort_unstable();
        let twice: Vec<_> = rows.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].2).collect();
        twice.into_iter().map(|ticket| format!("ticket {ticket} stands in the ledger twice"))
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

fn hash(hasher: &RandomState, ticket: &Ticket) -> u32 {
    (hasher.hash_one(ticket) >> 32) as u32
}

/// The first, and how many more there are.
fn first_of(mut found: impl Iterator<Item = String>) -> Option<String> {
    let first = found.next()?;
    match found.count() {
        0 => Some(first),
        more => Some(format!("{first} (and {more} more of the kind)")),
    }
}
