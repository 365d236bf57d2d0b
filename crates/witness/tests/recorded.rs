//! Whole runs as they are stored: good and bad histories with the verdict each must get.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use onsale::Run;
use std::{collections::BTreeSet, fs, path::Path};
use witness::judge_run;

const RECORDED: [(&str, &str); 9] = [
    ("good/one-winner", "Linearizable ✓"),
    ("good/settled-unknown", "Inconclusive: SomeErrors"),
    ("good/outside-sale", "Linearizable ✓"),
    ("good/unsettled-unknown", "Unknown ?"),
    ("good/round-moved", "Inconclusive: RoundMoved"),
    ("bad/double-sell", "Violated ✗ (2 double-sells): double-sell, stale-available"),
    ("bad/lost-sale", "Violated ✗ (0 double-sells): lost-sale"),
    ("bad/phantom", "Violated ✗ (0 double-sells): phantom"),
    ("bad/stale-rejection", "Violated ✗ (0 double-sells): stale-rejection, sold-then-available"),
];

#[test]
fn recorded_runs_get_their_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    for (name, expect) in RECORDED {
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let run: Run = serde_json::from_str(&text).unwrap();
        let verdict = judge_run(&run);
        assert_eq!(common::told(&verdict), expect, "{name}");
        let sent = serde_json::to_string(&verdict).unwrap();
        assert_eq!(
            serde_json::from_str::<witness::RunVerdict>(&sent).unwrap(),
            verdict,
            "{name}: verdicts travel as JSON"
        );
        assert_eq!(
            serde_json::to_string_pretty(&run).unwrap() + "\n",
            text,
            "{name}: runs are written as they are read"
        );
    }
}

#[test]
fn every_recorded_run_is_judged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut found = BTreeSet::new();
    for side in ["good", "bad"] {
        for entry in fs::read_dir(folder.join(side)).unwrap() {
            let stem = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
            found.insert(format!("{side}/{stem}"));
        }
    }
    assert_eq!(found, RECORDED.iter().map(|(name, _)| (*name).to_owned()).collect());
}
