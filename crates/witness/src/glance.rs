//! A first look at every seat, in one pass over the run. Most seats have nothing wrong with them, and a pass can tell; the
//! others are judged by the rules. It may send a good seat on, never keep a bad one: every rule's case for a finding, an
//! unsettled outcome or a moved round is one of the doubts below.

use crate::Window;
use crate::records::Clock;
use crate::sales::asked_us;
use onsale::{Opening, Operation, Outcome, Run, Sale, SeatId, SeatIndex, SeatRow, Seen, Ticket};

/// What the first look saw.
pub(crate) struct Glance {
    /// By seat, where its opening stands in the run.
    index: SeatIndex,
    /// By opening.
    doubts: Vec<bool>,
    /// By operation, where its seat's opening stands: asked a second time, this is quicker than the index.
    openings: Vec<u32>,
    /// Nothing was recorded of a seat that was never opened, and there is no doubt about any other.
    pub is_clear: bool,
    /// Of the seats that need not be judged, how many were sold.
    pub sold: usize,
    /// Two buyers raced for one of them.
    pub raced: bool,
    /// Of a run at one seat that need not be judged, where its sale can lie.
    pub sale_window: Option<Window>,
}

impl Glance {
    pub fn of(run: &Run) -> Self {
        let look = Look { run, clock: Clock { skew_us: run.skew_us } };
        let index = SeatIndex::of(run.openings.iter().map(|opening| opening.seat));
        let mut chairs: Vec<_> = run.openings.iter().map(|opening| look.chair(opening)).collect();
        for (at, opening) in run.openings.iter().enumerate() {
            if let Some(again) = index.get(opening.seat).filter(|again| *again != at) {
                chairs[again].doubt = true;
            }
        }
        let mut is_clear = true;
        for (at, sale) in run.ledger.iter().enumerate() {
            match index.get(sale.seat) {
                Some(chair) => look.sale(&mut chairs[chair], &run.openings[chair], at, sale),
                None => is_clear = false,
            }
        }
        for row in &run.seat_rows {
            match index.get(row.seat) {
                Some(chair) => look.row(&mut chairs[chair], &run.openings[chair], row),
                None => is_clear = false,
            }
        }
        let mut openings = Vec::with_capacity(run.operations.len());
        for op in &run.operations {
            let opening = index.get(op.seat);
            match opening {
                Some(chair) => look.operation(&mut chairs[chair], &run.openings[chair], op),
                None => is_clear = false,
            }
            openings.push(opening.map_or(u32::MAX, |at| clipped(at as u64)));
        }
        let end_us = clipped(look.clock.latest(run.end_us));
        for chair in &mut chairs {
            chair.doubt |= !chair.fits(end_us);
        }
        let sale_window = match chairs.as_slice() {
            [chair] if !chair.doubt && chair.sale != NO_SALE => {
                Some(Window { from_us: chair.from_us.into(), to_us: chair.to_us.min(end_us).into() })
            }
            _ => None,
        };
        let settled = || chairs.iter().filter(|chair| !chair.doubt);
        Self {
            is_clear: is_clear && settled().count() == chairs.len(),
            sold: settled().filter(|chair| chair.sale != NO_SALE).count(),
            raced: settled().any(|chair| chair.contenders > 1),
            sale_window,
            doubts: chairs.iter().map(|chair| chair.doubt).collect(),
            openings,
            index,
        }
    }

    /// Whether the seat must be judged: there is a doubt about it, or it was never opened.
    pub fn must_judge(&self, seat: SeatId) -> bool {
        self.index.get(seat).is_none_or(|at| self.doubts[at])
    }

    /// The operations at such seats.
    pub fn to_judge(&self) -> impl Iterator<Item = usize> {
        let doubts = |at: u32| self.doubts.get(at as usize).is_none_or(|doubt| *doubt);
        self.openings.iter().enumerate().filter(move |(_, at)| doubts(**at)).map(|(index, _)| index)
    }
}

