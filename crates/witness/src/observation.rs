//! What buyers saw of the round.

use crate::sales::Sales;
use onsale::{Operation, Outcome, Read, Run, Seen, Ticket};

/// One answer about the run's round: a read, or a rejection whose read was not recorded.
#[derive(Clone, Copy)]
pub(crate) struct Observation<'a> {
    pub operation: usize,
    pub start_us: u64,
    pub end_us: u64,
    pub saw: Saw<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Saw<'a> {
    Available,
    /// By this ticket, if the answer named one.
    Sold(Option<&'a Ticket>),
}

/// Every answer about the round, in the order of the operations. Reads of other rounds are judged by
/// [`crate::rounds`].
pub(crate) fn observations<'a>(run: &'a Run, sales: &Sales<'_>) -> impl Iterator<Item = Observation<'a>> + use<'a> {
    let moved = sales.moved(run);
    run.operations.iter().enumerate().flat_map(move |(operation, op)| {
        let of_round = op.reads.iter().filter(|read| read.round == run.opening.round);
        let reads = of_round.map(move |read| Observation {
            operation,
            start_us: read.start_us,
            end_us: read.end_us,
            saw: saw(&read.seen),
        });
        // When the round was moved, an unrecorded "sold" may have been another round's.
        let unread = (!moved && op.outcome == Outcome::Rejected && !op.reads.iter().any(saw_sold)).then_some(op);
        reads.chain(unread.map(|op| rejection(operation, op)))
    })
}

fn saw(seen: &Seen) -> Saw<'_> {
    match seen {
        Seen::Available => Saw::Available,
        Seen::Sold(ticket) => Saw::Sold(Some(ticket)),
    }
}

fn saw_sold(read: &Read) -> bool {
    matches!(read.seen, Seen::Sold(_))
}

fn rejection(operation: usize, op: &Operation) -> Observation<'_> {
    Observation { operation, start_us: op.start_us, end_us: op.end_us, saw: Saw::Sold(None) }
}
