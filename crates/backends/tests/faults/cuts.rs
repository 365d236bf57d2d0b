//! Connections cut: at COMMIT, at random, in the pool.

use crate::{
    common::{self, NAME, Sql, Way, Wish, order, seat},
    forgetful::Forgetful,
    house::House,
    tally::{Tally, assert_names_the_database},
};
use burst::Event;
use onsale::{BoxOffice, Database, Failure, FloorPlan};
use standins::{Cut, RegionalEndpoint, When};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;
use witness::judge_run;

both_ways! {
    commits_cut_off_before_the_server_has_them
    commits_cut_off_while_the_server_gets_them
    commits_done_whose_answer_is_lost
    connections_cut_at_random
    connections_that_died_in_the_pool
    without_looking_first_the_check_catches_false_reports
}

/// COMMIT never reaches the server: it certainly did not happen, and the buyer cannot know.
async fn commits_cut_off_before_the_server_has_them(way: Way) {
    Box::pin(cut_commits(way, "before", When::BeforeForward)).await;
}

/// COMMIT reaches the server while the client is cut off: a retry may overtake it.
async fn commits_cut_off_while_the_server_gets_them(way: Way) {
    Box::pin(cut_commits(way, "while", When::AfterForward)).await;
}

/// COMMIT was done and its answer is lost.
async fn commits_done_whose_answer_is_lost(way: Way) {
    Box::pin(cut_commits(way, "after", When::AfterAnswer)).await;
}

/// Every connection is cut, again and again, at any moment.
async fn connections_cut_at_random(way: Way) {
    let house = House::new(way).await;
    let mut rng = House::rng("random");
    let (mut sum, mut refused) = (Tally::default(), 0);
    let mut cuts = 0;
    for (n, seat) in FloorPlan::default().seats().take(14).enumerate() {
        let run = loop {
            let (sender, mut events) = mpsc::unbounded_channel();
            let wish = Wish { floor: &house.floor, seat, buyers: 60, think_ms: rng.u32(0..=5), seed: rng.u64(..) };
            let bursting = wish.watched(&house.db, move |event| drop(sender.send(event)));
            let cutting = async {
                // Some bursts are cut from the very start, when connections are opened; most once they are warm.
                if n % 4 != 0 {
                    assert!(matches!(events.recv().await, Some(Event::Ready { .. }) | None));
                }
                for _ in 0..2 {
                    tokio::time::sleep(Duration::from_micros(rng.u64(0..60_000))).await;
                    house.engine.endpoints[rng.usize(0..2)].cut_all();
                    cuts += 1;
                }
                // Nobody may have been told anything in a burst that then says it did not take place.
                let mut answered = 0;
                while let Some(event) = events.recv().await {
                    answered += u32::from(matches!(event, Event::Answered { .. }));
                }
                answered
            };
            match tokio::join!(bursting, cutting) {
                (Ok(run), _) => break run,
                (Err(failure), answered) => {
                    // The answer to the opening itself may be what was cut: then it may have been done, and nobody bought.
                    match &failure {
                        Failure::Indeterminate { database, .. } => assert_eq!(*database, NAME),
                        failure => assert_names_the_database(failure),
                    }
                    assert_eq!(answered, 0, "a burst lost its record: {failure}");
                    refused += 1;
                }
            }
        };
        let verdict = judge_run(&run);
        assert!(!verdict.verdict.is_violated(), "{verdict:#?}");
        sum += house.check_run(&run).await;
    }
    house.is_far_away();
    for _ in 0..3 {
        let floor = house.another_floor().await;
        drop(house.db.warm(common::CONNECTIONS).await.unwrap());
        let rushing = House::rush(&house.db, &floor, &mut rng);
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_micros(rng.u64(0..60_000))).await;
            house.engine.endpoints[rng.usize(0..2)].cut_all();
            cuts += 1;
        }
        sum += house.check_floor(&rushing.await.expect("no panic"), &floor).await;
    }
    println!("at random: {cuts} × every connection of a region cut, {refused} bursts refused; {sum}");
    assert!(sum.errors + sum.unknown + sum.settled > 0, "no cut hit anybody");
    house.engine.stop().await;
}

/// Connections that were cut while they lay in the pool: an office finds one that answers, and does nothing twice.
async fn connections_that_died_in_the_pool(way: Way) {
    let house = House::new(way).await;
    let name = seat("A1");
    for round in 2..22 {
        drop(house.db.warm(8).await.unwrap());
        house.engine.endpoints.iter().for_each(RegionalEndpoint::cut_all);
        assert_eq!(house.db.seats(&house.floor).await.unwrap().len(), 96);
        drop(house.db.warm(8).await);
        house.engine.endpoints.iter().for_each(RegionalEndpoint::cut_all);
        assert_eq!(house.db.open_seat(&house.floor, name).await.unwrap(), round);
    }
    house.engine.stop().await;
}

