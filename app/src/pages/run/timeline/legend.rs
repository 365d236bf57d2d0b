//! What shapes and colours mean: only of those that are in use.

use super::{
    axis::Axis,
    bars::{end, retried, retries, waits},
    moments::Marked,
    shown::Shown,
};
use onsale::{Operation, Run};
use std::fmt::Write as _;

/// The legend as HTML.
pub fn legend(run: &Run, marked: &Marked, axis: &Axis, shown: &Shown) -> String {
    let drawn: Vec<&Operation> = match &shown.bars {
        Some(bars) => bars.iter().map(|index| &run.operations[*index]).collect(),
        None => run.operations.iter().collect(),
    };
    let bands = shown.bars.is_none();
    let mut html = String::new();
    for (class, words) in [
        ("won", "sold the seat"),
        ("dup", "sold the same seat"),
        ("out", "turned away"),
        ("err", "met an error"),
        ("unk", "without an answer"),
    ] {
        if drawn.iter().any(|op| marked.class(op) == class) {
            add(&mut html, &if bands { band(class) } else { bar(class, "") }, words);
        }
    }
    for (class, words, mark) in [
        ("conflict", "tried again after a conflict", "<line class=\"conflict\" x1=\"9\" x2=\"9\" y1=\"3\" y2=\"9\"/>"),
        ("again", "tried again", "<line class=\"again\" x1=\"9\" x2=\"9\" y1=\"3\" y2=\"9\"/>"),
    ] {
        let is_drawn = |op: &&Operation| retried(op) == class && retries(op).any(|us| bands || axis.shows(us));
        if drawn.iter().any(is_drawn) {
            let tick = format!("<path class=\"{class}\" d=\"M4 1h3v10h-3zM10 1h3v5h-3z\"/>");
            if bands {
                add(&mut html, &tick, &format!("{words}: the more, the taller"));
            } else {
                add(&mut html, &bar("out", mark), words);
            }
        }
    }
    if !bands && drawn.iter().any(|op| waits(op, axis)) {
        let line = "<g class=\"bar\"><line class=\"wait\" x2=\"18\" y1=\"6\" y2=\"6\"/></g>";
        add(&mut html, line, "waiting for a connection");
    }
    html
}

fn add(html: &mut String, swatch: &str, words: &str) {
    let _ = write!(html, "<span><svg width=\"24\" height=\"12\" aria-hidden=\"true\">{swatch}</svg> {words}</span> ");
}

/// A bar with its end, and what is marked on it.
fn bar(class: &str, mark: &str) -> String {
    let end = end(class).map_or(String::new(), |end| format!("<g transform=\"translate(18 6)\">{end}</g>"));
    format!("<g class=\"bar {class}\"><rect y=\"3\" width=\"18\" height=\"6\"/>{mark}{end}</g>")
}

/// A piece of a band; a sale's has the mark that stands for it at the band's foot.
fn band(class: &str) -> String {
    let place = "width=\"18\" height=\"12\"";
    let hatched = if class == "out" { String::new() } else { format!("<rect class=\"hatched\" {place}/>") };
    let end = end(class).filter(|_| matches!(class, "won" | "dup"));
    let end =
        end.map_or(String::new(), |end| format!("<g class=\"bar {class}\" transform=\"translate(18 6)\">{end}</g>"));
    format!("<g class=\"band {class}\"><rect {place}/>{hatched}</g>{end}")
}
