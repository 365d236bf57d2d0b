//! One mark per buyer: one meaning, one colour, one shape. Beyond [`DENSE`] buyers the marks become a band.

use super::card::{Lane, region_name, several};
use onsale::{Outcome, Region};
use std::fmt::Write as _;

/// The marks of every region's buyers. They alternate between the regions.
pub fn lanes(told: &[Option<Outcome>], regions: &[Region], oversold: bool) -> Vec<Lane> {
    const REGIONS: usize = 2;
    let dense = told.len() > DENSE;
    (0..REGIONS)
        .map(|region| {
            let marks: Vec<Mark> =
                told.iter().skip(region).step_by(REGIONS).map(|told| Mark::of(*told, oversold)).collect();
            Lane {
                name: region_name(regions, region),
                spoken: spoken(&marks),
                marks: if dense { band(&marks) } else { marks.iter().map(|mark| mark.html()).collect() },
            }
        })
        .collect()
}

/// Up to this many buyers each have a mark of their own.
const DENSE: usize = 200;

/// What became of a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nobody has told the buyer anything yet.
    Waiting,
    /// The only one who was sold the seat.
    Once,
    /// One of several who were sold the seat.
    Twice,
    /// Told "sold".
    TurnedAway,
    /// Told "error": it certainly did not happen.
    Failed,
    /// Could be told nothing.
    Unknown,
}

impl Mark {
    /// In the order of the legend.
    pub const ALL: [Self; 6] = [Self::Once, Self::Twice, Self::TurnedAway, Self::Failed, Self::Unknown, Self::Waiting];

    /// The mark of a buyer. `oversold`: more than one ticket was sold.
    pub fn of(told: Option<Outcome>, oversold: bool) -> Self {
        match told {
            None => Self::Waiting,
            Some(Outcome::Confirmed) if oversold => Self::Twice,
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

    /// The mark itself.
    pub fn html(self) -> String {
        format!("<i class={}></i>", self.class())
    }

    /// What it means, after a number.
    pub fn words(self) -> &'static str {
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

fn spoken(marks: &[Mark]) -> String {
    let mut out = several(marks.len() as u64, "buyer", "buyers");
    for mark in Mark::ALL {
        let n = marks.iter().filter(|m| **m == mark).count();
        if n > 0 {
            let _ = write!(out, ", {n} {}", mark.words());
        }
    }
    out
}

/// Many buyers as one drawing, column by column in the plan's order: a path per meaning, whatever their number.
fn band(marks: &[Mark]) -> String {
    const ROWS: usize = 8;
    let columns = marks.len().div_ceil(ROWS);
    let mut out = format!("<svg viewBox=\"0 0 {columns} {ROWS}\" preserveAspectRatio=none aria-hidden=true>");
    for mark in Mark::ALL {
        // Narrower for what is quiet, full for what is loud: the shape repeats what the colour says.
        let (from, size) = match mark {
            Mark::Once | Mark::Twice => (0.0, 1.0),
            Mark::TurnedAway | Mark::Unknown => (0.1, 0.8),
            Mark::Failed => (0.1, 0.4),
            Mark::Waiting => (0.35, 0.3),
        };
        let mut path = String::new();
        for (index, _) in marks.iter().enumerate().filter(|(_, m)| **m == mark) {
            let (x, y) = ((index / ROWS) as f32 + from, (index % ROWS) as f32 + from);
            let _ = write!(path, "M{x} {y}h{size}v{size}h-{size}z");
        }
        if !path.is_empty() {
            let _ = write!(out, "<path class={} d=\"{path}\"/>", mark.class());
        }
    }
    out.push_str("</svg>");
    out
}
