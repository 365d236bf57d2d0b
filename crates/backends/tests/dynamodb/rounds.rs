//! Opening seats, and resets.

use crate::house::{Foil, seat};
use onsale::{Answer, BoxOffice, Order, Seat, Span, Transaction};

#[tokio::test]
async fn opening_a_seat_starts_its_next_round_in_both_regions() {
    let foil = Foil::start().await;
    foil.sell(&foil.order("ada", 0)).await.unwrap();
    assert_eq!(foil.db.open_seat(&foil.floor, foil.seat).await.unwrap(), 2);
    for region in [0, 1] {
        let seat = foil.txn(region).await.read_seat(&foil.order("bob", region)).await.unwrap();
        assert_eq!(seat, Seat { round: 2, reset_round: 1, holder: None });
    }
    foil.engine.converged().await;
    let rows = foil.db.seat_rows(&foil.floor, foil.seat).await.unwrap();
    assert!(rows.iter().all(|row| row.round == 2 && row.holder.is_none()), "the old sale does not come back");
    assert_eq!(foil.sell(&foil.order("bob", 1)).await.unwrap(), Answer::Confirmed);
    assert_eq!(foil.counts(Span::SinceReset).await, [foil.count(1, 1), foil.count(2, 1)]);
    let named = foil.db.round_counts(&foil.floor, &[(foil.seat, 3), (foil.seat, 1)]).await.unwrap();
    assert_eq!(named, [foil.count(3, 0), foil.count(1, 1)]);
}

#[tokio::test]
async fn a_reset_opens_what_was_used_and_nothing_else() {
    let foil = Foil::start().await;
    let (opened, sold, free) = (seat("B1"), seat("B2"), seat("B3"));
    foil.sell(&foil.order("ada", 0)).await.unwrap();
    foil.sell(&Order { seat: sold, ..foil.order("bob", 1) }).await.unwrap();
    foil.db.open_seat(&foil.floor, opened).await.unwrap();

    foil.db.reset(&foil.floor, Some(&[sold, free])).await.unwrap();
    let rounds = foil.rounds().await;
    assert_eq!(rounds, [(foil.seat, 1, 1), (opened, 2, 1), (sold, 2, 2)], "only what was named");
    foil.db.reset(&foil.floor, None).await.unwrap();
    let rounds = foil.rounds().await;
    assert_eq!(rounds, [(foil.seat, 2, 2), (opened, 3, 3), (sold, 2, 2)], "only what was used since");
    foil.db.reset(&foil.floor, None).await.unwrap();
    assert_eq!(foil.rounds().await, rounds, "nothing was");

    assert_eq!(foil.counts(Span::SinceReset).await, []);
    foil.sell(&foil.order("eve", 1)).await.unwrap();
    assert_eq!(foil.counts(Span::SinceReset).await, [foil.count(2, 1)]);
    assert_eq!(foil.counts(Span::Ever).await.len(), 3);
}
