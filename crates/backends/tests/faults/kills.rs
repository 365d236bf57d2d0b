//! PostgreSQL killed and started again, at every kind of moment.

use crate::{
    common::{self, Way, Wish, order, seat},
    house::House,
    tally::{Tally, assert_names_the_database, check},
};
use burst::Event;
use onsale::{BoxOffice, Database, FloorPlan, Outcome};
use standins::{Cut, When};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use witness::{Verdict, judge_run};

both_ways! {
    killed_in_the_middle_of_a_burst_and_restarted
    killed_in_the_middle_of_a_rush_and_restarted
    killed_and_away_until_everybody_has_given_up
    away_and_back
}

/// PostgreSQL is killed while a burst runs, at another moment each time, and started again.
async fn killed_in_the_middle_of_a_burst_and_restarted(way: Way) {
    let mut house = House::new(way).await;
    let mut rng = House::rng("killed");
    let (mut sum, mut verdicts, mut hit) = (Tally::default(), Vec::new(), 0);
    for (n, seat) in FloorPlan::default().seats().take(6).enumerate() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let (db, floor, seed) = (Arc::clone(&house.db), house.floor.clone(), rng.u64(..));
        let bursting = tokio::spawn(async move {
            let wish = Wish { floor: &floor, seat, buyers: 60, think_ms: 40, seed };
            wish.watched(&db, move |event| drop(sender.send(event))).await
        });
        assert!(matches!(events.recv().await, Some(Event::Ready { .. })), "seed {seed}");
        if n % 2 == 0 {
            // Before the first buyer has read, or while all of them think.
            tokio::time::sleep(Duration::from_micros(rng.u64(0..60_000))).await;
        } else {
            // While they are being told.
            for _ in 0..rng.u32(1..40) {
                let _ = events.recv().await;
            }
        }
        house.engine.postgres.kill();
        house.engine.postgres.restart().await.unwrap();

        let run = bursting.await.expect("no panic").expect("the ledger could be read back");
        let verdict = judge_run(&run);
        assert!(!verdict.verdict.is_violated(), "seed {seed}: {verdict:#?}");
        let tally = house.check_run(&run).await;
        hit += u32::from(tally.errors + tally.unknown + tally.settled > 0);
        sum += tally;
        verdicts.push(verdict.verdict.to_string());
    }
    println!("6 kills in a burst, {hit} of them hit a buyer: {sum}; verdicts {verdicts:?}");
    assert!(hit >= 2, "only {hit} of 6 kills hit anybody");
    assert!(sum.confirmed > 0, "nothing had been sold");
    house.engine.stop().await;
}

/// The same while the whole floor is being sold, so that many COMMITs are under way at that moment.
async fn killed_in_the_middle_of_a_rush_and_restarted(way: Way) {
    let mut house = House::new(way).await;
    let mut rng = House::rng("killed in a rush");
    let mut sum = Tally::default();
    house.is_far_away();
    for _ in 0..4 {
        let floor = house.another_floor().await;
        drop(house.db.warm(common::CONNECTIONS).await.unwrap());
        let rushing = House::rush(&house.db, &floor, &mut rng);
        house.sold_at_least(rng.i64(1..80), &floor).await;
        house.engine.postgres.kill();
        house.engine.postgres.restart().await.unwrap();
        sum += house.check_floor(&rushing.await.expect("no panic"), &floor).await;
    }
    println!("4 kills in a rush: {sum}");
    assert!(sum.errors + sum.unknown + sum.settled > 0, "no kill hit anybody");
    assert!(sum.confirmed > 0, "nothing had been sold");
    house.engine.stop().await;
}

/// It stays away until the last buyer has given up: those whose COMMIT was lost can be told nothing, and the ledger
/// settles each of them once it can be read.
async fn killed_and_away_until_everybody_has_given_up(way: Way) {
    let mut house = House::new(way).await;
    let mut rng = House::rng("away");
    let floor = house.another_floor().await;
    drop(house.db.warm(common::CONNECTIONS).await.unwrap());
    // Every lost answer is a doubt at the moment of the kill.
    house.cut(Cut { pattern: b"COMMIT", when: When::AfterAnswer, every: 2, times: u64::MAX });
    let rushing = House::rush(&house.db, &floor, &mut rng);
    house.sold_at_least(30, &floor).await;
    house.engine.postgres.kill();
    let told = rushing.await.expect("no panic");
    house.engine.postgres.restart().await.unwrap();
    let tally = house.check_floor(&told, &floor).await;
    println!("away until everybody has given up: {tally}");
    assert!(tally.unknown > 0 && tally.unknown_sold > 0, "{tally}");
    let reasons = told.iter().filter(|op| op.outcome == Outcome::Unknown).map(|op| op.reason.as_deref());
    let says = |reason: &str| reason.starts_with("PostgreSQL did not answer; the ledger will tell: ");
    assert!(reasons.into_iter().all(|reason| reason.is_some_and(says)));
    house.engine.stop().await;
}

/// While the database is away: a burst is refused with its name, a buyer is told that nothing was sold, and both work
/// again once it is back.
async fn away_and_back(way: Way) {
    let mut house = House::new(way).await;
    let wish = Wish { floor: &house.floor, seat: seat("A1"), buyers: 60, think_ms: 5, seed: 1 };
    wish.run(&house.db).await.unwrap();
    house.engine.postgres.kill();
    let config = house.engine.postgres.config(standins::DATABASE);
    common::until("the server is gone", async || config.connect(tokio_postgres::NoTls).await.is_err()).await;

    let began = Instant::now();
    assert_names_the_database(&wish.run(&house.db).await.unwrap_err());
    for failure in [
        house.db.seats(&house.floor).await.unwrap_err(),
        house.db.reset(&house.floor, None).await.unwrap_err(),
        house.db.engine().await.unwrap_err(),
    ] {
        assert_names_the_database(&failure);
    }
    let mut told = Vec::new();
    for region in [0, 1] {
        let op = common::sell(&*house.db, order(&house.floor, seat("B1"), "ada", region), Duration::ZERO).await;
        assert_eq!((op.outcome, op.attempts), (Outcome::Error, 1), "{op:?}");
        let reason = op.reason.as_deref().unwrap_or_default();
        assert!(reason.starts_with("PostgreSQL was not available; nothing was sold: "), "{reason}");
        told.push(op);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?} to say so", began.elapsed());

    house.engine.postgres.restart().await.unwrap();
    check(&told, &house.sold_on(seat("B1"), 1).await);
    let run = wish.run(&house.db).await.unwrap();
    assert_eq!(judge_run(&run).verdict, Verdict::Linearizable);
    house.check_run(&run).await;
    house.engine.stop().await;
}
