//! The timeline of a run as an SVG: a lane per region, a bar per buyer; thousands of buyers become bands.
//!
//! Places along the time axis are percentages, so that the drawing fills a phone and a desktop without distortion.

use super::look::Look;
use crate::island::{card::grouped, marks::DENSE};
use leptos::prelude::*;
use onsale::{Operation, Outcome, Region, Run};
use std::fmt::Write as _;

/// The drawing, its caption, and where else one may look.
#[component]
pub fn Timeline(run: std::sync::Arc<Run>, look: Look) -> impl IntoView {
    let whole = (0, (run.end_us.saturating_sub(run.barrier_us)).max(1));
    let axis = Axis::new(&run, look.window_us.unwrap_or(whole));
    let drawing = draw(&run, &axis);
    let links = zooms(&run, axis.window_us, whole).into_iter().map(|(name, window_us)| {
        let to = Look { window_us, ..look.clone() };
        view! { <a href=to.address("timeline")>{name}</a>" " }
    });
    view! {
        <section class="timeline" id="timeline">
            <h2>"Timeline"</h2>
            <p class="soft">{caption(&run)}</p>
            <p class="zooms">{links.collect_view()}</p>
            <div class="drawing" inner_html=drawing></div>
            <p class="picked num" aria-live="polite">{(run.operations.len() <= DENSE).then_some("Point at a bar to read it.")}</p>
        </section>
    }
}

/// Time to places.
struct Axis {
    barrier_us: u64,
    window_us: (u64, u64),
}

