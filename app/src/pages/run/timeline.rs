//! The timeline of a run as an SVG: a lane per region, a bar per buyer; thousands of buyers become bands.
//!
//! Places along the time axis are percentages, so that the drawing fills a phone and a desktop without distortion.

use super::look::Look;
use crate::island::{card::grouped, marks::DENSE};
use evidence::RunDocument;
use leptos::prelude::*;
use onsale::{Operation, Outcome, Region, Run, SeatId};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};
use witness::{Finding, Rule, RunVerdict};

/// The drawing, its caption, and where else one may look.
#[component]
pub fn Timeline(document: Arc<RunDocument<'static>>, verdict: RunVerdict, look: Look) -> impl IntoView {
    let run = &*document.run;
    let whole = (0, run.end_us.saturating_sub(run.barrier_us).max(1));
    let marked = Marked::of(run, &verdict);
    let axis = Axis { barrier_us: run.barrier_us, window_us: within(look.window_us, whole) };
    let caption = caption(run, &marked);
    let drawing = draw(run, &marked, &axis, &caption);
    let links = zooms(run, &marked, axis.window_us, whole).into_iter().map(|(name, window_us)| {
        let to = Look { window_us, ..look.clone() };
        view! { <a href=to.address("timeline")>{name}</a>" " }
    });
    view! {
        <section class="timeline" id="timeline">
            <h2>"Timeline"</h2>
            <p class="soft">{caption}</p>
            <p class="zooms">{links.collect_view()}</p>
            <div class="drawing" inner_html=drawing></div>
            <p class="picked num">{(run.operations.len() <= DENSE).then_some("Point at a bar to read it.")}</p>
        </section>
    }
}

/// The part of the run that is shown: what the address asks for, if there is such a part.
fn within(asked_us: Option<(u64, u64)>, whole: (u64, u64)) -> (u64, u64) {
    let (from, to) = asked_us.unwrap_or(whole);
    let to = to.min(whole.1);
    if from < to { (from, to) } else { whole }
}

/// What the drawing marks besides the buyers.
struct Marked {
    /// The first buyer was told "confirmed".
    first_us: Option<u64>,
    /// From here on it is wrong, and what is.
    wrong: Option<(u64, String)>,
    /// The seats with more than one ticket in the ledger.
    twice: BTreeSet<SeatId>,
}

impl Marked {
    fn of(run: &Run, verdict: &RunVerdict) -> Self {
        let end_us = |index: &usize| run.operations.get(*index).map(|op| op.end_us);
        let moment = |finding: &Finding| {
            let operations = if finding.rule == Rule::DoubleSell { &finding.operations } else { &finding.shown_by };
            let mut ends: Vec<u64> = operations.iter().filter_map(end_us).collect();
            ends.sort_unstable();
            // Of two sales the second is wrong.
            let at = usize::from(finding.rule == Rule::DoubleSell);
            let name = if at == 1 { "sold again: wrong from here on".to_owned() } else { finding.rule.to_string() };
            Some((*ends.get(at).or(ends.first())?, name))
        };
        let sold = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
        let twice = verdict.findings.iter().filter(|finding| finding.rule == Rule::DoubleSell);
        Self {
            first_us: sold.map(|op| op.end_us).min(),
            wrong: verdict.findings.iter().find_map(moment),
            twice: twice.map(|finding| finding.seat).collect(),
        }
    }

    fn class(&self, op: &Operation) -> &'static str {
        match op.outcome {
            Outcome::Confirmed if self.twice.contains(&op.seat) => "dup",
            Outcome::Confirmed => "won",
            Outcome::Rejected => "out",
            Outcome::Error => "err",
            Outcome::Unknown => "unk",
        }
    }
}

/// Time to places.
struct Axis {
    barrier_us: u64,
    window_us: (u64, u64),
}

impl Axis {
    /// Where a stamp of the run lies, in percent; outside 0 to 100 if it is not in the window.
    fn at(&self, stamp_us: u64) -> f64 {
        let (from, to) = self.window_us;
        // A burst lasts minutes at most: microseconds fit an f64 exactly.
        #[allow(clippy::cast_precision_loss)]
        let place = (stamp_us as f64 - self.barrier_us as f64 - from as f64) / (to - from).max(1) as f64;
        place * 100.0
    }

