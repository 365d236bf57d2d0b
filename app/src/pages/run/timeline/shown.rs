//! Which buyers of a run get a bar in a window. Up to [`DENSE`] may; beyond that the window is drawn as bands.
//!
//! Everybody starts when the barrier falls, so nearly everybody is under way in nearly every window: a narrow window shows
//! those whose fate moves in it, and says how many others there are.

use super::{axis::Axis, bars::retries};
use crate::{
    island::{card::grouped, marks::DENSE},
    words::several,
};
use onsale::{Operation, Run};

/// The buyers of a window.
#[derive(Debug, Default, PartialEq)]
pub struct Shown {
    /// Who gets a bar: indices into the run's operations. None: too many, draw bands.
    pub bars: Option<Vec<usize>>,
    /// How many tried again or were answered in the window.
    moved: usize,
    /// How many were answered before it.
    before: usize,
    /// How many others are under way in it.
    under_way: usize,
    /// How many start after it.
    after: usize,
}

impl Shown {
    pub fn of(run: &Run, axis: &Axis) -> Self {
        let mut shown = Self::default();
        let (mut moving, mut all) = (vec![], vec![]);
        for (index, op) in run.operations.iter().enumerate() {
            if moves(op, axis) {
                moving.push(index);
                all.push(index);
            } else if axis.at(op.end_us) < 0.0 {
                shown.before += 1;
            } else if axis.at(op.start_us) > 100.0 {
                shown.after += 1;
            } else {
                shown.under_way += 1;
                all.push(index);
            }
        }
        shown.moved = moving.len();
        shown.bars = [all, moving].into_iter().find(|bars| bars.len() <= DENSE);
        shown
    }

    /// What is drawn of how many, where that is not simply everybody.
    pub fn words(&self) -> Option<String> {
        let Some(bars) = &self.bars else {
            return Some(format!(
                "{} buyers tried again or were answered in the time shown: too many for a bar each, so bands count the \
                 answers. Zoomed in to {DENSE} or fewer, each has a bar.",
                grouped(self.moved as u64)
            ));
        };
        let everybody = bars.len() == self.moved + self.under_way;
        let others = [
            (if everybody { 0 } else { self.under_way }, "still under way"),
            (self.before, "answered before"),
            (self.after, "not yet started"),
        ];
        let others = others.into_iter().filter(|(n, _)| *n > 0).map(|(n, who)| format!("{} {who}", grouped(n as u64)));
        let others = others.collect::<Vec<_>>().join(", ");
        if others.is_empty() {
            return None;
        }
        let n = several(bars.len() as u64, "buyer", "buyers");
        let who = if everybody { "under way" } else { "who tried again or were answered" };
        Some(format!("A bar for each of {n} {who} in the time shown. Not drawn: {others}."))
    }
}

/// Whether a buyer is known to try again, or is answered, in the window.
fn moves(op: &Operation, axis: &Axis) -> bool {
    axis.shows(op.end_us) || retries(op).any(|start_us| axis.shows(start_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of so many buyers who start together; the first is answered after 1 ms, the next after 2 ms.
    fn run(buyers: u64) -> Run {
        let mut run = evidence::known_bad().run.into_owned();
        let template = Operation { start_us: run.barrier_us, reads: onsale::Reads::new(), ..run.operations[0].clone() };
        let buyer = |n| Operation { end_us: run.barrier_us + n * 1_000, ..template.clone() };
        run.operations = (1..=buyers).map(buyer).collect();
        run
    }

    #[test]
    fn bars_are_for_those_whose_fate_moves() {
        for (buyers, window_us, bars, words) in [
            (60, (0, 60_000), Some(60), ""),
            (60, (30_500, 40_500), Some(30), "A bar for each of 30 buyers under way"),
            (2_000, (0, 500), Some(0), "A bar for each of 0 buyers who"),
            (2_000, (0, 2_000_000), None, "2,000 buyers tried again"),
            (2_000, (1_000, 2_000_000), None, "2,000 buyers tried again"),
            (2_000, (500_500, 600_500), Some(100), "A bar for each of 100 buyers who tried again"),
            (2_000, (500_500, 700_500), Some(200), "A bar for each of 200 buyers who tried again"),
            (2_000, (500_500, 701_500), None, "201 buyers tried again"),
            (2_000, (1_900_500, 1_910_500), Some(100), "A bar for each of 100 buyers under way"),
        ] {
            let run = run(buyers);
            let shown = Shown::of(&run, &Axis { barrier_us: run.barrier_us, window_us });
            assert_eq!(shown.bars.as_ref().map(Vec::len), bars, "{window_us:?}");
            let said = shown.words().unwrap_or_default();
            assert!(said.starts_with(words) && said.is_empty() == words.is_empty(), "{window_us:?}: {said}");
        }
    }

    #[test]
    fn whoever_is_not_drawn_is_counted() {
        let run = run(2_000);
        let shown = Shown::of(&run, &Axis { barrier_us: run.barrier_us, window_us: (500_500, 600_500) });
        let said = shown.words().unwrap_or_default();
        assert!(said.ends_with("Not drawn: 1,400 still under way, 500 answered before."), "{said}");
    }
}
