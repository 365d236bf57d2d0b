//! Property tests with a fixed budget of seeds: each seed is one case, and a failure prints the seed and how to run it again.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helper, shared by several test binaries")]

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::{env, fmt::Debug, time::Instant};

/// Of each property a module with two tests: `short` tries `$budget` seeds from 0 on, the ignored `long` tries 250 times
/// as many after them. `PROPERTY_SEED` names another first seed, `PROPERTY_CASES` another number of seeds.
macro_rules! properties {
    ($($(#[$doc:meta])* $budget:literal seeds of fn $name:ident($($arg:pat in $strategy:expr),+ $(,)?) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            fn each(first: u64, seeds: u64) {
                $crate::seeds::each(module_path!(), first, seeds, ($($strategy,)+), |($($arg,)+)| {
                    $body
                    Ok(())
                });
            }

            #[test]
            fn short() {
                each(0, $budget);
            }

            #[test]
            #[ignore = "minutes: cargo test NAME::long -- --ignored --nocapture"]
            fn long() {
                each($budget, 250 * $budget);
            }
        }
    )+};
}
pub(crate) use properties;

/// A long search says how far it has come after every so many seeds.
const PROGRESS: u64 = 100_000;

/// Gives `check` one value of `strategy` for each of `seeds` seeds from `first` on.
///
/// # Panics
/// At the first seed that `check` refuses, with the smallest value that it still refuses.
pub fn each<S: Strategy>(
    property: &str,
    first: u64,
    seeds: u64,
    strategy: S,
    check: impl Fn(S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let asked = |name| env::var(name).ok().map(|n| n.parse::<u64>().unwrap());
    let (first, seeds) = (asked("PROPERTY_SEED").unwrap_or(first), asked("PROPERTY_CASES").unwrap_or(seeds));
    println!("{property}: {seeds} seeds from {first}");
    let began = Instant::now();
    for seed in first..first.saturating_add(seeds) {
        if seed > first && (seed - first).is_multiple_of(PROGRESS) {
            println!("{property}: {} of {seeds} seeds, {:.1?}", seed - first, began.elapsed());
        }
        let config = Config { cases: 1, failure_persistence: None, ..Config::default() };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let name = property.split_once("::").map_or(property, |(_, name)| name);
        match runner.run(&strategy, &check) {
            Ok(()) => {}
            Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
            Err(TestError::Fail(why, value)) => panic!(
                "seed {seed}: {why}\nthe smallest: {value:?}\nagain: PROPERTY_SEED={seed} PROPERTY_CASES=1 cargo test {name}::short"
            ),
        }
    }
    println!("{property}: {seeds} seeds from {first}, {:.1?}", began.elapsed());
}
