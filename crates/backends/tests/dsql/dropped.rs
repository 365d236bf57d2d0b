//! Purchases dropped unfinished.

use crate::common::{self, Hasty, new_floor, order, seat};
use crate::house::House;
use futures::future::join_all;
use onsale::{Answer, BoxOffice, Buyer, Database, FloorPlan, Seat, SeatRow, Span, Ticket, Transaction, purchase};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Dropped after each of its steps, on a pool of one connection: the next buyer begins on a clean one.
#[tokio::test]
async fn a_transaction_dropped_unfinished_does_not_reach_the_next_buyer() {
    let house = House::new().await;
    let narrow = house.another(1);
    for steps in 0..=4 {
        let dropped = house.order("ada", "A1", 0);
        let mut txn = narrow.connect(&dropped.region).await.unwrap();
        let mut free = Seat { round: 1, reset_round: 1, holder: None };
        if steps >= 1 {
            txn.begin().await.unwrap();
        }
        if steps >= 2 {
            free = txn.read_seat(&dropped).await.unwrap();
        }
        if steps >= 3 {
            txn.write_seat(&dropped, &free).await.unwrap();
        }
        if steps >= 4 {
            txn.append_sale(&dropped, &free).await.unwrap();
        }
        drop(txn);
        let next = house.order("bob", &format!("B{}", steps + 1), 0);
        assert_eq!(purchase(&narrow, &next, &mut Hasty).await.unwrap(), Answer::Confirmed, "after {steps} steps");
        assert_eq!(house.row("A1").await, SeatRow::untouched(seat("A1")), "after {steps} steps");
        assert_eq!(house.sales("A1", 1).await, [], "after {steps} steps");
    }
    assert_eq!(house.counts(Span::Ever).await.len(), 5);
}

/// The same for a purchase whose future is dropped while its buyer thinks, and while the database keeps it waiting.
#[tokio::test]
async fn a_cancelled_purchase_does_not_reach_the_next_buyer() {
    let house = House::new().await;
    let narrow = house.another(1);
    let thinking = Arc::new(Notify::new());
    let (ada, mut forever) = (house.order("ada", "A1", 0), Forever(Arc::clone(&thinking)));
    tokio::select! {
        answer = purchase(&narrow, &ada, &mut forever) => panic!("{answer:?}"),
        () = thinking.notified() => {}
    }
    let bob = house.order("bob", "B1", 0);
    assert_eq!(purchase(&narrow, &bob, &mut Hasty).await.unwrap(), Answer::Confirmed);

    // Somebody else holds the row, so that the UPDATE has been sent and has no answer yet.
    let holder = house.server.direct().await;
    let hold = "UPDATE seats SET changed_at = now() WHERE floor = $1 AND seat = 'A1'";
    holder.batch_execute("BEGIN").await.unwrap();
    holder.execute(hold, &[&house.floor.as_str()]).await.unwrap();
    let me: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let (eve, mut hasty) = (house.order("eve", "A1", 0), Hasty);
    tokio::select! {
        answer = purchase(&narrow, &eve, &mut hasty) => panic!("{answer:?}"),
        () = common::until("the purchase waits for the row", || house.somebody_waits_for(me)) => {}
    }
    let dan = house.order("dan", "B2", 0);
    assert_eq!(purchase(&narrow, &dan, &mut Hasty).await.unwrap(), Answer::Confirmed);
    holder.batch_execute("ROLLBACK").await.unwrap();

    // The dropped UPDATE may now go through on the server; without COMMIT it cannot stand.
    house.quiet().await;
    assert_eq!(house.row("A1").await, SeatRow::untouched(seat("A1")));
    assert_eq!(house.ledger().await.len(), 2);
    assert_eq!(house.buy(&house.order("ada", "A1", 0)).await.unwrap(), Answer::Confirmed);
}

/// Dropped at any moment, COMMIT included: the seat and the ledger say the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purchases_dropped_at_random_leave_seat_and_ledger_in_agreement() {
    let house = House::new().await;
    let asked = std::env::var("PROPERTY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = asked.unwrap_or_else(|| fastrand::u64(..));
    println!("PROPERTY_SEED={seed} chooses the same moments again");
    let mut rng = fastrand::Rng::with_seed(seed);
    let narrow = house.another(3);
    // How long it takes if nobody is dropped, so that about half of them will be.
    let began = Instant::now();
    let other = House { floor: new_floor(), ..house.clone() };
    other.db.make_floor(&other.floor).await.unwrap();
    join_all(FloorPlan::default().seats().map(|seat| {
        let (db, order) = (narrow.clone(), order(&other.floor, seat, "ada", 0));
        tokio::spawn(async move { purchase(&db, &order, &mut Hasty).await.unwrap() })
    }))
    .await;
    let longest_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    let buyers = FloorPlan::default().seats().map(|seat| {
        let (db, order, patience_us) = (narrow.clone(), order(&house.floor, seat, "ada", 0), rng.u64(0..longest_us));
        tokio::spawn(async move {
            let patience = Duration::from_micros(patience_us);
            tokio::time::timeout(patience, purchase(&db, &order, &mut Hasty)).await.map(Result::unwrap)
        })
    });
    let answers = join_all(buyers.collect::<Vec<_>>()).await;
    let told = answers.iter().filter(|answer| matches!(answer, Ok(Ok(Answer::Confirmed)))).count();
    house.quiet().await;
    let held: Vec<Ticket> = house.seats().await.into_iter().filter_map(|row| Some(row.holder?.ticket)).collect();
    let sold = held.len();
    let mut held = held;
    held.sort();
    assert_eq!(held, house.ledger().await);
    assert!(sold >= told, "{told} told, {sold} sold");
    println!("96 purchases, {told} told, {sold} sold, {} dropped", 96 - told);
    for row in house.seats().await {
        let answer = purchase(&narrow, &order(&house.floor, row.seat, "bob", 1), &mut Hasty).await.unwrap();
        assert_eq!(answer == Answer::Confirmed, row.holder.is_none(), "{row:?}");
    }
}

/// Says when it thinks, and never ends.
struct Forever(Arc<Notify>);

impl Buyer for Forever {
    fn connected(&mut self) {}
    fn saw(&mut self, _: &Seat) {}
    async fn thinks(&mut self) {
        self.0.notify_one();
        std::future::pending::<()>().await;
    }
}
