//! The puts on their way to a region, in the order in which they are due.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use dynoxide::Item;

use super::stamps::Key;

/// A put on its way.
#[derive(Debug)]
pub(super) struct Shipment {
    pub(super) due: Instant,
    pub(super) stamp: u64,
    pub(super) key: Key,
    pub(super) table: String,
    pub(super) item: Item,
}

/// What whoever delivers is to do next.
pub(super) enum Next {
    Deliver(Shipment),
    /// Until woken.
    Wait,
    /// Until woken, and at most so long.
    WaitFor(Duration),
    End,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    shipments: BinaryHeap<Shipment>,
    pub(super) closed: bool,
}

impl Queue {
    pub(super) fn push(&mut self, shipment: Shipment) {
        self.shipments.push(shipment);
    }

    /// `isolated`: nothing can be delivered now. `kept`: after the queue is closed what is left is delivered at once
    /// rather than thrown away.
    pub(super) fn next(&mut self, isolated: bool, kept: bool) -> Next {
        if self.closed {
            return self.shipments.pop().filter(|_| kept).map_or(Next::End, Next::Deliver);
        }
        let Some(first) = self.shipments.peek().filter(|_| !isolated) else { return Next::Wait };
        match first.due.saturating_duration_since(Instant::now()) {
            Duration::ZERO => self.shipments.pop().map_or(Next::Wait, Next::Deliver),
            wait => Next::WaitFor(wait),
        }
    }
}

/// A heap gives its greatest first, so the greatest is the one due first.
impl Ord for Shipment {
    fn cmp(&self, other: &Self) -> Ordering {
        Reverse((self.due, self.stamp)).cmp(&Reverse((other.due, other.stamp)))
    }
}
impl PartialOrd for Shipment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Shipment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Shipment {}
