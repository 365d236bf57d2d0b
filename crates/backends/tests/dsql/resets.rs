//! Resets: what they open, and that nobody sees a part of one.

use crate::common::{self, Wish, order, seat};
use crate::house::{House, count, sold};
use futures::future::join_all;
use onsale::{BoxOffice, FloorPlan, Operation, Outcome, SeatRow, Span};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::time::Duration;

#[tokio::test]
async fn a_reset_opens_what_was_sold_or_opened_since_the_last_one() {
    let house = House::new().await;
    house.sold("ada", "A1", 0).await; // sold
    house.sold("bob", "A2", 1).await; // sold and opened again
    house.open("A2").await;
    house.open("A3").await; // opened, never sold
    house.db.reset(&house.floor, None).await.unwrap();

    let begun = |round| (round, round);
    assert_eq!(house.rounds(["A1", "A2", "A3", "A4"]).await, [begun(2), begun(3), begun(3), begun(1)]);
    assert_eq!(house.sold_seats().await, 0);
    assert_eq!(house.counts(Span::SinceReset).await, []);
    assert_eq!(house.counts(Span::Ever).await, [count("A1", 1, 1), count("A2", 1, 1)]);

    // A second reset finds nothing to do.
    house.db.reset(&house.floor, None).await.unwrap();
    assert_eq!(house.rounds(["A1", "A2", "A3", "A4"]).await, [begun(2), begun(3), begun(3), begun(1)]);

    // What is sold from now on is counted again, and the rest of the floor is still there.
    house.sold("ada", "A1", 0).await;
    assert_eq!(house.counts(Span::SinceReset).await, [count("A1", 2, 1)]);
    assert_eq!(house.counts(Span::Ever).await, [count("A1", 1, 1), count("A1", 2, 1), count("A2", 1, 1)]);
    assert_eq!(house.seats().await.len(), 96);
}

#[tokio::test]
async fn a_reset_of_named_seats_touches_no_other() {
    let house = House::new().await;
    for name in ["A1", "A2", "H12"] {
        house.sold("ada", name, 0).await;
    }
    house.db.reset(&house.floor, Some(&[])).await.unwrap();
    assert_eq!(house.sold_seats().await, 3, "no seat named, no seat opened");
    house.db.reset(&house.floor, Some(&[seat("A1"), seat("H12"), seat("D5")])).await.unwrap();
    assert_eq!(house.rounds(["A1", "A2", "D5", "H12"]).await, [(2, 2), (1, 1), (1, 1), (2, 2)]);
    assert_eq!(house.sold_seats().await, 1);
    assert_eq!(house.counts(Span::SinceReset).await, [count("A2", 1, 1)]);
}

/// Nobody ever sees an empty or half-reset floor, however often they look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_is_seen_whole_or_not_at_all() {
    let house = House::new().await;
    let mut looks = 0;
    for _ in 0..6 {
        house.sell_out().await;
        let readers = Readers::start(&house, sold);
        readers.look(8).await;
        house.db.reset(&house.floor, None).await.unwrap();
        assert_eq!(house.sold_seats().await, 0);
        readers.look(8).await;
        for seen in readers.stop().await {
            assert!(all_or_none(&seen), "seats shown as sold, look by look: {seen:?}");
            looks += seen.len();
        }
    }
    println!("six resets seen whole or not at all in {looks} looks");
}

/// The same while buyers hold the rows that the reset wants: which seats are sold changes all the time, but the round
/// that every seat is in changes for all of them at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_that_races_purchases_is_seen_whole() {
    let house = House::new().await;
    let plan = FloorPlan::default();
    let (mut told, mut looks) = (Vec::new(), 0);
    for _ in 0..6 {
        // In every seat a reset has something to do, sold or not.
        for seat in plan.seats() {
            house.db.open_seat(&house.floor, seat).await.unwrap();
        }
        let readers = Readers::start(&house, |rows| rows.iter().filter(|row| row.round > row.reset_round).count());
        let buying = Arc::new(AtomicBool::new(true));
        let buyers: Vec<_> =
            (0..6).map(|n| tokio::spawn(keeps_buying(house.clone(), n, Arc::clone(&buying)))).collect();
        readers.look(4).await;
        house.db.reset(&house.floor, None).await.unwrap();
        readers.look(4).await;
        buying.store(false, Ordering::SeqCst);
        for buyer in join_all(buyers).await {
            told.extend(buyer.unwrap());
        }
        for seen in readers.stop().await {
            assert!(all_or_none(&seen), "seats that the reset had yet to open, look by look: {seen:?}");
            looks += seen.len();
        }
    }
    let counts = house.counts(Span::Ever).await;
    assert!(counts.iter().all(|count| count.confirmed == 1), "{counts:?}");
    let conflicts: u32 = told.iter().map(|op| op.conflicts).sum();
    let mut confirmed: Vec<_> =
        told.iter().filter(|op| op.outcome == Outcome::Confirmed).map(|op| &op.ticket).collect();
    let ledger = house.ledger().await;
    confirmed.sort();
    assert_eq!(confirmed, ledger.iter().collect::<Vec<_>>());
    println!("{} purchases raced six resets: {} sold, {conflicts} conflicts, {looks} looks", told.len(), ledger.len());
}

