//! Trouble: servers killed, connections cut, regions down. Whatever happens, nobody is told what is not true.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

#[path = "../common/mod.rs"]
mod common;
mod forgetful;
mod house;
mod tally;

use burst::Event;
use common::{NAME, Sql, Way, Wish, order, seat};
use forgetful::Forgetful;
use house::House;
use onsale::{BoxOffice, Database, Failure, FloorPlan, Operation, Outcome, Scoreboard};
use standins::{Cut, REGIONS, When};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tally::{Tally, check};
use tokio::sync::mpsc;
use witness::{Verdict, judge_run};

/// Every test of this file, straight at PostgreSQL and through what behaves like Aurora DSQL.
macro_rules! both_ways {
    ($($test:ident)*) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Way::Postgres).await;
            })*
        }
        mod dsql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::Way::Dsql).await;
            })*
        }
    };
}

both_ways! {
    killed_in_the_middle_of_a_burst_and_restarted
    killed_in_the_middle_of_a_rush_and_restarted
    killed_and_away_until_everybody_has_given_up
    away_and_back
    commits_cut_off_before_the_server_has_them
    commits_cut_off_while_the_server_gets_them
    commits_done_whose_answer_is_lost
    connections_cut_at_random
    one_region_down_and_the_other_sells
    a_region_that_goes_down_during_a_burst
    far_away_one_still_wins
    without_looking_first_the_check_catches_false_reports
    connections_that_died_in_the_pool
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
    for endpoint in &house.engine.endpoints {
        endpoint.set_latency_us(2_000);
    }
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
    assert!(reasons.into_iter().all(|reason| reason == Some("PostgreSQL did not answer; the ledger will tell")));
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
        assert_eq!(op.reason.as_deref(), Some("PostgreSQL was not available; nothing was sold"));
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
    // Far away, so that more is under way at any moment.
    for endpoint in &house.engine.endpoints {
        endpoint.set_latency_us(2_000);
    }
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
    for endpoint in &house.engine.endpoints {
        endpoint.set_latency_us(2_000);
    }
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
        house.engine.endpoints.iter().for_each(standins::RegionalEndpoint::cut_no_more);
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
        house.engine.endpoints.iter().for_each(standins::RegionalEndpoint::cut_no_more);
        sum += house.check_floor(&told, &floor).await;
    }
    let cuts: u64 = house.engine.endpoints.iter().map(standins::RegionalEndpoint::cuts_made).sum();
    println!("{name}: {cuts} COMMITs cut; {sum}");
    assert!(cuts >= 60, "only {cuts} cuts");
    assert!(sum.settled >= 50, "only {} doubts settled", sum.settled);
    house.engine.stop().await;
}

fn assert_names_the_database(failure: &Failure) {
    assert!(matches!(failure, Failure::Unavailable { database: NAME, .. }), "{failure:?}");
    assert!(failure.to_string().starts_with("PostgreSQL is not available: "), "{failure}");
}

/// Connections that were cut while they lay in the pool: an office finds one that answers, and does nothing twice.
async fn connections_that_died_in_the_pool(way: Way) {
    let house = House::new(way).await;
    let name = seat("A1");
    for round in 2..22 {
        drop(house.db.warm(8).await.unwrap());
        house.engine.endpoints.iter().for_each(standins::RegionalEndpoint::cut_all);
        assert_eq!(house.db.seats(&house.floor).await.unwrap().len(), 96);
        drop(house.db.warm(8).await);
        house.engine.endpoints.iter().for_each(standins::RegionalEndpoint::cut_all);
        assert_eq!(house.db.open_seat(&house.floor, name).await.unwrap(), round);
    }
    house.engine.stop().await;
}
