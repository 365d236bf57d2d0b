//! Every history of a few operations, one event each: a purchase, a rejection, or a read.
//!
//! Four things that make no difference are tried in one way only:
//! - **stamps**: both judges only ever ask whether one call's end lies before another's start, so one set of stamps for
//!   each such order is enough. There is exactly one in which every instant is the start of one call and the end of one
//!   (Greenough's; Fishburn's matrices count them), and [`orders`] checks the count;
//! - **the order of the record**: operations are listed by their intervals;
//! - **what a ticket is called**: a "sold" names a ticket that can be sold (of a call that may have bought, or in the
//!   ledger) or one that cannot, and any that cannot is as good as another;
//! - **ledgers of two rows**: tried up to three operations; no more, because both judges then say no without looking further.

use crate::common::{ROUND, build, name, operation, sale};
use onsale::{Opening, Operation, Outcome, Read, Run, Sale, Seen, Ticket};

/// What is enumerated.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each says whether one thing is enumerated too")]
pub struct Every {
    pub operations: usize,
    /// The opening has an interval of its own, and may overlap the operations; otherwise it was over before them.
    pub opening: bool,
    /// Reads may name the holder.
    pub names: bool,
    /// All stamps, not one set for each order.
    pub stamps: bool,
    /// Buyers may have read the earlier round and be told "confirmed".
    pub earlier: bool,
    /// How far the clocks may differ.
    pub skew_us: u64,
}

type Interval = (u64, u64);

/// What an operation can be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Confirmed,
    Unknown,
    Rejected,
    Free,
    Older,
    Sold,
    BoughtEarlier,
}

impl Every {
    /// Calls `check` with every history, spread over all cores; returns how many there are.
    pub fn check(self, check: impl Fn(&Run) + Sync) -> u64 {
        let patterns = self.patterns();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let (patterns, check) = (&patterns, &check);
            let share = |first: usize| patterns.iter().skip(first).step_by(cores);
            let work: Vec<_> = (0..cores)
                .map(|first| {
                    scope.spawn(move || share(first).map(|pattern| self.of_pattern(pattern, check)).sum::<u64>())
                })
                .collect();
            work.into_iter().map(|thread| thread.join().unwrap()).sum()
        })
    }

    /// The intervals of the operations, in order, with the opening's last.
    fn patterns(self) -> Vec<Vec<Interval>> {
        let calls = self.operations + usize::from(self.opening);
        let mut found = orders(self.operations, self.opening, self.stamps);
        if !self.stamps {
            let labelled = found.iter().map(|pattern| arrangements(&pattern[..self.operations])).sum::<u64>();
            assert_eq!(
                labelled,
                [1, 1, 3, 19, 207, 3_451, 81_663][calls],
                "the number of interval orders (OEIS A079144)"
            );
        }
        if !self.opening {
            for pattern in &mut found {
                pattern.push((0, 0));
            }
        }
        found
    }

    fn of_pattern(self, pattern: &[Interval], check: &impl Fn(&Run)) -> u64 {
        const ALL: [Kind; 5] = [Kind::Confirmed, Kind::Unknown, Kind::Rejected, Kind::Free, Kind::Older];
        let named = self.names.then_some(Kind::Sold);
        let earlier = self.earlier.then_some(Kind::BoughtEarlier);
        let kinds: Vec<_> = ALL.into_iter().chain(named).chain(earlier).collect();
        let (&(start_us, end_us), intervals) = pattern.split_last().unwrap();
        let blank = ["a", "b", "c", "d", "e"].map(|ticket| operation(&format!("{ticket} 0-0 error")));
        let opening = Opening { seat: crate::common::seat(), round: ROUND, start_us, end_us };
        let mut run = build(blank[..self.operations].to_vec(), Some(vec![opening]), Some(vec![]), Some(vec![]));
        run.skew_us = self.skew_us;
        let mut checked = 0;
        for choice in 0..kinds.len().pow(u32::try_from(self.operations).unwrap()) {
            let mut rest = choice;
            let picked: Vec<_> = intervals
                .iter()
                .map(|_| {
                    let kind = kinds[rest % kinds.len()];
                    rest /= kinds.len();
                    kind
                })
                .collect();
            let listed = |at: usize| intervals[at - 1] < intervals[at] || picked[at - 1] <= picked[at];
            if (1..self.operations).all(listed) {
                for (op, (kind, interval)) in run.operations.iter_mut().zip(picked.iter().zip(intervals)) {
                    set(op, *kind, *interval);
                }
                run.end_us = run.operations.iter().map(|op| op.end_us).max().unwrap_or(0).max(end_us);
                checked += of_kinds(&mut run, &picked, check);
            }
        }
        checked
    }
}

