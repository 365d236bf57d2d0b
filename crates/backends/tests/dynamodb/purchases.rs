//! Buying: alone, from two regions at once, in a burst, and in turn.

use crate::house::{Foil, Hasty, Waits};
use futures::future::{join_all, try_join_all};
use onsale::{Answer, BoxOffice, Database, Order, Span, Ticket, Transaction, purchase};
use std::time::Duration;
use tokio::sync::Barrier;

#[tokio::test]
async fn one_buys_and_the_next_is_rejected() {
    let foil = Foil::start().await;
    let ada = foil.order("ada", 0);
    assert_eq!(foil.sell(&ada).await.unwrap(), Answer::Confirmed);
    assert_eq!(foil.sell(&foil.order("bob", 0)).await.unwrap(), Answer::Rejected);

    let sales = foil.db.sales(&foil.floor, foil.seat, 1).await.unwrap();
    assert_eq!(sales.len(), 1);
    let sale = &sales[0];
    assert_eq!((&sale.ticket, &sale.buyer, &sale.region), (&ada.ticket, &ada.buyer, &ada.region));
    assert_eq!((sale.seat, sale.round, sale.attempt, &sale.run), (foil.seat, 1, 1, &ada.run));
    assert_eq!(foil.db.tickets(&foil.floor, &ada.buyer).await.unwrap(), sales);
    assert!(foil.db.tickets(&foil.floor, &"bob".parse().unwrap()).await.unwrap().is_empty());
    let seats = foil.db.seats(&foil.floor).await.unwrap();
    assert_eq!(seats.len(), 1);
    assert_eq!(seats[0].holder.as_ref().unwrap().ticket, ada.ticket);
    assert!(foil.txn(0).await.find_sale(&ada).await.unwrap());
    assert!(!foil.txn(0).await.find_sale(&foil.order("ada", 0)).await.unwrap());
}

/// What the foil does not guarantee: both have read the seat as free when they pay, both are told "confirmed", and the
/// seats table will forget one of them.
#[tokio::test]
async fn two_regions_sell_the_same_chair_twice() {
    let foil = Foil::start().await;
    foil.engine.set_replication_lag_ms(3_000, 3_000);
    let (ada, bob) = (foil.order("ada", 0), foil.order("bob", 1));
    let both_read = Barrier::new(2);
    let (mut slow, mut slower) = (Waits(&both_read), Waits(&both_read));
    let answers = tokio::try_join!(purchase(&foil.db, &ada, &mut slow), purchase(&foil.db, &bob, &mut slower));
    assert_eq!(answers.unwrap(), (Answer::Confirmed, Answer::Confirmed));
    let holders = foil.holders().await;
    assert_eq!(holders, [Some(ada.ticket.clone()), Some(bob.ticket.clone())], "each region shows its own buyer");

    let tickets = |sales: Vec<onsale::Sale>| sales.into_iter().map(|sale| sale.ticket).collect::<Vec<_>>();
    let both = tickets(foil.db.sales(&foil.floor, foil.seat, 1).await.unwrap());
    assert!(both.len() == 2 && both.contains(&ada.ticket) && both.contains(&bob.ticket));
    assert_eq!(foil.counts(Span::Ever).await, [foil.count(1, 2)]);

    foil.engine.converged().await;
    let holders = foil.holders().await;
    assert!(holders[0].is_some() && holders[0] == holders[1], "the last writer won");
    for region in [0, 1] {
        assert_eq!(foil.sell(&foil.order("eve", region)).await.unwrap(), Answer::Rejected);
    }
    assert_eq!(foil.counts(Span::Ever).await, [foil.count(1, 2)], "the ledger still has both");
}

/// Sixty at once: more than one is told "confirmed", and everybody who was told so stands in the ledger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_oversells_and_the_ledger_knows() {
    let foil = Foil::start().await;
    let place = foil.db.warm(30).await.unwrap();
    let round = foil.db.open_seat(&foil.floor, foil.seat).await.unwrap();
    let orders: Vec<Order> = (0..60).map(|n| foil.order("buyer", n % 2)).collect();
    let tasks = orders.clone().into_iter().map(|order| {
        let db = foil.db.clone();
        tokio::spawn(async move { purchase(&db, &order, &mut Hasty).await.unwrap() })
    });
    let answers = join_all(tasks).await;
    drop(place);
    let mut told: Vec<Ticket> = (orders.into_iter().zip(answers))
        .filter(|(_, answer)| *answer.as_ref().unwrap() == Answer::Confirmed)
        .map(|(order, _)| order.ticket)
        .collect();
    let sales = foil.db.sales(&foil.floor, foil.seat, round).await.unwrap();
    let mut committed: Vec<Ticket> = sales.into_iter().map(|sale| sale.ticket).collect();
    told.sort();
    committed.sort();
    assert!(told.len() > 1, "nobody raced");
    assert_eq!(told, committed);
    assert_eq!(foil.db.puts_repeated(), 0);
}

#[tokio::test]
async fn bursts_that_do_not_fit_together_queue() {
    let foil = Foil::start().await;
    let (small, regions) = (foil.db.with_connections(4), foil.db.regions());
    let first = small.warm(3).await.unwrap();
    let second = tokio::time::timeout(Duration::from_millis(200), small.warm(3)).await;
    assert!(second.is_err(), "the first holds three of four");
    let begun = try_join_all((0..4).map(|_| small.connect(&regions[0]))).await;
    assert_eq!(begun.unwrap().len(), 4, "a reservation is not what begin counts");
    drop(first);
    let all = small.warm(100).await.unwrap();
    drop(all);
    let _held = try_join_all((0..4).map(|_| small.connect(&regions[0]))).await.unwrap();
    let fifth = tokio::time::timeout(Duration::from_millis(200), small.connect(&regions[0])).await;
    assert!(fifth.is_err(), "four connections, four buyers");
    assert!(small.connect(&regions[1]).await.is_ok(), "each region counts for itself");
}
