//! Where else one may look.

use onsale::Run;

/// The narrowest window that is offered.
const NARROWEST_US: u64 = 100;

/// Names and windows; none is the whole run.
pub fn zooms(
    run: &Run,
    first_us: Option<u64>,
    window_us: (u64, u64),
    whole: (u64, u64),
) -> Vec<(&'static str, Option<(u64, u64)>)> {
    let (from, to) = window_us;
    let width = to - from;
    let clamp = |from: u64, width: u64| {
        let width = width.clamp(NARROWEST_US, whole.1.max(NARROWEST_US));
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
    if width / 2 >= NARROWEST_US {
        links.push(("Zoom in", clamp(from + width / 4, width / 2)));
    }
    if let Some(first) = first_us {
        let around = whole.1 / 10;
        let first = first.saturating_sub(run.barrier_us);
        links.push(("Around the first sale", clamp(first.saturating_sub(around / 2), around)));
    }
    // No link leads to where one is.
    links.retain(|(_, to)| *to != Some(window_us));
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_elsewhere_is_offered() {
        let run = evidence::known_bad().run.into_owned();
        for (window_us, names) in [
            ((0, 29_990), "Zoom in, Around the first sale"),
            ((10_000, 10_200), "Whole run, Earlier, Later, Zoom out, Zoom in, Around the first sale"),
            ((10_000, 10_199), "Whole run, Earlier, Later, Zoom out, Around the first sale"),
            ((0, 1_000), "Whole run, Later, Zoom out, Zoom in, Around the first sale"),
            ((28_990, 29_990), "Whole run, Earlier, Zoom out, Zoom in, Around the first sale"),
        ] {
            let links = zooms(&run, Some(24_100), window_us, (0, 29_990));
            let links: Vec<_> = links.into_iter().map(|(name, _)| name).collect();
            assert_eq!(links.join(", "), names, "{window_us:?}");
        }
    }
}
