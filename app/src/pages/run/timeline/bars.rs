//! A bar per buyer: dashed while waiting for a connection, marked where the purchase ran again, and with its end's shape.

use super::{
    axis::{Axis, ms},
    moments::Marked,
};
use onsale::{Operation, Outcome, Run};
use std::fmt::Write as _;

/// Draws a buyer at a height of the drawing.
pub fn draw_bar(
    svg: &mut String,
    run: &Run,
    marked: &Marked,
    axis: &Axis,
    op: &Operation,
    (y, height): (usize, usize),
) {
    let (from, to) = (axis.at(op.start_us).max(0.0), axis.at(op.end_us).min(100.0));
    let (class, middle) = (marked.class(op), y + height / 2);
    let _ = write!(svg, "<g class=\"bar {class}\"><title>{}</title>", words(run, op));
    let bought = op.connected_us.map_or(to, |connected| axis.at(connected).clamp(from, to));
    if waits(op, axis) {
        let _ =
            write!(svg, "<line class=\"wait\" x1=\"{from:.2}%\" x2=\"{bought:.2}%\" y1=\"{middle}\" y2=\"{middle}\"/>");
    }
    // Whoever still waits at the window's end has no bar in it.
    if to > bought || axis.shows(op.end_us) {
        let width = (to - bought).max(0.15);
        let _ = write!(svg, "<rect x=\"{bought:.2}%\" y=\"{y}\" width=\"{width:.2}%\" height=\"{height}\"/>");
    }
    for start_us in retries(op).filter(|start_us| axis.shows(*start_us)) {
        let (x, class, bottom) = (axis.at(start_us), retried(op), y + height);
        let _ = write!(svg, "<line class=\"{class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{y}\" y2=\"{bottom}\"/>");
    }
    if axis.shows(op.end_us) {
        draw_end(svg, class, axis.at(op.end_us), middle);
    }
    svg.push_str("</g>");
}

/// The end of a bar at its place.
pub fn draw_end(svg: &mut String, class: &str, x: f64, y: usize) {
    // An inner drawing, because only its place may be a percentage.
    if let Some(shape) = end(class) {
        let _ = write!(svg, "<svg x=\"{x:.2}%\" y=\"{y}\" overflow=\"visible\">{shape}</svg>");
    }
}

/// A ringed disc for the one sale, a diamond for a sale of a taken chair, an open end for unknown, a cross for an error.
pub fn end(class: &str) -> Option<&'static str> {
    match class {
        "won" => Some("<circle r=\"5\" class=\"ring\"/><circle r=\"2.5\"/>"),
        "dup" => Some("<path d=\"M0-5 5 0 0 5-5 0z\"/>"),
        "unk" => Some("<path d=\"M-1-4 3 0-1 4\" class=\"open\"/>"),
        "err" => Some("<path d=\"M-3-3 3 3M3-3-3 3\" class=\"open\"/>"),
        _ => None,
    }
}

/// When the further attempts of a buyer began, as far as they came to read the seat.
pub fn retries(op: &Operation) -> impl Iterator<Item = u64> + '_ {
    op.reads.iter().skip(1).map(|read| read.start_us)
}

/// How a further attempt is marked. A run records how many attempts the database aborted as racing, not which: only
/// where that explains every further attempt is each known to follow a conflict.
pub fn retried(op: &Operation) -> &'static str {
    if op.conflicts.saturating_add(1) >= op.attempts { "conflict" } else { "again" }
}

/// Whether a buyer waits so long for a connection that it can be seen.
pub fn waits(op: &Operation, axis: &Axis) -> bool {
    let bought_us = op.connected_us.unwrap_or(op.end_us);
    axis.at(bought_us).min(100.0) - axis.at(op.start_us).max(0.0) > 0.15
}

/// A buyer in a line.
pub fn words(run: &Run, op: &Operation) -> String {
    let told = match op.outcome {
        Outcome::Confirmed => "was told “confirmed”",
        Outcome::Rejected => "was told “sold”",
        Outcome::Error => "met an error",
        Outcome::Unknown => "got no answer",
    };
    let tries = if op.attempts == 1 { String::new() } else { format!(" in {} attempts", op.attempts) };
    let (from, to) = (op.start_us.saturating_sub(run.barrier_us), op.end_us.saturating_sub(run.barrier_us));
    let text = format!("{} in {} {told}{tries}, {} to {}, ticket {}", op.buyer, op.region, ms(from), ms(to), op.ticket);
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_marked_only_where_it_is_known() {
        let template = evidence::known_bad().run.operations[0].clone();
        for (attempts, conflicts, class) in
            [(2, 1, "conflict"), (3, 2, "conflict"), (64, 64, "conflict"), (2, 0, "again"), (3, 1, "again")]
        {
            let op = Operation { attempts, conflicts, ..template.clone() };
            assert_eq!(retried(&op), class, "{attempts} attempts, {conflicts} conflicts");
        }
    }
}
