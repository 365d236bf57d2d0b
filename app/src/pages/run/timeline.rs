//! The timeline of a run as an SVG: a lane per region, a bar per buyer; thousands of buyers become bands.
//!
//! Places along the time axis are percentages, so that the drawing fills a phone and a desktop without distortion.

pub mod axis;
mod bands;
mod bars;
mod legend;
mod moments;
mod shown;
mod zooms;

use super::look::Look;
use crate::{api::RunReport, island::card::grouped, words::several};
use axis::{Axis, ms};
use bands::Lane;
use bars::draw_bar;
use evidence::RunDocument;
use leptos::prelude::*;
use moments::Marked;
use onsale::Run;
use shown::Shown;
use std::{fmt::Write as _, sync::Arc};

/// The drawing, its caption, and where else one may look.
#[component]
pub fn Timeline(document: Arc<RunDocument<'static>>, report: RunReport, look: Look) -> impl IntoView {
    let run = &*document.run;
    let whole = (0, run.end_us.saturating_sub(run.barrier_us).max(1));
    let marked = Marked::of(run, &report.verdict);
    let axis = Axis { barrier_us: run.barrier_us, window_us: within(look.window_us, whole) };
    let shown = Shown::of(run, &axis);
    let caption = caption(run, &report, &marked);
    let drawing = draw(run, &marked, &axis, &shown, &caption);
    let legend = legend::legend(run, &marked, &axis, &shown);
    let links = zooms::zooms(run, marked.first_us, axis.window_us, whole).into_iter().map(|(name, window_us)| {
        let to = Look { window_us, ..look.clone() };
        view! { <a href=to.address("timeline")>{name}</a>" " }
    });
    let pointed = match &shown.bars {
        None => "Point at a band to read how many were answered by then.",
        Some(bars) if bars.is_empty() => "",
        Some(_) => "Point at a bar to read it.",
    };
    view! {
        <section class="timeline" id="timeline">
            <h2>"Timeline"</h2>
            <p class="soft">{caption}</p>
            <p class="zooms">{links.collect_view()}</p>
            {shown.words().map(|words| view! { <p class="soft shown">{words}</p> })}
            <div class="drawing" inner_html=drawing></div>
            <p class="key soft" inner_html=legend></p>
            <p class="picked num">{pointed}</p>
        </section>
    }
}

/// The part of the run that is shown: what the address asks for, if there is such a part.
fn within(asked_us: Option<(u64, u64)>, whole: (u64, u64)) -> (u64, u64) {
    let (from, to) = asked_us.unwrap_or(whole);
    let to = to.min(whole.1);
    if from < to { (from, to) } else { whole }
}

/// What is drawn, and the words that stand over it: no line crosses them.
#[derive(Default)]
struct Layers {
    shapes: String,
    words: String,
}

/// The height of a lane's name, and the space under a lane.
const NAME_PX: usize = 20;
const GAP_PX: usize = 8;

fn draw(run: &Run, marked: &Marked, axis: &Axis, shown: &Shown, caption: &str) -> String {
    let top = Axis::HEIGHT_PX + marked.height_px(axis) + GAP_PX / 2;
    let mut lanes = Layers::default();
    let bottom = match &shown.bars {
        Some(bars) => draw_bars(&mut lanes, run, marked, axis, bars, top),
        None => draw_bands(&mut lanes, run, marked, axis, top),
    };
    marked.draw(&mut lanes, axis, bottom);
    let mut svg = format!(
        "<svg width=\"100%\" height=\"{bottom}\" role=\"img\" aria-label=\"{}\" class=\"lanes\">\
         <defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <path d=\"M0 0v6\"/></pattern></defs>",
        caption.replace('"', "'")
    );
    axis.draw(&mut svg, bottom);
    svg + &lanes.shapes + &lanes.words + "</svg>"
}

/// A bar per buyer, first answered first. Returns where the last lane ends.
fn draw_bars(layers: &mut Layers, run: &Run, marked: &Marked, axis: &Axis, bars: &[usize], mut top: usize) -> usize {
    let lanes = run.plan.regions.iter().map(|region| {
        let mut lane: Vec<_> = bars.iter().map(|i| &run.operations[*i]).filter(|op| op.region == *region).collect();
        lane.sort_by_key(|op| op.end_us);
        (region, lane)
    });
    let lanes: Vec<_> = lanes.collect();
    let rows = lanes.iter().map(|(_, lane)| lane.len()).max().unwrap_or(0);
    let pitch = if rows > 40 { 5 } else { 8 };
    for (region, lane) in lanes {
        let _ = write!(layers.words, "<text y=\"{}\">{region}</text>", top + 14);
        top += NAME_PX;
        for (row, op) in lane.iter().enumerate() {
            draw_bar(&mut layers.shapes, run, marked, axis, op, (top + row * pitch, pitch - 2));
        }
        top += (lane.len() * pitch).max(16) + GAP_PX;
    }
    top
}

/// A band per region. Returns where the last lane ends.
fn draw_bands(layers: &mut Layers, run: &Run, marked: &Marked, axis: &Axis, mut top: usize) -> usize {
    let lanes: Vec<_> = run.plan.regions.iter().map(|region| Lane::of(run, region, marked, axis)).collect();
    let most = lanes.iter().map(Lane::tried_most).max().unwrap_or(0);
    for (number, lane) in lanes.iter().enumerate() {
        let _ = write!(layers.words, "<text y=\"{}\">{}</text>", top + 12, lane.name());
        top += NAME_PX;
        lane.draw(layers, run, marked, axis, (number, top, most));
        top += bands::HEIGHT_PX + GAP_PX;
    }
    top
}

/// The run in words. Its duration is the card's, in whole milliseconds and rounded up.
fn caption(run: &Run, report: &RunReport, marked: &Marked) -> String {
    let after = |stamp: u64| ms(stamp.saturating_sub(run.barrier_us));
    let mut text = format!(
        "{} from {}, all answered within {} ms of the fall of the barrier, {}.",
        several(run.operations.len() as u64, "buyer", "buyers"),
        several(run.plan.regions.len() as u64, "region", "regions"),
        grouped(report.scoreboard.duration_ms),
        several(report.scoreboard.conflicts, "conflict", "conflicts")
    );
    if let Some(first_us) = marked.first_us {
        let _ = write!(text, " The first sale was acknowledged after {}.", after(first_us));
    }
    for (wrong_us, name) in &marked.wrong {
        let _ = write!(text, " After {}: {name}.", after(*wrong_us));
    }
    text
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
}
