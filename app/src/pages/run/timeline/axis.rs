//! Time as places and as words.

use crate::island::card::grouped;
use std::fmt::Write as _;

/// Time to places.
pub struct Axis {
    /// When the barrier fell: 0 on the axis.
    pub barrier_us: u64,
    /// The part that is shown, in microseconds after the fall of the barrier.
    pub window_us: (u64, u64),
}

impl Axis {
    /// The line that says what is counted, then the line with the times.
    pub const HEIGHT_PX: usize = 36;

    /// Where a stamp of the run lies, in percent; outside 0 to 100 if it is not in the window.
    pub fn at(&self, stamp_us: u64) -> f64 {
        let (from, to) = self.window_us;
        // A burst lasts minutes at most: microseconds fit an f64 exactly.
        #[allow(clippy::cast_precision_loss)]
        let place = (stamp_us as f64 - self.barrier_us as f64 - from as f64) / (to - from).max(1) as f64;
        place * 100.0
    }

    pub fn shows(&self, stamp_us: u64) -> bool {
        (0.0..=100.0).contains(&self.at(stamp_us))
    }

    pub fn width_us(&self) -> u64 {
        self.window_us.1 - self.window_us.0
    }

    /// Lines at round times. The unit is said once, so that the labels are short enough for a phone.
    pub fn draw(&self, svg: &mut String, bottom: usize) {
        let top = Self::HEIGHT_PX - 4;
        svg.push_str("<text x=\"0\" y=\"10\">Milliseconds after the fall of the barrier</text>");
        let (labels, crowded) = self.labels();
        for (index, (us, label)) in labels.into_iter().enumerate() {
            let x = self.at(us + self.barrier_us);
            let _ = write!(svg, "<line class=\"tick\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{top}\" y2=\"{bottom}\"/>");
            let anchor = match x {
                ..3.0 => "start",
                97.0.. => "end",
                _ => "middle",
            };
            let class = if crowded && index % 2 == 1 { " class=\"second\"" } else { "" };
            let _ = write!(svg, "<text{class} x=\"{x:.2}%\" y=\"28\" text-anchor=\"{anchor}\">{label}</text>");
        }
    }

    /// The round times of the window with their labels, and whether a phone has room for every second one only.
    fn labels(&self) -> (Vec<(u64, String)>, bool) {
        let (from, to) = self.window_us;
        let step = round_step(self.width_us());
        let times = (from.div_ceil(step)..=to / step).map(|n| n * step);
        let labels: Vec<_> = times.map(|us| (us, fixed(us, decimals(step)))).collect();
        let crowded = labels.iter().any(|(_, label)| label.len() > 6);
        (labels, crowded)
    }
}

/// A round number of microseconds that divides the window into about five parts.
fn round_step(window_us: u64) -> u64 {
    let about = (window_us / 5).max(1);
    let power = 10_u64.pow(about.ilog10());
    [1, 2, 5, 10].into_iter().map(|n| n * power).find(|step| *step >= about).unwrap_or(10 * power)
}

/// How many decimals of a millisecond tell times apart that are `step_us` apart.
pub fn decimals(step_us: u64) -> usize {
    match step_us {
        0..10 => 3,
        10..100 => 2,
        100..1_000 => 1,
        _ => 0,
    }
}

/// Microseconds as milliseconds, rounded to the nearest with so many decimals, at most three.
pub fn fixed(us: u64, decimals: usize) -> String {
    let unit = [1_000, 100, 10, 1][decimals.min(3)];
    let rounded = us.saturating_add(unit / 2) / unit * unit;
    let whole = grouped(rounded / 1_000);
    if decimals == 0 { whole } else { format!("{whole}.{:0decimals$}", rounded % 1_000 / unit) }
}

/// Microseconds as milliseconds with their unit, as exact as one can read.
pub fn ms(us: u64) -> String {
    // The bounds are those of the rounded number: 0.999 ms is 1.0 ms.
    let decimals = match us {
        0..995 => 2,
        995..99_950 => 1,
        _ => 0,
    };
    format!("{} ms", fixed(us, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (window, step) in [(41_000, 10_000), (1, 1), (500, 100), (226_000, 50_000), (7_300, 2_000)] {
            assert_eq!(round_step(window), step, "{window}");
        }
    }

    #[test]
    fn times_are_rounded_to_the_nearest() {
        for (us, text) in [
            (0, "0.00 ms"),
            (994, "0.99 ms"),
            (995, "1.0 ms"),
            (999, "1.0 ms"),
            (23_449, "23.4 ms"),
            (23_450, "23.5 ms"),
            (98_040, "98.0 ms"),
            (99_949, "99.9 ms"),
            (99_950, "100 ms"),
            (1_234_567, "1,235 ms"),
        ] {
            assert_eq!(ms(us), text, "{us}");
        }
    }

    #[test]
    fn no_two_labels_are_the_same() {
        for (window_us, first, last, crowded) in [
            ((0, 3_230_000), "0", "3,000", false),
            ((203_700, 206_100), "204.0", "206.0", false),
            ((1_203_700, 1_206_100), "1,204.0", "1,206.0", true),
            ((204_010, 204_110), "204.02", "204.10", false),
            ((204_010, 204_013), "204.010", "204.013", true),
        ] {
            let (mut labels, is_crowded) = Axis { barrier_us: 7, window_us }.labels();
            assert_eq!(is_crowded, crowded, "{window_us:?}");
            assert_eq!(labels.first().map(|label| &*label.1), Some(first));
            assert_eq!(labels.last().map(|label| &*label.1), Some(last));
            let n = labels.len();
            labels.dedup_by(|a, b| a.1 == b.1);
            assert_eq!((labels.len(), n <= 7), (n, true), "{window_us:?}");
        }
    }
}