/// Every ledger and every holder's name.
fn of_kinds(run: &mut Run, picked: &[Kind], check: &impl Fn(&Run)) -> u64 {
    let buys = |at: &usize| matches!(picked[*at], Kind::Confirmed | Kind::Unknown);
    let tickets: Vec<Ticket> = run.operations.iter().map(|op| op.ticket.clone()).collect();
    let buyers: Vec<_> = (0..picked.len()).filter(buys).map(|at| sale(tickets[at].as_str())).collect();
    let told_no = (0..picked.len()).find(|at| !buys(at)).map(|at| sale(tickets[at].as_str()));
    let single: Vec<_> = buyers.iter().cloned().chain(told_no).chain([sale("x*"), sale("p")]).collect();
    let mut ledgers: Vec<Vec<Sale>> = vec![vec![]];
    ledgers.extend(single.iter().map(|sale| vec![sale.clone()]));
    if picked.len() <= 3 {
        let pairs = (1..single.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        ledgers.extend(pairs.map(|(a, b)| vec![single[a].clone(), single[b].clone()]));
    }
    // What somebody bought in the earlier round may stand there too.
    for at in (0..picked.len()).filter(|at| picked[*at] == Kind::BoughtEarlier) {
        let row = sale(&format!("{}@{}", tickets[at].as_str(), ROUND - 1));
        ledgers
            .extend(ledgers.clone().into_iter().map(|ledger| [ledger.as_slice(), std::slice::from_ref(&row)].concat()));
    }
    let reads: Vec<_> = (0..picked.len()).filter(|at| picked[*at] == Kind::Sold).collect();
    let mut checked = 0;
    for ledger in ledgers {
        let unsold = ledger.iter().filter(|sale| buyers.iter().all(|buyer| buyer.ticket != sale.ticket));
        let mut names: Vec<_> = buyers.iter().chain(unsold).map(|sale| sale.ticket.clone()).collect();
        names.push(name("z"));
        run.ledger = ledger;
        for choice in 0..names.len().pow(u32::try_from(reads.len()).unwrap()) {
            let mut rest = choice;
            for &at in &reads {
                run.operations[at].reads[0].seen = Seen::Sold(names[rest % names.len()].clone());
                rest /= names.len();
            }
            check(run);
            checked += 1;
        }
    }
    checked
}

fn set(op: &mut Operation, kind: Kind, (start_us, end_us): Interval) {
    (op.start_us, op.end_us) = (start_us, end_us);
    op.outcome = match kind {
        Kind::Confirmed | Kind::BoughtEarlier => Outcome::Confirmed,
        Kind::Unknown => Outcome::Unknown,
        Kind::Rejected => Outcome::Rejected,
        Kind::Free | Kind::Older | Kind::Sold => Outcome::Error,
    };
    op.reads.clear();
    if matches!(kind, Kind::Free | Kind::Older | Kind::Sold | Kind::BoughtEarlier) {
        let round = if matches!(kind, Kind::Older | Kind::BoughtEarlier) { ROUND - 1 } else { ROUND };
        op.reads.push(Read { start_us, end_us, round, seen: Seen::Available });
    }
}

/// The intervals of `operations` calls, rising, and of the opening: with whole numbers below their count as stamps.
/// Unless all `stamps` are wanted, only those in which every instant up to the last is a start and an end.
fn orders(operations: usize, opening: bool, stamps: bool) -> Vec<Vec<Interval>> {
    let points = (operations + usize::from(opening)) as u64;
    let intervals: Vec<_> = (0..points).flat_map(|start| (start..points).map(move |end| (start, end))).collect();
    let mut found = vec![vec![]];
    for _ in 0..operations {
        let longer = |pattern: &Vec<Interval>| {
            let last = pattern.last().copied().unwrap_or_default();
            let pattern = pattern.clone();
            let next = intervals.iter().filter(move |next| **next >= last);
            next.map(move |next| pattern.iter().copied().chain([*next]).collect()).collect::<Vec<Vec<_>>>()
        };
        found = found.iter().flat_map(longer).collect();
    }
    if opening {
        let with = |pattern: &Vec<Interval>| {
            intervals.iter().map(|opening| [pattern.as_slice(), &[*opening]].concat()).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(with).collect();
    }
    found.retain(|pattern| stamps || is_tight(pattern));
    found
}

fn is_tight(pattern: &[Interval]) -> bool {
    let last = pattern.iter().map(|interval| interval.1).max().unwrap_or(0);
    (0..=last).all(|at| pattern.iter().any(|call| call.0 == at) && pattern.iter().any(|call| call.1 == at))
}

/// In how many ways operations with these intervals can be told apart.
fn arrangements(rising: &[Interval]) -> u64 {
    let factorial = |n: usize| (1..=n as u64).product::<u64>();
    let same = rising.chunk_by(|a, b| a == b).map(|same| factorial(same.len())).product::<u64>();
    factorial(rising.len()) / same
}
