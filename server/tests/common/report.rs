//! What every report of a burst must fulfil, whoever won.

use serde_json::Value;
use std::collections::BTreeSet;

/// Checks that the numbers of a `breakit` answer agree with each other and with its list of outcomes.
pub fn check_report(report: &Value) {
    let n = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{name} is no count: {report}"));
    let told = |outcome: &str| outcomes(report).filter(|told| told["outcome"] == outcome).count() as u64;
    let buyers = n("concurrency");
    assert_eq!(outcomes(report).count() as u64, buyers, "{report}");
    assert_eq!(n("appBelieved") + n("rejected") + n("errors") + n("unknown"), buyers, "{report}");
    let counted = ["confirmed", "rejected", "error", "unknown"].map(told);
    assert_eq!(counted, [n("appBelieved"), n("rejected"), n("errors"), n("unknown")], "{report}");
    assert_eq!(n("confirmed"), n("ledgerHolders"), "{report}");
    assert_eq!(n("oversold"), n("confirmed").saturating_sub(1), "{report}");
    assert_eq!(n("hiddenBySeatsTable"), n("confirmed").saturating_sub(n("seatTableShows")), "{report}");
    assert!(n("seatTableShows") <= 1 && n("contenders") <= buyers && n("staleReads") <= n("contenders"), "{report}");
    // Every sale in the ledger was told to somebody here, or was bought by others meanwhile, or its buyer is in doubt.
    let own = n("confirmed") - n("others");
    assert!((n("appBelieved")..=n("appBelieved") + n("unknown")).contains(&own), "{report}");
    let attempts = outcomes(report).map(|told| told["attempts"].as_u64().unwrap()).max();
    assert_eq!(attempts, Some(n("maxRetries") + 1), "{report}");
    let tickets: BTreeSet<_> = outcomes(report).filter_map(|told| told["ticketId"].as_str()).collect();
    assert_eq!(tickets.len() as u64, n("appBelieved") + n("unknown"), "each has a ticket of its own: {report}");
    for region in report["regions"].as_array().unwrap() {
        let here = outcomes(report).filter(|told| told["region"] == *region).count() as u64;
        assert!(here == buyers / 2 || here == buyers.div_ceil(2), "half per region: {report}");
    }
    let sentence = format!("oversold = {} ", n("oversold"));
    assert!(report["verdict"].as_str().unwrap().starts_with(&sentence), "{report}");
}

/// What each buyer was told.
pub fn outcomes(report: &Value) -> impl Iterator<Item = &Value> {
    report["outcomes"].as_array().unwrap().iter()
}
