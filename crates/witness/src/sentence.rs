//! The burst's `verdict` in the JSON API, in the original's words where the original had any.

use onsale::{Scoreboard, SeatId};

/// One sentence on a burst, from its scoreboard. `regions` is how many the buyers came from.
pub fn verdict_sentence(seat: SeatId, board: &Scoreboard, regions: usize) -> String {
    let &Scoreboard { oversold, confirmed, app_believed, contenders, rejected, errors, unknown, .. } = board;
    let buyers = app_believed + rejected + errors + unknown;
    let told = |n: u64| if n == 1 { "1 buyer was".to_owned() } else { format!("{n} buyers were") };
    if oversold > 0 {
        return format!(
            "oversold = {oversold} — {confirmed} buyers each hold a ticket for the single physical seat {seat}."
        );
    }
    // What was told and what was committed must fit before anything good is said.
    if app_believed > confirmed {
        let tickets = if confirmed == 0 { "no ticket" } else { "one ticket" };
        let told = told(app_believed);
        return format!(
            "oversold = 0 — {tickets} for seat {seat} in the ledger, yet {told} told “confirmed”: a lost sale."
        );
    }
    if confirmed == 0 {
        return match (rejected, unknown) {
            (0, 0) => format!(
                "oversold = 0 — nobody was sold seat {seat}: {errors} of {buyers} buyers met an error. Inconclusive."
            ),
            (0, _) => {
                format!("oversold = 0 — no ticket for seat {seat} yet; {} left without an answer.", told(unknown))
            }
            _ => format!("oversold = 0 — nobody was sold seat {seat}, yet {} told “sold”.", told(rejected)),
        };
    }
    if contenders < 2 {
        return format!(
            "oversold = 0 — exactly one ticket for seat {seat}, but only {contenders} of {buyers} buyers found it free: \
             nobody raced, so the run is inconclusive."
        );
    }
    let regions = if regions == 1 { "1 region".to_owned() } else { format!("{regions} regions") };
    let met_errors = if errors > 0 { format!("; {errors} met an error") } else { String::new() };
    let unanswered = if unknown > 0 { format!("; {} left without an answer", told(unknown)) } else { String::new() };
    format!(
        "oversold = 0 — exactly one ticket for seat {seat}, even under {buyers} simultaneous buyers across \
         {regions}{met_errors}{unanswered}."
    )
}
