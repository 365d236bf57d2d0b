//! What buyers saw of a register.

use crate::records::Register;
use crate::sales::{Sales, rejected_us};
use onsale::{Outcome, Read, Seen, Ticket};

/// One answer about the register's round: a read, or a rejection whose read was not recorded and cannot have been of
/// another round. Its interval is widened by the run's clock skew.
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
    let (moved, begun_us) = (sales.moved(register), sales.begun_us(register));
    let (register, round) = (*register, register.round);
    register.operations().flat_map(move |(operation, op)| {
        let of_round = op.reads.iter().filter(move |read| read.round == round);
        let reads = of_round.map(move |read| Observation {
            operation,
            start_us: register.clock.earliest(read.start_us),
            end_us: register.clock.latest(read.end_us),
            saw: saw(&read.seen),
        });
        // An unrecorded "sold" may have been the earlier round's if it can have begun before this one; and when the round
        // was moved, another's.
        let is_unread = !moved && op.outcome == Outcome::Rejected && !op.reads.iter().any(Read::saw_sold);
        let start_us = is_unread.then(|| register.clock.earliest(rejected_us(op))).filter(|us| *us > begun_us);
        reads.chain(start_us.map(move |start_us| Observation {
            operation,
            start_us,
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