/// The known-bad control of this file: a database that never finds a sale makes the same retry loop tell buyers "sold"
/// who bought, and the check sees it.
async fn without_looking_first_the_check_catches_false_reports(way: Way) {
    let house = House::new(way).await;
    let mut rng = House::rng("forgetful");
    let forgetful = Arc::new(Forgetful(Arc::clone(&house.db)));
    let floor = house.another_floor().await;
    house.cut(Cut { pattern: b"COMMIT", when: When::AfterAnswer, every: 2, times: u64::MAX });
    let told = House::rush(&forgetful, &floor, &mut rng).await.expect("no panic");
    let tally = Tally::of(&told, &house.ledger(&floor).await);
    println!("without looking first: {tally}");
    assert!(tally.wrong.len() >= 20, "only {} wrong", tally.wrong.len());
    house.engine.stop().await;
}

/// Below snapshot isolation a transaction that finds no trace of a lost commit proves nothing: the commit may land after
/// it. Whoever's COMMIT was lost there is told that nobody knows, and never "sold to somebody else".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_read_committed_a_lost_commit_stays_unknown() {
    let house = House::new(Way::Postgres).await;
    let low = Sql { isolation: Some("read committed"), ..Sql::default() };
    let db = Arc::new(common::sql(common::addresses(&house.engine.endpoints), low));
    assert!(house.db.settles_doubt() && !db.settles_doubt());
    for when in [When::BeforeForward, When::AfterForward, When::AfterAnswer] {
        let floor = house.another_floor().await;
        drop(db.warm(common::CONNECTIONS).await.unwrap());
        house.cut(Cut { pattern: b"COMMIT", when, every: 2, times: u64::MAX });
        let buyers = FloorPlan::default().seats().enumerate().map(|(n, seat)| {
            let (db, order) = (Arc::clone(&db), order(&floor, seat, "ada", n % 2));
            tokio::spawn(async move { common::sell(&*db, order, Duration::ZERO).await })
        });
        let mut told = Vec::new();
        for buyer in buyers.collect::<Vec<_>>() {
            told.push(buyer.await.unwrap());
        }
        house.engine.endpoints.iter().for_each(RegionalEndpoint::cut_no_more);
        let tally = house.check_floor(&told, &floor).await;
        println!("at READ COMMITTED, COMMIT cut {when:?}: {tally}");
        assert!(tally.unknown >= 30 && tally.confirmed >= 30, "{tally}");
        assert_eq!((tally.rejected, tally.settled), (0, 0), "nobody else wanted these seats, and nothing was settled");
    }
    house.engine.stop().await;
}

/// Bursts on one seat, and rushes on all of them, while COMMITs are cut.
async fn cut_commits(way: Way, name: &str, when: When) {
    let house = House::new(way).await;
    let mut rng = House::rng(name);
    let mut sum = Tally::default();
    // A burst has one buyer who gets to COMMIT, and more if that COMMIT is lost.
    for seat in FloorPlan::default().seats().take(4) {
        house.cut(Cut { pattern: b"COMMIT", when, every: 1, times: rng.u64(1..=3) });
        let wish = Wish { floor: &house.floor, seat, buyers: 60, think_ms: rng.u32(0..=5), seed: rng.u64(..) };
        let run = wish.run(&house.db).await.unwrap();
        let verdict = judge_run(&run);
        assert!(!verdict.verdict.is_violated(), "{verdict:#?}");
        sum += house.check_run(&run).await;
    }
    // In a rush every seat has one.
    for _ in 0..2 {
        let floor = house.another_floor().await;
        house.cut(Cut { pattern: b"COMMIT", when, every: 2, times: u64::MAX });
        let told = House::rush(&house.db, &floor, &mut rng).await.expect("no panic");
        house.engine.endpoints.iter().for_each(RegionalEndpoint::cut_no_more);
        sum += house.check_floor(&told, &floor).await;
    }
    let cuts: u64 = house.engine.endpoints.iter().map(RegionalEndpoint::cuts_made).sum();
    println!("{name}: {cuts} COMMITs cut; {sum}");
    assert!(cuts >= 60, "only {cuts} cuts");
    assert!(sum.settled >= 50, "only {} doubts settled", sum.settled);
    house.engine.stop().await;
}
