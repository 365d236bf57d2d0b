//! Everybody of a region at once: how many were answered what by when, every sale as a diamond or a disc, and under the
//! band when the purchase ran again.

use super::{
    Layers,
    axis::{Axis, decimals, fixed},
    bars::{draw_end, retried, retries, words},
    moments::Marked,
};
use crate::{
    island::{card::grouped, marks::DENSE},
    words::several,
};
use onsale::{Operation, Outcome, Region, Run};
use std::fmt::Write as _;

/// The band, and the marks of further attempts under it.
const BAND_PX: usize = 120;
const AGAIN_PX: usize = 12;
/// A lane with both.
pub const HEIGHT_PX: usize = BAND_PX + AGAIN_PX;

/// Points of an edge, and how many of them share the words that pointer and keys read.
const COLUMNS: usize = 200;
const COLUMNS_READ: usize = 5;

/// From the bottom up. What stands on top is hatched, so that it is told from what is below without its colour.
const ORDER: [&str; 5] = ["out", "err", "unk", "won", "dup"];
/// The same in words, after a number.
const TOLD: [&str; 5] = ["told “sold”", "met an error", "without an answer", "told “confirmed”", "sold the same seat"];

/// How a further attempt is marked.
const TRIED: [&str; 2] = ["conflict", "again"];

/// A region's buyers, and how many of them were told what by when.
pub struct Lane<'a> {
    region: &'a Region,
    operations: Vec<&'a Operation>,
    /// At the window's beginning, and at the end of each column.
    tallies: Vec<Tally>,
}

/// What was known by then, since the fall of the barrier.
#[derive(Clone, Copy, Default)]
struct Tally {
    told: [usize; ORDER.len()],
    /// Further attempts: after a conflict, and for whatever reason.
    tried: [usize; 2],
}

impl<'a> Lane<'a> {
    pub fn of(run: &'a Run, region: &'a Region, marked: &Marked, axis: &Axis) -> Self {
        let operations: Vec<_> = run.operations.iter().filter(|op| op.region == *region).collect();
        let tallies = tallies(&operations, marked, axis);
        Self { region, operations, tallies }
    }

    /// How often the purchase ran again in one column at most.
    pub fn tried_most(&self) -> usize {
        let tried = [0, 1].into_iter().flat_map(|kind| self.tried(kind));
        tried.max().unwrap_or(0)
    }

    /// The line above the band: what its height counts.
    pub fn name(&self) -> String {
        format!("{} · {}, answered so far", self.region, several(self.operations.len() as u64, "buyer", "buyers"))
    }

    /// Draws the lane under its name. `number` tells its masks from the other lanes', `most` is the run's [`Self::tried_most`].
    pub fn draw(
        &self,
        layers: &mut Layers,
        run: &Run,
        marked: &Marked,
        axis: &Axis,
        (number, top, most): (usize, usize, usize),
    ) {
        let bottom = top + BAND_PX;
        self.draw_scale(layers, top);
        let svg = &mut layers.shapes;
        for class in 0..ORDER.len() {
            if self.tallies[COLUMNS].told[class] > 0 {
                self.draw_band(svg, class, (number, top));
            }
        }
        self.draw_tried(svg, bottom + 2, most.max(1));
        self.draw_columns(svg, axis, top);
        let sold = self.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
        for op in sold.filter(|op| axis.shows(op.end_us)).take(DENSE) {
            let class = marked.class(op);
            let _ = write!(svg, "<g class=\"bar {class}\"><title>{}</title>", words(run, op));
            draw_end(svg, class, axis.at(op.end_us), bottom - 8);
            svg.push_str("</g>");
        }
    }

    /// What the height of the band means: nobody, and everybody of the region.
    fn draw_scale(&self, layers: &mut Layers, top: usize) {
        for (n, y, baseline) in [(self.operations.len(), top, top + 13), (0, top + BAND_PX, top + BAND_PX - 4)] {
            let _ = write!(layers.shapes, "<line class=\"tick\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>");
            let _ = write!(layers.words, "<text x=\"2\" y=\"{baseline}\">{}</text>", grouped(n as u64));
        }
    }

    /// The band of one answer. Its outline is stretched to the width of the drawing; as a mask it leaves the hatch as it is.
    fn draw_band(&self, svg: &mut String, class: usize, (number, top): (usize, usize)) {
        let (name, all) = (ORDER[class], self.operations.len());
        let (mut upper, mut lower) = (String::new(), vec![]);
        for (column, tally) in self.tallies.iter().enumerate() {
            let below: usize = tally.told[..class].iter().sum();
            let _ = write!(upper, "{column} {} ", all - below - tally.told[class]);
            lower.push(format!("{column} {} ", all - below));
        }
        let lower: String = lower.into_iter().rev().collect();
        let place = format!("y=\"{top}\" width=\"100%\" height=\"{BAND_PX}\"");
        let hatched = if class == 0 { String::new() } else { format!("<rect class=\"hatched\" {place}/>") };
        let _ = write!(
            svg,
            "<mask id=\"band-{number}-{name}\"><svg {place} viewBox=\"0 0 {COLUMNS} {all}\" preserveAspectRatio=\"none\">\
             <path fill=\"#fff\" d=\"M{upper}{lower}z\"/></svg></mask>\
             <g class=\"band {name}\" mask=\"url(#band-{number}-{name})\"><rect {place}/>{hatched}</g>"
        );
    }

