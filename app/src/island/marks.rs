//! One mark per buyer: one meaning, one colour, one shape. Beyond [`DENSE`] buyers the marks become a band.

use super::card::grouped;
use onsale::Outcome;
use std::fmt::Write as _;

/// The buyers of one region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// The region.
    pub name: String,
    /// Its buyers' marks, as HTML.
    pub marks: String,
    /// The same for a reader who sees no marks.
    pub spoken: String,
}

/// The marks of every region's buyers. They alternate between the regions. `twice`: whether a buyer's seat was sold twice.
pub fn lanes(told: &[Option<Outcome>], regions: &[String], twice: &dyn Fn(usize) -> bool) -> [Lane; 2] {
    let all = marks(told, twice);
    [0, 1].map(|region| {
        let marks: Vec<Mark> = all.iter().skip(region).step_by(2).copied().collect();
        Lane {
            name: regions.get(region).cloned().unwrap_or_default(),
            spoken: spoken(&marks),
            marks: if told.len() > DENSE { band(&marks) } else { row(&marks) },
        }
    })
}

/// How many were told what, as marks and words.
pub fn legend(told: &[Option<Outcome>], twice: &dyn Fn(usize) -> bool) -> String {
    let marks = marks(told, twice);
    let mut out = String::new();
    for (mark, n) in counts(&marks) {
        out.push_str("<span>");
        mark.draw(&mut out);
        out.push(' ');
        out.push_str(&grouped(n));
        out.push(' ');
        out.push_str(mark.words());
        out.push_str("</span>");
    }
    out
}

fn marks(told: &[Option<Outcome>], twice: &dyn Fn(usize) -> bool) -> Vec<Mark> {
    told.iter().enumerate().map(|(buyer, told)| Mark::of(*told, twice(buyer))).collect()
}

/// Up to this many buyers each have a mark of their own.
pub const DENSE: usize = 200;

/// What became of a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Waiting,
    Once,
    Twice,
    TurnedAway,
    Failed,
    Unknown,
}

impl Mark {
    /// In the order of the legend.
    const ALL: [Self; 6] = [Self::Once, Self::Twice, Self::TurnedAway, Self::Failed, Self::Unknown, Self::Waiting];

    /// The mark of a buyer. `twice`: more than one ticket was sold for the seat.
    fn of(told: Option<Outcome>, twice: bool) -> Self {
        match told {
            None => Self::Waiting,
            Some(Outcome::Confirmed) if twice => Self::Twice,
            Some(Outcome::Confirmed) => Self::Once,
            Some(Outcome::Rejected) => Self::TurnedAway,
            Some(Outcome::Error) => Self::Failed,
            Some(Outcome::Unknown) => Self::Unknown,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Waiting => "wait",
            Self::Once => "won",
            Self::Twice => "dup",
            Self::TurnedAway => "out",
            Self::Failed => "err",
            Self::Unknown => "unk",
        }
    }

    fn draw(self, out: &mut String) {
        out.push_str("<i class=");
        out.push_str(self.class());
        out.push_str("></i>");
    }

    /// What it means, after a number.
    fn words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Once => "sold the seat",
            Self::Twice => "sold the same seat",
            Self::TurnedAway => "turned away",
            Self::Failed => "met an error",
            Self::Unknown => "without an answer",
        }
    }
}

fn counts(marks: &[Mark]) -> impl Iterator<Item = (Mark, u64)> {
    let count = |mark| (mark, marks.iter().filter(|m| **m == mark).count() as u64);
    Mark::ALL.into_iter().map(count).filter(|(_, n)| *n > 0)
}

/// The marks in words. No colour and no shape is the only one to tell.
fn spoken(marks: &[Mark]) -> String {
    let words = counts(marks).map(|(mark, n)| [grouped(n).as_str(), " ", mark.words()].concat());
    words.collect::<Vec<_>>().join(", ")
}

fn row(marks: &[Mark]) -> String {
    let mut out = String::new();
    for mark in marks {
        mark.draw(&mut out);
    }
    out
}

/// Many buyers as one drawing, column by column in the plan's order: a path per meaning, whatever their number.
fn band(marks: &[Mark]) -> String {
    /// Buyers in a column, and the units between two of them.
    const ROWS: usize = 8;
    const PITCH: usize = 10;
    let width = marks.len().div_ceil(ROWS) * PITCH;
    let mut out = format!("<svg viewBox=\"0 0 {width} {}\" preserveAspectRatio=none>", ROWS * PITCH);
    for mark in Mark::ALL {
        // Smaller for what is quiet, full for what is loud: the shape repeats what the colour says.
        let (from, size) = match mark {
            Mark::Once | Mark::Twice => (0, 10),
            Mark::TurnedAway | Mark::Unknown => (1, 8),
            Mark::Failed => (3, 5),
            Mark::Waiting => (4, 3),
        };
        out.push_str("<path class=");
        out.push_str(mark.class());
        out.push_str(" d=\"");
        for (index, _) in marks.iter().enumerate().filter(|(_, m)| **m == mark) {
            let (x, y) = (index / ROWS * PITCH + from, index % ROWS * PITCH + from);
            let _ = write!(out, "M{x} {y}h{size}v{size}h-{size}z");
        }
        out.push_str("\"/>");
    }
    out.push_str("</svg>");
    out
}
