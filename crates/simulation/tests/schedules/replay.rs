//! A seed is a schedule: played again, it gives the same run to the byte.

use crate::house::{Ended, Scenario};
use crate::serialisable::losses;
use simulation::{ConflictAt, LostCommits};
use std::collections::BTreeSet;
use std::thread;

#[test]
fn a_seed_gives_one_run() {
    let databases: [fn(u64) -> Ended; 5] = [
        |seed| Scenario::any(seed).serialisable(ConflictAt::Commit, LostCommits::default(), None),
        |seed| Scenario::any(seed).serialisable(ConflictAt::Write, losses(seed), None),
        |seed| Scenario::any(seed).serialisable(ConflictAt::Commit, losses(seed), None),
        |seed| Scenario::any(seed).last_writer_wins(),
        |seed| Scenario::sixty(seed).last_writer_wins(),
    ];
    for (which, play) in databases.into_iter().enumerate() {
        let mut different = BTreeSet::new();
        for seed in 1..=100 {
            let here = play(seed);
            // On a thread of its own, while the other tests of this binary run beside it.
            let there = thread::spawn(move || play(seed)).join().unwrap();
            let json = here.json();
            assert!(json == there.json(), "database {which}, seed {seed}: {json}\nand then\n{}", there.json());
            assert_eq!((here.counts, here.later), (there.counts, there.later), "database {which}, seed {seed}");
            different.insert(json);
        }
        assert_eq!(different.len(), 100, "two seeds give two runs");
    }
}

/// Everybody starts at once and not in one order for ever: who wins depends on the seed.
#[test]
fn seeds_differ_in_who_wins() {
    let winner = |seed| {
        let run = Scenario::sixty(seed).serialisable(ConflictAt::Commit, LostCommits::default(), None).run;
        run.ledger[0].buyer.to_string()
    };
    let winners: BTreeSet<_> = (1..=200).map(winner).collect();
    assert!(winners.len() > 30, "{winners:?}");
}