/// Two servers may reset under each other's bursts: the run says that its round was moved, and never that somebody who
/// was told the truth was not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_that_races_bursts_makes_no_violation() {
    let house = House::new().await;
    let db = Arc::new(house.db.clone());
    let bursting = Arc::new(AtomicBool::new(true));
    let resets = tokio::spawn({
        let (house, bursting) = (house.clone(), Arc::clone(&bursting));
        async move {
            let (mut resets, mut rng) = (0, fastrand::Rng::with_seed(0));
            while bursting.load(Ordering::SeqCst) {
                house.db.reset(&house.floor, None).await.unwrap();
                resets += 1;
                tokio::time::sleep(Duration::from_millis(rng.u64(0..80))).await;
            }
            resets
        }
    });
    let readers = Readers::start(&house, <[SeatRow]>::len);
    let mut verdicts = Vec::new();
    let mut confirmed = Vec::new();
    for seed in 1..=12 {
        let wish = Wish { floor: &house.floor, seat: seat("A1"), buyers: 24, think_ms: 5, seed };
        let run = wish.run(&db).await.unwrap();
        assert_eq!(run.operations.len(), 24);
        let verdict = witness::judge_run(&run);
        assert!(!verdict.verdict.is_violated(), "seed {seed}: {verdict:#?}\n{run:#?}");
        confirmed.extend(run.operations.into_iter().filter(|op| op.outcome == Outcome::Confirmed).map(|op| op.ticket));
        verdicts.push(verdict.verdict.to_string());
    }
    bursting.store(false, Ordering::SeqCst);
    let resets = resets.await.unwrap();
    assert!(readers.stop().await.iter().flatten().all(|rows| *rows == 96));
    assert!(house.counts(Span::Ever).await.iter().all(|count| count.confirmed == 1));
    confirmed.sort();
    assert_eq!(confirmed, house.ledger().await, "every ticket told, and no other");
    println!("{resets} resets raced 12 bursts: {verdicts:?}");
}

#[test]
fn a_half_reset_floor_would_be_noticed() {
    assert!(all_or_none(&[96, 96, 0, 0]));
    assert!(!all_or_none(&[96, 95, 0]) && !all_or_none(&[0, 96]) && !all_or_none(&[96, 0, 96]) && !all_or_none(&[]));
}

/// Buys whatever is free until told to stop, thinking a little; says what it was told.
async fn keeps_buying(house: House, buyer: usize, buying: Arc<AtomicBool>) -> Vec<Operation> {
    let seats: Vec<_> = FloorPlan::default().seats().collect();
    let (mut told, mut rng) = (Vec::new(), fastrand::Rng::with_seed(buyer as u64));
    while buying.load(Ordering::SeqCst) {
        let seat = seats[rng.usize(..seats.len())];
        let order = order(&house.floor, seat, &format!("buyer-{buyer}"), buyer % 2);
        let op = common::sell(&house.db, order, Duration::from_millis(rng.u64(0..4))).await;
        assert!(matches!(op.outcome, Outcome::Confirmed | Outcome::Rejected), "{op:?}");
        told.push(op);
    }
    told
}

/// Four who look at the floor again and again.
struct Readers {
    stop: Arc<AtomicBool>,
    looks: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<Vec<usize>>>,
}

impl Readers {
    /// Each notes at every look what `measure` says of the rows.
    fn start(house: &House, measure: fn(&[SeatRow]) -> usize) -> Self {
        let (stop, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let reader = || {
            let (house, stop, looks) = (house.clone(), Arc::clone(&stop), Arc::clone(&looks));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    let rows = house.seats().await;
                    assert_eq!(rows.len(), 96, "an empty floor");
                    seen.push(measure(&rows));
                    looks.fetch_add(1, Ordering::SeqCst);
                }
                seen
            })
        };
        let tasks = (0..4).map(|_| reader()).collect();
        Self { stop, looks, tasks }
    }

    /// Waits until they have looked `times` more times.
    async fn look(&self, times: u64) {
        let enough = self.looks.load(Ordering::SeqCst) + times;
        common::until("the readers have looked", async || self.looks.load(Ordering::SeqCst) >= enough).await;
    }

    /// What each of them saw.
    async fn stop(self) -> Vec<Vec<usize>> {
        self.stop.store(true, Ordering::SeqCst);
        join_all(self.tasks).await.into_iter().map(Result::unwrap).collect()
    }
}

/// Whether somebody who looked again and again saw all 96, then none.
fn all_or_none(seen: &[usize]) -> bool {
    !seen.is_empty() && seen.iter().all(|n| [0, 96].contains(n)) && seen.is_sorted_by(|before, after| before >= after)
}
