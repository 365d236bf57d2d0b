//! What buyers saw of a register.

use crate::records::Register;
use crate::sales::Sales;
use onsale::{Outcome, Read, Seen, Ticket};

/// One answer about the register's round: a read, or a rejection whose read was not recorded. Its interval is widened by
/// the run's clock skew.
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
pub(crate) fn observations<'a>(
    register: &Register<'a>,
    sales: &Sales<'_>,
) -> impl Iterator<Item = Observation<'a>> + use<'a> {
    let moved = sales.moved(register);
    let (register, round) = (*register, register.round);
    register.operations().flat_map(move |(operation, op)| {
        let of_round = op.reads.iter().filter(move |read| read.round == round);
        let reads = of_round.map(move |read| Observation {
            operation,
            start_us: register.clock.earliest(read.start_us),
            end_us: register.clock.latest(read.end_us),
            saw: saw(&read.seen),
        });
        // When the round was moved, an unrecorded "sold" may have been another round's.
        let unread = (!moved && op.outcome == Outcome::Rejected && !op.reads.iter().any(Read::saw_sold)).then_some(op);
        reads.chain(unread.map(move |op| Observation {
            operation,
            start_us: register.clock.earliest(op.start_us),
            end_us: register.clock.latest(op.end_us),
            saw: Saw::Sold(None),
        }))
    })
}

fn saw(seen: &Seen) -> Saw<'_> {
    match seen {
        Seen::Available => Saw::Available,
        Seen::Sold(ticket) => Saw::Sold(Some(ticket)),
    }
}