    fn shows(&self, stamp_us: u64) -> bool {
        (0.0..=100.0).contains(&self.at(stamp_us))
    }
}

/// The height of the line with the times, of the lines with the moments' names, and of a lane's name.
const TIMES_PX: usize = 20;
const AXIS_PX: usize = TIMES_PX + 34;
const NAME_PX: usize = 20;
/// A lane of bands.
const BAND_PX: usize = 120;

fn draw(run: &Run, marked: &Marked, axis: &Axis, caption: &str) -> String {
    let lanes: Vec<(&Region, Vec<usize>)> = run.plan.regions.iter().map(|region| (region, lane(run, region))).collect();
    let bands = run.operations.len() > DENSE;
    let rows = lanes.iter().map(|(_, lane)| lane.len()).max().unwrap_or(0);
    let pitch = if rows > 40 { 5 } else { 8 };
    let height_px = if bands { BAND_PX } else { (rows * pitch).max(16) };
    let total_px = AXIS_PX + lanes.len() * (NAME_PX + height_px + 8);
    let mut svg = format!(
        "<svg width=\"100%\" height=\"{total_px}\" role=\"img\" aria-label=\"{}\" class=\"lanes\">\
         <defs><pattern id=\"hatch\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 4 4 0\"/></pattern></defs>",
        caption.replace('"', "'")
    );
    draw_axis(&mut svg, axis, total_px);
    for (index, (region, lane)) in lanes.iter().enumerate() {
        let top = AXIS_PX + index * (NAME_PX + height_px + 8);
        let _ = write!(svg, "<text x=\"0\" y=\"{}\" class=\"name\">{region}</text>", top + 14);
        let top = top + NAME_PX;
        if bands {
            draw_bands(&mut svg, run, marked, axis, lane, top);
        } else {
            for (row, operation) in lane.iter().enumerate() {
                let place = (top + row * pitch, pitch - 2);
                draw_bar(&mut svg, run, marked, axis, &run.operations[*operation], place);
            }
        }
    }
    draw_moments(&mut svg, marked, axis, total_px);
    svg.push_str("</svg>");
    svg
}

/// The buyers of a region, first answered first.
fn lane(run: &Run, region: &Region) -> Vec<usize> {
    let mut lane: Vec<usize> = (0..run.operations.len()).filter(|i| run.operations[*i].region == *region).collect();
    lane.sort_by_key(|index| run.operations[*index].end_us);
    lane
}

/// Lines at round times.
fn draw_axis(svg: &mut String, axis: &Axis, bottom: usize) {
    let (from, to) = axis.window_us;
    let step = round_step(to - from);
    for tick in (from.div_ceil(step)..=to / step).map(|n| n * step) {
        let x = axis.at(tick + axis.barrier_us);
        let _ = write!(svg, "<line class=\"tick\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{TIMES_PX}\" y2=\"{bottom}\"/>");
        let anchor = if x < 3.0 {
            "start"
        } else if x > 97.0 {
            "end"
        } else {
            "middle"
        };
        let _ = write!(svg, "<text x=\"{x:.2}%\" y=\"12\" text-anchor=\"{anchor}\">{}</text>", ms(tick));
    }
}

/// A round number of microseconds that divides the window into about five parts.
fn round_step(window_us: u64) -> u64 {
    let about = (window_us / 5).max(1);
    let power = 10_u64.pow(about.ilog10());
    [1, 2, 5, 10].into_iter().map(|n| n * power).find(|step| *step >= about).unwrap_or(10 * power)
}

