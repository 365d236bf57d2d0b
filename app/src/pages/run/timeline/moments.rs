//! The moments that the drawing marks besides the buyers: the first sale, and every finding where it first shows.

use super::{Layers, axis::Axis};
use onsale::{Operation, Outcome, Run, SeatId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use witness::{Finding, Rule, RunVerdict};

/// What is marked.
pub struct Marked {
    /// The first buyer was told "confirmed".
    pub first_us: Option<u64>,
    /// When each broken rule first shows, earliest first, and its name.
    pub wrong: Vec<(u64, String)>,
    /// The seats with more than one ticket in the ledger.
    twice: BTreeSet<SeatId>,
}

impl Marked {
    pub fn of(run: &Run, verdict: &RunVerdict) -> Self {
        let sold = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
        let twice = verdict.findings.iter().filter(|finding| finding.rule == Rule::DoubleSell);
        Self {
            first_us: sold.map(|op| op.end_us).min(),
            wrong: wrong(run, &verdict.findings),
            twice: twice.map(|finding| finding.seat).collect(),
        }
    }

    pub fn class(&self, op: &Operation) -> &'static str {
        match op.outcome {
            Outcome::Confirmed if self.twice.contains(&op.seat) => "dup",
            Outcome::Confirmed => "won",
            Outcome::Rejected => "out",
            Outcome::Error => "err",
            Outcome::Unknown => "unk",
        }
    }

    /// The moments of a window: class, stamp and name.
    fn moments<'a>(&'a self, axis: &'a Axis) -> impl Iterator<Item = (&'static str, u64, &'a str)> {
        let first = self.first_us.map(|first_us| ("won", first_us, "sold"));
        let wrong = self.wrong.iter().map(|(us, name)| ("dup", *us, name.as_str()));
        first.into_iter().chain(wrong).filter(|(_, us, _)| axis.shows(*us))
    }

    /// The height of the lines with their names.
    pub fn height_px(&self, axis: &Axis) -> usize {
        ROW_PX * self.moments(axis).count()
    }

    /// A line for each, and its name in a row of its own.
    pub fn draw(&self, layers: &mut Layers, axis: &Axis, bottom: usize) {
        for (row, (class, us, name)) in self.moments(axis).enumerate() {
            let x = axis.at(us);
            let (anchor, gap) = anchor(x, name);
            let top = Axis::HEIGHT_PX + row * ROW_PX;
            // A name in the middle stands over its line.
            let from = if gap == 0 { top + ROW_PX } else { top };
            let _ = write!(
                layers.shapes,
                "<line class=\"moment {class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{from}\" y2=\"{bottom}\"/>"
            );
            let _ = write!(
                layers.words,
                "<text class=\"moment {class}\" x=\"{x:.2}%\" dx=\"{gap}\" y=\"{}\" text-anchor=\"{anchor}\">{name}</text>",
                top + 11
            );
        }
    }
}

const ROW_PX: usize = 15;

/// On which side of its line a name has room on a phone, whose width is about 47 letters, and how far from it.
fn anchor(x: f64, name: &str) -> (&'static str, i8) {
    let letters = u32::try_from(name.chars().count()).unwrap_or(u32::MAX);
    let width = 2.2 * f64::from(letters);
    match x {
        x if x + width <= 100.0 => ("start", 5),
        x if x - width >= 0.0 => ("end", -5),
        _ => ("middle", 0),
    }
}

/// When each broken rule first shows, and its name; from the first of them on the run is wrong.
fn wrong(run: &Run, findings: &[Finding]) -> Vec<(u64, String)> {
    let mut moments = BTreeMap::new();
    for finding in findings {
        if let Some(us) = moment(run, finding) {
            let first = moments.entry(finding.rule).or_insert(us);
            *first = us.min(*first);
        }
    }
    let name =
        |rule: Rule| if rule == Rule::DoubleSell { "sold again".to_owned() } else { rule.name().replace('-', " ") };
    let mut wrong: Vec<_> = moments.into_iter().map(|(rule, us)| (us, name(rule))).collect();
    wrong.sort();
    if let Some((_, first)) = wrong.first_mut() {
        first.push_str(": wrong from here on");
    }
    wrong
}

/// When the first of the operations concerned ended; of two sales, and of two buyers of one ticket, the second is wrong.
fn moment(run: &Run, finding: &Finding) -> Option<u64> {
    let ends = finding.operations.iter().filter_map(|index| run.operations.get(*index)).map(|op| op.end_us);
    let mut ends: Vec<u64> = ends.collect();
    ends.sort_unstable();
    let at = usize::from(matches!(finding.rule, Rule::DoubleSell | Rule::SharedTicket));
    ends.get(at).or(ends.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_the_known_bad_history_breaks_has_its_moment() {
        let run = evidence::known_bad().run.into_owned();
        let marked = Marked::of(&run, &witness::judge_run(&run));
        let wrong = [(1_390, "stale rejection: wrong from here on"), (24_900, "sold again")];
        assert_eq!(marked.wrong, wrong.map(|(us, name)| (us, name.to_owned())));
        assert_eq!(marked.first_us, Some(24_100));
    }

    #[test]
    fn a_name_stands_where_it_has_room() {
        let long = "sold again: wrong from here on";
        for (x, name, side) in [
            (0.0, long, "start"),
            (34.0, long, "start"),
            (50.0, long, "middle"),
            (66.0, long, "end"),
            (100.0, long, "end"),
            (89.0, "sold", "start"),
            (95.0, "sold", "end"),
        ] {
            assert_eq!(anchor(x, name).0, side, "{name} at {x}");
        }
    }
}
