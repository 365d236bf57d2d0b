//! Two who buy at once, and what opening a seat begins.

use crate::common::{NAME, seat};
use crate::house::{House, count, tickets, wall_clock_ms};
use futures::future::try_join_all;
use onsale::{Answer, BoxOffice, Failure, Order, RunId, Sale, SeatRow, Span};

/// What the database gives: of two who both read "available", one is sold the chair.
#[tokio::test]
async fn identical_rows_have_one_winner() {
    let house = House::new().await;
    for regions in [[0, 1], [0, 0], [1, 0]] {
        let round = house.db.open_seat(&house.floor, seat("A1")).await.unwrap();
        let orders = ["ada", "bob"].map(|buyer| (buyer, seat("A1")));
        let [ada, bob] = house.race(orders, regions).await;
        let (winner, loser, failure) = match (ada, bob) {
            ((ada, Ok(Answer::Confirmed)), (bob, Err(failure))) => (ada, bob, failure),
            ((ada, Err(failure)), (bob, Ok(Answer::Confirmed))) => (bob, ada, failure),
            other => panic!("one of the two must win: {other:?}"),
        };
        assert!(matches!(failure, Failure::Conflict { database: NAME, .. }), "{failure:?}");
        assert_eq!(house.buy(&loser).await.unwrap(), Answer::Rejected, "the loser's second attempt");
        assert_eq!(tickets(&house.sales("A1", round).await), std::slice::from_ref(&winner.ticket));
        assert_eq!(house.row("A1").await.holder.unwrap().ticket, winner.ticket);
    }
}

/// And what it does not: two who want different chairs are not in each other's way.
#[tokio::test]
async fn different_rows_are_both_sold() {
    let house = House::new().await;
    for (first, second, regions) in [("A1", "A2", [0, 1]), ("B1", "B2", [0, 0])] {
        let orders = [("ada", seat(first)), ("bob", seat(second))];
        for (order, answer) in house.race(orders, regions).await {
            assert_eq!(answer.unwrap(), Answer::Confirmed);
            assert_eq!(tickets(&house.sales(&order.seat.to_string(), 1).await), [order.ticket]);
        }
    }
}

#[tokio::test]
async fn opening_a_seat_starts_the_next_round_and_keeps_the_ledger() {
    let house = House::new().await;
    let first = house.sold("ada", "C3", 0).await;
    assert_eq!(house.open("C3").await, 2);
    assert_eq!(house.row("C3").await, SeatRow { round: 2, ..SeatRow::untouched(seat("C3")) });
    assert_eq!(tickets(&house.sales("C3", 1).await), std::slice::from_ref(&first.ticket));
    assert!(house.sales("C3", 2).await.is_empty());

    let second = house.sold("bob", "C3", 1).await;
    assert_eq!(house.open("C3").await, 3);
    for (round, order) in [(1, &first), (2, &second)] {
        let sales = house.sales("C3", round).await;
        assert_eq!(sales.len(), 1);
        assert_eq!((&sales[0].buyer, &sales[0].region, sales[0].attempt), (&order.buyer, &order.region, 1));
    }
    assert_eq!(house.counts(Span::Ever).await, [count("C3", 1, 1), count("C3", 2, 1)]);
    assert_eq!(house.counts(Span::SinceReset).await, [count("C3", 2, 1)], "of rounds sold once, the latest");

    // Opening is not resetting: a double sale of an earlier round is still counted.
    let earlier = house.order("carol", "C3", 0);
    let round_1 = onsale::Seat { round: 1, reset_round: 1, holder: None };
    house.append(&earlier, &round_1).await;
    assert_eq!(house.counts(Span::SinceReset).await, [count("C3", 1, 2), count("C3", 2, 1)]);

    // Named rounds are counted in the order they are named, those without a sale too.
    let rounds = [(seat("C3"), 3), (seat("C3"), 1), (seat("H12"), 1), (seat("C3"), 2)];
    let named = house.db.round_counts(&house.floor, &rounds).await.unwrap();
    assert_eq!(named, [count("C3", 3, 0), count("C3", 1, 2), count("H12", 1, 0), count("C3", 2, 1)]);
    assert_eq!(house.db.round_counts(&house.floor, &[]).await.unwrap(), []);
}

/// Several rounds opened at once are several rounds: none is opened twice.
#[tokio::test]
async fn a_seat_opened_by_ten_at_once_is_in_its_eleventh_round() {
    let house = House::new().await;
    let mut rounds = try_join_all((0..10).map(|_| house.db.open_seat(&house.floor, seat("A1")))).await.unwrap();
    rounds.sort_unstable();
    assert_eq!(rounds, (2..=11).collect::<Vec<_>>());
}

#[tokio::test]
async fn my_tickets_come_newest_first_whatever_the_round() {
    let house = House::new().await;
    let mut bought = Vec::new();
    for (n, name) in ["B2", "A1", "B2", "H12", "A1"].into_iter().enumerate() {
        house.open(name).await;
        bought.insert(0, house.sold("ada", name, n % 2).await.ticket);
        house.sold("bob", &format!("C{}", n + 1), 0).await;
    }
    let mine = house.tickets("ada").await;
    assert_eq!(tickets(&mine), bought);
    assert_eq!(mine.iter().map(|sale| sale.round).collect::<Vec<_>>(), [3, 2, 3, 2, 2]);
    assert!(mine.is_sorted_by_key(|sale| std::cmp::Reverse(sale.sold_at_ms)));
    assert_eq!(house.tickets("bob").await.len(), 5);
    assert_eq!(house.tickets("eve").await, []);
}

#[tokio::test]
async fn a_sale_is_read_back_as_it_was_sold() {
    let house = House::new().await;
    let run: RunId = "run-7".parse().unwrap();
    let before = wall_clock_ms();
    let wish = Order { run: Some(run.clone()), attempt: 3, ..house.order("Zoë O'Hara 🎫", "E4", 1) };
    house.buy(&wish).await.unwrap();
    let sales = house.sales("E4", 1).await;
    let expected = Sale {
        seat: wish.seat,
        round: 1,
        ticket: wish.ticket.clone(),
        buyer: wish.buyer.clone(),
        region: wish.region.clone(),
        run: Some(run),
        attempt: 3,
        sold_at_ms: sales[0].sold_at_ms,
    };
    assert_eq!(sales, [expected]);
    // PostgreSQL's clock is this machine's; it keeps microseconds and we keep milliseconds.
    assert!((before..=wall_clock_ms()).contains(&sales[0].sold_at_ms), "{before} {}", sales[0].sold_at_ms);
    assert_eq!(house.tickets(wish.buyer.as_str()).await, sales);
    let holder = house.row("E4").await.holder.unwrap();
    assert_eq!((holder.owner, holder.ticket, holder.region), (wish.buyer, wish.ticket, wish.region));
}

#[tokio::test]
async fn a_region_without_an_endpoint_is_an_error() {
    let house = House::new().await;
    let order = Order { region: "eu-west-1".parse().unwrap(), ..house.order("ada", "A1", 0) };
    let failure = house.buy(&order).await.unwrap_err();
    assert!(failure.to_string().contains("no endpoint in region eu-west-1"), "{failure}");
}