/// A seat in its round, and the bounds of its sale: what the crate's front page calls `p`. There may be a million of
/// them, so the bounds are 32 bits of microseconds: a seat whose bounds need more, 71 minutes after the run's clock
/// began, is doubted.
struct Chair {
    /// It was sold no earlier.
    from_us: u32,
    /// It was sold no later; `u32::MAX` if nobody can say.
    to_us: u32,
    /// Where its sale stands in the ledger.
    sale: u32,
    contenders: u8,
    /// The ledger says it was sold in this run.
    ours: bool,
    /// An operation explains the sale.
    explained: bool,
    doubt: bool,
}

/// In the place of a sale.
const NO_SALE: u32 = u32::MAX;

impl Chair {
    /// Whether the bounds can be met together, while the run was on.
    fn fits(&self, end_us: u32) -> bool {
        end_us < u32::MAX && self.from_us <= self.to_us.min(end_us) && (self.explained || !self.ours)
    }
}

/// What the records are looked at with.
struct Look<'a> {
    run: &'a Run,
    clock: Clock,
}

impl Look<'_> {
    fn chair(&self, opening: &Opening) -> Chair {
        let from_us = clipped(self.clock.earliest(opening.start_us));
        let (ours, explained, doubt) = (false, false, false);
        Chair { from_us, to_us: u32::MAX, sale: NO_SALE, contenders: 0, ours, explained, doubt }
    }

    fn sale(&self, chair: &mut Chair, opening: &Opening, at: usize, sale: &Sale) {
        chair.doubt |= chair.sale != NO_SALE || sale.round != opening.round;
        chair.sale = clipped(at as u64);
        chair.ours = sale.run.as_ref() == Some(&self.run.id);
    }

    fn row(&self, chair: &mut Chair, opening: &Opening, row: &SeatRow) {
        let holder = row.holder.as_ref().map(|holder| &holder.ticket);
        chair.doubt |= row.round != opening.round || holder != self.ticket(chair);
    }

    fn operation(&self, chair: &mut Chair, opening: &Opening, op: &Operation) {
        let ticket = self.ticket(chair);
        let (mut saw_free, mut saw_sold) = (false, false);
        for read in &op.reads {
            let end_us = self.clock.latest(read.end_us);
            chair.doubt |= read.round != opening.round || end_us < self.clock.earliest(opening.start_us);
            if let Seen::Sold(holder) = &read.seen {
                saw_sold = true;
                chair.to_us = chair.to_us.min(clipped(end_us));
                chair.doubt |= ticket != Some(holder);
            } else {
                saw_free = true;
                chair.from_us = chair.from_us.max(clipped(self.clock.earliest(read.start_us)));
            }
        }
        chair.contenders = chair.contenders.saturating_add(saw_free.into());
        if op.outcome == Outcome::Rejected && !saw_sold {
            chair.to_us = chair.to_us.min(clipped(self.clock.latest(op.end_us)));
            // It may be the earlier round's that was sold.
            let start_us = self.clock.earliest(op.start_us);
            chair.doubt |= ticket.is_none() || start_us <= self.clock.latest(opening.end_us);
        }
        let told = matches!(op.outcome, Outcome::Confirmed | Outcome::Unknown);
        if ticket != Some(&op.ticket) {
            chair.doubt |= told;
            return;
        }
        // Asked for twice, or told no though it was sold.
        chair.doubt |= chair.explained || !told;
        chair.explained = true;
        chair.from_us = chair.from_us.max(clipped(self.clock.earliest(asked_us(op, opening.round))));
        if op.outcome == Outcome::Confirmed {
            chair.to_us = chair.to_us.min(clipped(self.clock.latest(op.end_us)));
        }
    }

    fn ticket(&self, chair: &Chair) -> Option<&Ticket> {
        self.run.ledger.get(chair.sale as usize).map(|sale| &sale.ticket)
    }
}

/// What fits; the highest value stands for anything higher.
fn clipped(us: u64) -> u32 {
    u32::try_from(us).unwrap_or(u32::MAX)
}
