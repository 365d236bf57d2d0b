//! One region down, or both far away.

use crate::{
    common::{self, Way, Wish, order, seat},
    house::House,
    tally::{assert_names_the_database, check},
};
use burst::Event;
use onsale::{BoxOffice, Operation, Outcome, Scoreboard};
use standins::REGIONS;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use witness::{Verdict, judge_run};

both_ways! {
    one_region_down_and_the_other_sells
    a_region_that_goes_down_during_a_burst
    far_away_one_still_wins
}

/// One region is down: no burst begins, and the other region goes on selling.
async fn one_region_down_and_the_other_sells(way: Way) {
    let house = House::new(way).await;
    for down in [0, 1] {
        let (gone, there) = (&house.engine.endpoints[down], 1 - down);
        // Connections are in the pools when the region goes down.
        let wish = Wish { floor: &house.floor, seat: seat("A1"), buyers: 60, think_ms: 5, seed: 1 };
        wish.run(&house.db).await.unwrap();
        gone.set_down(true);

        let began = Instant::now();
        assert_names_the_database(&wish.run(&house.db).await.unwrap_err());
        assert!(began.elapsed() < Duration::from_secs(5), "it took {:?} to refuse", began.elapsed());

        // It is one logical database: opening and reading find the region that answers.
        let name = seat(["B1", "B2"][down]);
        let round = house.db.open_seat(&house.floor, name).await.unwrap();
        let lost = common::sell(&*house.db, order(&house.floor, name, "ada", down), Duration::ZERO).await;
        assert_eq!((lost.outcome, lost.attempts), (Outcome::Error, 1), "{lost:?}");
        let sold = common::sell(&*house.db, order(&house.floor, name, "bob", there), Duration::ZERO).await;
        assert_eq!(sold.outcome, Outcome::Confirmed, "{sold:?}");
        check(&[lost, sold], &house.sold_on(name, round).await);
        assert_eq!(house.db.tickets(&house.floor, &"bob".parse().unwrap()).await.unwrap().len(), down + 1);

        gone.set_down(false);
        let run = wish.run(&house.db).await.unwrap();
        assert_eq!(judge_run(&run).verdict, Verdict::Linearizable, "back again");
        house.check_run(&run).await;
    }
    house.engine.stop().await;
}

/// One region goes down while its buyers think: they are told that nothing was sold, and somebody of the other wins.
async fn a_region_that_goes_down_during_a_burst(way: Way) {
    let house = House::new(way).await;
    for (n, down) in [0, 1, 0, 1].into_iter().enumerate() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let wish = Wish { floor: &house.floor, seat: seat("A1"), buyers: 60, think_ms: 200, seed: n as u64 };
        let bursting = wish.watched(&house.db, move |event| drop(sender.send(event)));
        let taking_down = async {
            assert!(matches!(events.recv().await, Some(Event::Ready { .. })));
            tokio::time::sleep(Duration::from_millis(50)).await;
            house.engine.endpoints[down].set_down(true);
        };
        let (run, ()) = tokio::join!(bursting, taking_down);
        house.engine.endpoints[down].set_down(false);
        let run = run.unwrap();
        let verdict = judge_run(&run);
        assert!(!verdict.verdict.is_violated(), "{verdict:#?}");
        let elsewhere = run.operations.iter().filter(|op| op.region.as_str() != REGIONS[down]);
        let answered = |op: &Operation| matches!(op.outcome, Outcome::Confirmed | Outcome::Rejected);
        assert!(elsewhere.clone().all(answered), "{run:#?}");
        assert_eq!(elsewhere.count(), 30);
        assert!(house.check_run(&run).await.errors > 0, "{run:#?}");
    }
    house.engine.stop().await;
}

async fn far_away_one_still_wins(way: Way) {
    let house = House::new(way).await;
    house.is_far_away();
    for seed in 1..=3 {
        let wish = Wish { floor: &house.floor, seat: seat("A1"), buyers: 60, think_ms: 0, seed };
        let run = wish.run(&house.db).await.unwrap();
        let board = Scoreboard::of(&run);
        assert_eq!((board.confirmed, board.app_believed, board.rejected, board.errors), (1, 1, 59, 0), "{board:?}");
        assert_eq!(judge_run(&run).verdict, Verdict::Linearizable, "seed {seed}");
        assert!(run.operations.iter().all(|op| op.end_us - op.start_us >= 8_000), "two round trips at least");
        house.check_run(&run).await;
    }
    house.engine.stop().await;
}