    /// How often the purchase ran again in each column.
    fn tried(&self, kind: usize) -> impl Iterator<Item = usize> + '_ {
        self.tallies.windows(2).map(move |pair| pair[1].tried[kind] - pair[0].tried[kind])
    }

    /// When the purchase ran again, as small columns: the more, the taller.
    fn draw_tried(&self, svg: &mut String, top: usize, most: usize) {
        for (kind, class) in TRIED.into_iter().enumerate().filter(|(kind, _)| self.tried(*kind).any(|n| n > 0)) {
            let _ = write!(
                svg,
                "<svg y=\"{top}\" width=\"100%\" height=\"10\" viewBox=\"0 0 {COLUMNS} 10\" preserveAspectRatio=\"none\">\
                 <path class=\"{class}\" d=\""
            );
            for (column, n) in self.tried(kind).enumerate().filter(|(_, n)| *n > 0) {
                // One can be seen beside a hundred. The two kinds stand beside each other.
                let (x, height) = (if kind == 0 { 1 } else { 5 }, 3 + 7 * n / most);
                let _ = write!(svg, "M{column}.{x} 0h.4v{height}h-.4z");
            }
            svg.push_str("\"/></svg>");
        }
    }

    /// What pointer and keys read: the count at the end of every few columns.
    fn draw_columns(&self, svg: &mut String, axis: &Axis, top: usize) {
        let (from, width_us) = (axis.window_us.0, axis.width_us());
        let reads = COLUMNS / COLUMNS_READ;
        let exact = decimals(width_us / reads as u64);
        for read in 0..reads {
            let after = (read + 1) * COLUMNS_READ;
            let at = fixed(from + width_us * after as u64 / COLUMNS as u64, exact);
            let text = self.say(&self.tallies[after], &at);
            let tenths = 1000 * read / reads;
            let _ = write!(
                svg,
                "<g class=\"column\"><title>{text}</title><rect x=\"{}.{}%\" y=\"{top}\" width=\"2.5%\" height=\"{HEIGHT_PX}\"/></g>",
                tenths / 10,
                tenths % 10
            );
        }
    }

    fn say(&self, tally: &Tally, at: &str) -> String {
        let answered = tally.told.iter().sum::<usize>() as u64;
        let mut text = format!(
            "{} at {at} ms: {} of {} answered",
            self.region,
            grouped(answered),
            grouped(self.operations.len() as u64)
        );
        for (index, (n, told)) in tally.told.into_iter().zip(TOLD).filter(|(n, _)| *n > 0).enumerate() {
            let _ = write!(text, "{} {} {told}", if index == 0 { ":" } else { "," }, grouped(n as u64));
        }
        for (n, why) in
            tally.tried.into_iter().zip(["tried again after a conflict", "tried again"]).filter(|(n, _)| *n > 0)
        {
            let _ = write!(text, "; {why}: {}", grouped(n as u64));
        }
        text
    }
}

/// Counts what happened by the end of each column.
fn tallies(operations: &[&Operation], marked: &Marked, axis: &Axis) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); COLUMNS + 1];
    for op in operations {
        let class = ORDER.iter().position(|class| *class == marked.class(op));
        if let Some((tally, class)) = tallies.get_mut(column(axis, op.end_us)).zip(class) {
            tally.told[class] += 1;
        }
        let kind = TRIED.iter().position(|kind| *kind == retried(op));
        for start_us in retries(op) {
            if let Some((tally, kind)) = tallies.get_mut(column(axis, start_us)).zip(kind) {
                tally.tried[kind] += 1;
            }
        }
    }
    let mut sum = Tally::default();
    for tally in &mut tallies {
        sum.told.iter_mut().zip(tally.told).for_each(|(sum, n)| *sum += n);
        sum.tried.iter_mut().zip(tally.tried).for_each(|(sum, n)| *sum += n);
        *tally = sum;
    }
    tallies
}

/// The column at whose end a stamp counts: 0 for what lies before the window, one too many for what lies after it.
fn column(axis: &Axis, stamp_us: u64) -> usize {
    // Not negative, and no window is so narrow that it does not fit.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let column = (axis.at(stamp_us) / 100.0 * COLUMNS as f64).ceil().max(0.0) as usize;
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_says_what_was_known_by_then() {
        let run = evidence::known_bad().run.into_owned();
        let marked = Marked::of(&run, &witness::judge_run(&run));
        let axis = Axis { barrier_us: run.barrier_us, window_us: (0, 29_990) };
        let said = |region: usize, column: usize| {
            let lane = Lane::of(&run, &run.plan.regions[region], &marked, &axis);
            lane.say(&lane.tallies[column], "x")
        };
        for (region, column, text) in [
            (0, 0, "us-east-1 at x ms: 0 of 3 answered"),
            (0, 5, "us-east-1 at x ms: 1 of 3 answered: 1 told “sold”"),
            (0, COLUMNS, "us-east-1 at x ms: 3 of 3 answered: 2 told “sold”, 1 sold the same seat"),
            (
                1,
                COLUMNS,
                "us-east-2 at x ms: 3 of 3 answered: 1 told “sold”, 1 met an error, 1 sold the same seat; tried again \
                 after a conflict: 1",
            ),
        ] {
            assert_eq!(said(region, column), text);
        }
    }

    #[test]
    fn what_lies_outside_the_window_is_counted_before_it_or_not_at_all() {
        let axis = Axis { barrier_us: 1_000, window_us: (500, 700) };
        for (stamp_us, at) in [(1_000, 0), (1_500, 0), (1_501, 1), (1_600, 100), (1_700, COLUMNS), (1_701, COLUMNS + 1)]
        {
            assert_eq!(column(&axis, stamp_us), at, "{stamp_us}");
        }
    }
}