fn draw_bar(svg: &mut String, run: &Run, marked: &Marked, axis: &Axis, op: &Operation, (y, height): (usize, usize)) {
    let (from, to) = (axis.at(op.start_us).max(0.0), axis.at(op.end_us).min(100.0));
    if to < 0.0 || from > 100.0 {
        return;
    }
    let class = marked.class(op);
    let middle = y + height / 2;
    let _ = write!(svg, "<g class=\"bar {class}\"><title>{}</title>", words(run, op));
    let bought = op.connected_us.map_or(to, |connected| axis.at(connected).clamp(from, to));
    let _ = write!(svg, "<line class=\"wait\" x1=\"{from:.2}%\" x2=\"{bought:.2}%\" y1=\"{middle}\" y2=\"{middle}\"/>");
    let _ = write!(
        svg,
        "<rect x=\"{bought:.2}%\" y=\"{y}\" width=\"{:.2}%\" height=\"{height}\"/>",
        (to - bought).max(0.15)
    );
    for read in op.reads.iter().skip(1).filter(|read| axis.shows(read.start_us)) {
        let x = axis.at(read.start_us);
        let _ =
            write!(svg, "<line class=\"conflict\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{y}\" y2=\"{}\"/>", y + height);
    }
    if axis.shows(op.end_us) {
        draw_end(svg, class, axis.at(op.end_us), middle);
    }
    svg.push_str("</g>");
}

/// The end of a bar: a ringed disc for the one sale, a diamond for a sale of a taken chair, an open end for unknown.
fn draw_end(svg: &mut String, class: &str, x: f64, y: usize) {
    let shape = match class {
        "won" => "<circle r=\"5\" class=\"ring\"/><circle r=\"2.5\"/>",
        "dup" => "<path d=\"M0-5 5 0 0 5-5 0z\"/>",
        "unk" => "<path d=\"M-1-4 3 0-1 4\" class=\"open\"/>",
        "err" => "<path d=\"M-3-3 3 3M3-3-3 3\" class=\"open\"/>",
        _ => return,
    };
    // An inner drawing, because only its place may be a percentage.
    let _ = write!(svg, "<svg x=\"{x:.2}%\" y=\"{y}\" overflow=\"visible\">{shape}</svg>");
}

/// Everybody of a lane at once: how many were answered what by when, and every sale as a diamond or a disc. What stands
/// on top is hatched, so that it is told from what is below without its colour.
fn draw_bands(svg: &mut String, run: &Run, marked: &Marked, axis: &Axis, lane: &[usize], top: usize) {
    const COLUMNS: u64 = 200;
    /// From the bottom up.
    const ORDER: [&str; 5] = ["out", "err", "unk", "won", "dup"];
    let all = lane.len().max(1);
    let _ = write!(
        svg,
        "<svg x=\"0\" y=\"{top}\" width=\"100%\" height=\"{BAND_PX}\" viewBox=\"0 0 {COLUMNS} {all}\" preserveAspectRatio=\"none\">"
    );
    let (from, to) = axis.window_us;
    let mut counts = [0; ORDER.len()];
    let mut edges = ORDER.map(|_| (String::new(), Vec::new()));
    let mut answered = lane.iter().map(|index| &run.operations[*index]).peekable();
    for column in 0..=COLUMNS {
        let stamp = run.barrier_us + from + (to - from) * column / COLUMNS;
        // The lane is in the order of the answers.
        while let Some(op) = answered.next_if(|op| op.end_us <= stamp) {
            let class = marked.class(op);
            counts.iter_mut().zip(ORDER).filter(|(_, name)| *name == class).for_each(|(count, _)| *count += 1);
        }
        let mut below = 0;
        for ((upper, lower), own) in edges.iter_mut().zip(counts) {
            let _ = write!(upper, "{}{column} {}", if column == 0 { "M" } else { "L" }, all - below - own);
            lower.push(format!("L{column} {}", all - below));
            below += own;
        }
    }
    for ((upper, lower), class) in edges.into_iter().zip(ORDER) {
        let lower: String = lower.into_iter().rev().collect();
        let _ = write!(svg, "<path class=\"{class}\" d=\"{upper}{lower}z\"/>");
        if class != "out" {
            let _ = write!(svg, "<path class=\"hatched\" d=\"{upper}{lower}z\"/>");
        }
    }
    svg.push_str("</svg>");
    let sold = lane.iter().map(|index| &run.operations[*index]).filter(|op| op.outcome == Outcome::Confirmed);
    for op in sold.filter(|op| axis.shows(op.end_us)).take(DENSE) {
        let class = marked.class(op);
        let _ = write!(svg, "<g class=\"bar {class}\"><title>{}</title>", words(run, op));
        draw_end(svg, class, axis.at(op.end_us), top + BAND_PX - 8);
        svg.push_str("</g>");
    }
}