impl Axis {
    fn new(run: &Run, window_us: (u64, u64)) -> Self {
        Self { barrier_us: run.barrier_us, window_us }
    }

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

fn draw(run: &Run, axis: &Axis) -> String {
    let lanes: Vec<(&Region, Vec<usize>)> = run.plan.regions.iter().map(|region| (region, lane(run, region))).collect();
    let bands = run.operations.len() > DENSE;
    let rows = lanes.iter().map(|(_, lane)| lane.len()).max().unwrap_or(0);
    let pitch = if rows > 40 { 5 } else { 8 };
    let height_px = if bands { BAND_PX } else { (rows * pitch).max(16) };
    let total_px = AXIS_PX + lanes.len() * (NAME_PX + height_px + 8);
    let mut svg = format!(
        "<svg width=\"100%\" height=\"{total_px}\" role=\"img\" aria-label=\"{}\" class=\"lanes\">",
        caption(run).replace('"', "'")
    );
    draw_axis(&mut svg, axis, total_px);
    for (index, (region, lane)) in lanes.iter().enumerate() {
        let top = AXIS_PX + index * (NAME_PX + height_px + 8);
        let _ = write!(svg, "<text x=\"0\" y=\"{}\" class=\"name\">{region}</text>", top + 14);
        let top = top + NAME_PX;
        if bands {
            draw_bands(&mut svg, run, axis, lane, top);
        } else {
            for (row, operation) in lane.iter().enumerate() {
                draw_bar(&mut svg, run, axis, *operation, top + row * pitch, pitch - 2);
            }
        }
    }
    draw_moments(&mut svg, run, axis, total_px);
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

fn draw_bar(svg: &mut String, run: &Run, axis: &Axis, index: usize, y: usize, height: usize) {
    let op = &run.operations[index];
    let (from, to) = (axis.at(op.start_us).max(0.0), axis.at(op.end_us).min(100.0));
    if to < 0.0 || from > 100.0 {
        return;
    }
    let class = class(run, op);
    let middle = y + height / 2;
    let _ = write!(svg, "<g class=\"bar {class}\" data-buyer=\"{}\"><title>{}</title>", index + 1, words(run, op));
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

/// Everybody of a lane at once: how many were answered what by when, and every sale as a diamond or a disc.
fn draw_bands(svg: &mut String, run: &Run, axis: &Axis, lane: &[usize], top: usize) {
    const COLUMNS: u32 = 200;
    let all = lane.len().max(1);
    let _ = write!(
        svg,
        "<svg x=\"0\" y=\"{top}\" width=\"100%\" height=\"{BAND_PX}\" viewBox=\"0 0 {COLUMNS} {all}\" preserveAspectRatio=\"none\">"
    );
    let (from, to) = axis.window_us;
    for (class, kinds) in [
        ("out", &[Outcome::Rejected][..]),
        ("err", &[Outcome::Error]),
        ("unk", &[Outcome::Unknown]),
        ("sold", &[Outcome::Confirmed]),
    ] {
        // Each kind stands on the ones before it, so that together they fill the lane.
        let below = |op: &Operation| class_order(op.outcome) < class_order(kinds[0]);
        let mut edges = (String::new(), Vec::new());
        for column in 0..=COLUMNS {
            let stamp = run.barrier_us + from + (to - from) * u64::from(column) / u64::from(COLUMNS);
            let answered = lane.iter().map(|index| &run.operations[*index]).filter(|op| op.end_us <= stamp);
            let (mut base, mut own) = (0, 0);
            for op in answered {
                base += usize::from(below(op));
                own += usize::from(kinds.contains(&op.outcome));
            }
            let _ = write!(edges.0, "{}{column} {}", if column == 0 { "M" } else { "L" }, all - base - own);
            edges.1.push(format!("L{column} {}", all - base));
        }
        edges.1.reverse();
        let class = if class == "sold" && oversold(run) {
            "dup"
        } else if class == "sold" {
            "won"
        } else {
            class
        };
        let _ = write!(svg, "<path class=\"{class}\" d=\"{}{}z\"/>", edges.0, edges.1.concat());
    }
    svg.push_str("</svg>");
    let sold = lane.iter().filter(|index| run.operations[**index].outcome == Outcome::Confirmed);
    for index in sold.filter(|index| axis.shows(run.operations[**index].end_us)).take(DENSE) {
        let op = &run.operations[*index];
        let y = top + BAND_PX - 8;
        let _ = write!(svg, "<g class=\"bar {}\"><title>{}</title>", class(run, op), words(run, op));
        draw_end(svg, class(run, op), axis.at(op.end_us), y);
        svg.push_str("</g>");
    }
}

fn class_order(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Rejected => 0,
        Outcome::Error => 1,
        Outcome::Unknown => 2,
        Outcome::Confirmed => 3,
    }
}

/// The first sale, and the moment from which the chair was sold twice.
fn draw_moments(svg: &mut String, run: &Run, axis: &Axis, bottom: usize) {
    let mut line = |class: &str, stamp: Option<u64>, name: &str| {
        let Some(stamp) = stamp.filter(|stamp| axis.shows(*stamp)) else { return };
        let x = axis.at(stamp);
        let (anchor, gap) = if x > 60.0 { ("end", "-.4em") } else { ("start", ".4em") };
        let _ = write!(
            svg,
            "<line class=\"moment {class}\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{TIMES_PX}\" y2=\"{bottom}\"/>\
             <text class=\"moment {class}\" x=\"{x:.2}%\" dx=\"{gap}\" y=\"{}\" text-anchor=\"{anchor}\">{name}</text>",
            TIMES_PX + if class == "won" { 13 } else { 28 }
        );
    };
    let (first, again) = moments(run);
    line("won", first, "sold");
    line("dup", again, "sold again: wrong from here on");
}

/// When the first buyer of a seat was told "confirmed", and when the second one of the same seat was.
fn moments(run: &Run) -> (Option<u64>, Option<u64>) {
    let sold = run.operations.iter().filter(|op| op.outcome == Outcome::Confirmed);
    let mut sold: Vec<_> = sold.map(|op| (op.end_us, op.seat)).collect();
    sold.sort_unstable();
    let again = sold.iter().enumerate().find(|(n, (_, seat))| sold[..*n].iter().any(|(_, earlier)| earlier == seat));
    (sold.first().map(|(end, _)| *end), again.map(|(_, (end, _))| *end))
}

fn oversold(run: &Run) -> bool {
    moments(run).1.is_some()
}

fn class(run: &Run, op: &Operation) -> &'static str {
    match op.outcome {
        Outcome::Confirmed if sold_twice(run, op) => "dup",
        Outcome::Confirmed => "won",
        Outcome::Rejected => "out",
        Outcome::Error => "err",
        Outcome::Unknown => "unk",
    }
}

/// Whether somebody else was told "confirmed" for the same seat.
fn sold_twice(run: &Run, op: &Operation) -> bool {
    let same = |other: &&Operation| other.outcome == Outcome::Confirmed && other.seat == op.seat;
    run.operations.iter().filter(same).take(2).count() > 1
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

fn caption(run: &Run) -> String {
    let (first, again) = moments(run);
    let after = |stamp: u64| ms(stamp.saturating_sub(run.barrier_us));
    let mut text = format!(
        "{} buyers from {} regions, all answered within {} of the fall of the barrier.",
        grouped(run.operations.len() as u64),
        run.plan.regions.len(),
        after(run.end_us)
    );
    if let Some(first) = first {
        let _ = write!(text, " The first sale was acknowledged after {}", after(first));
    }
    match again {
        Some(again) => {
            let _ = write!(text, ", the same chair was sold again after {}.", after(again));
        }
        None if first.is_some() => text.push('.'),
        None => {}
    }
    text
}

/// Where else one may look: names and windows.
fn zooms(run: &Run, window_us: (u64, u64), whole: (u64, u64)) -> Vec<(&'static str, Option<(u64, u64)>)> {
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
        links.push(("Zoom out", clamp(from.saturating_sub(width / 2), width * 2)));
    }
    links.push(("Zoom in", clamp(from + width / 4, width / 2)));
    if let Some(first) = moments(run).0 {
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
    fn steps_are_round() {
        for (window, step) in [(41_000, 10_000), (1, 1), (500, 100), (226_000, 50_000), (7_300, 2_000)] {
            assert_eq!(round_step(window), step, "{window}");
        }
        assert_eq!([ms(0), ms(999), ms(23_450), ms(1_234_567)], ["0.00 ms", "0.99 ms", "23.4 ms", "1,234 ms"]);
    }
}