/// The first sale, and the moment from which it is wrong.
fn draw_moments(svg: &mut String, marked: &Marked, axis: &Axis, bottom: usize) {
    let mut line = |class: &str, stamp: u64, name: &str, row: usize| {
        if !axis.shows(stamp) {
            return;
        }
        let x = axis.at(stamp);
        let (anchor, gap) = if x > 60.0 { ("end", "-.4em") } else { ("start", ".4em") };
        let _ = write!(
            svg,
            "<line class=\"moment {class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{TIMES_PX}\" y2=\"{bottom}\"/>\
             <text class=\"moment {class}\" x=\"{x:.2}%\" dx=\"{gap}\" y=\"{}\" text-anchor=\"{anchor}\">{name}</text>",
            TIMES_PX + row
        );
    };
    if let Some(first_us) = marked.first_us {
        line("won", first_us, "sold", 13);
    }
    if let Some((wrong_us, name)) = &marked.wrong {
        line("dup", *wrong_us, name, 28);
    }
}

/// A buyer in a line.
fn words(run: &Run, op: &Operation) -> String {
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

fn caption(run: &Run, marked: &Marked) -> String {
    let after = |stamp: u64| ms(stamp.saturating_sub(run.barrier_us));
    let conflicts: u64 = run.operations.iter().map(|op| u64::from(op.conflicts)).sum();
    let mut text = format!(
        "{} buyers from {} regions, all answered within {} of the fall of the barrier, {} conflicts.",
        grouped(run.operations.len() as u64),
        run.plan.regions.len(),
        after(run.end_us),
        grouped(conflicts)
    );
    if let Some(first_us) = marked.first_us {
        let _ = write!(text, " The first sale was acknowledged after {}.", after(first_us));
    }
    if let Some((wrong_us, name)) = &marked.wrong {
        let _ = write!(text, " After {}: {name}.", after(*wrong_us));
    }
    text
}

/// Where else one may look: names and windows.
fn zooms(
    run: &Run,
    marked: &Marked,
    window_us: (u64, u64),
    whole: (u64, u64),
) -> Vec<(&'static str, Option<(u64, u64)>)> {
    let (from, to) = window_us;
    let width = to - from;
    let clamp = |from: u64, width: u64| {
        let width = width.clamp(100, whole.1.max(100));
        let from = from.min(whole.1.saturating_sub(width));
        Some((from, from + width))
    };
    let mut links = vec![];
    if window_us != whole {
        links.push(("Whole run", None));
        links.push(("Earlier", clamp(from.saturating_sub(width / 2), width)));
        links.push(("Later", clamp(from + width / 2, width)));
        links.push(("Zoom out", clamp(from.saturating_sub(width / 2), width.saturating_mul(2))));
    }
    links.push(("Zoom in", clamp(from + width / 4, width / 2)));
    if let Some(first) = marked.first_us {
        let around = whole.1 / 10;
        let first = first.saturating_sub(run.barrier_us);
        links.push(("Around the first sale", clamp(first.saturating_sub(around / 2), around)));
    }
    links
}

/// Microseconds as milliseconds, as exact as one can read.
pub fn ms(us: u64) -> String {
    match us {
        0..1_000 => format!("{}.{:02} ms", us / 1000, us % 1000 / 10),
        1_000..100_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{} ms", grouped(us / 1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_part_of_the_run() {
        let whole = (0, 1_000);
        for (asked, shown) in [
            (None, whole),
            (Some((100, 200)), (100, 200)),
            (Some((900, u64::MAX)), (900, 1_000)),
            (Some((u64::MAX - 9, u64::MAX)), whole),
        ] {
            assert_eq!(within(asked, whole), shown, "{asked:?}");
        }
    }

    #[test]
    fn steps_are_round() {
        for (window, step) in [(41_000, 10_000), (1, 1), (500, 100), (226_000, 50_000), (7_300, 2_000)] {
            assert_eq!(round_step(window), step, "{window}");
        }
        assert_eq!([ms(0), ms(999), ms(23_450), ms(1_234_567)], ["0.00 ms", "0.99 ms", "23.4 ms", "1,234 ms"]);
    }
}
