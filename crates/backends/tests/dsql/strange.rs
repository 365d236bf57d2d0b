//! Rows that nothing of ours wrote.

use crate::common::{new_floor, order, seat};
use crate::house::House;
use onsale::{Answer, BoxOffice, Failure, Span};

#[tokio::test]
async fn a_row_that_nothing_of_ours_wrote_is_an_error_and_never_a_free_seat() {
    let house = House::new().await;
    let direct = house.server.direct().await;
    for (n, damage) in [
        "status = 'maybe'",
        "status = 'Available'",
        "status = ''",
        "status = 'sold'", // without owner and ticket
        "status = 'sold', owner = 'ada', region = 'us-east-1', ticket = 'no ticket!'",
        "status = 'sold', owner = '', region = 'us-east-1', ticket = 'T'",
        "status = 'sold', owner = 'ada', region = 'the moon', ticket = 'T'",
        "round = -1",
        "round = 0",
        "round = 5000000000",
        "reset_round = -1",
        "reset_round = 5000000000",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("A{}", n + 1);
        let update = format!("UPDATE seats SET {damage} WHERE floor = $1 AND seat = $2");
        assert_eq!(direct.execute(&update, &[&house.floor.as_str(), &name]).await.unwrap(), 1);
        let failure = house.db.seats(&house.floor).await.expect_err(damage);
        assert!(matches!(failure, Failure::Unavailable { .. }), "{damage}: {failure:?}");
        assert!(house.db.seat_rows(&house.floor, seat(&name)).await.is_err(), "{damage}");
        let answer = house.buy(&house.order("bob", &name, 0)).await;
        assert!(!matches!(answer, Ok(Answer::Confirmed)), "{damage}");
        assert_eq!(house.db.counts(&house.floor, Span::Ever).await.unwrap(), [], "{damage}");
        let mend = "UPDATE seats SET round = 1, reset_round = 1, status = 'available', owner = NULL, ticket = NULL, \
                    region = NULL WHERE floor = $1 AND seat = $2";
        direct.execute(mend, &[&house.floor.as_str(), &name]).await.unwrap();
        assert_eq!(house.seats().await.len(), 96);
    }
}

#[tokio::test]
async fn a_sale_that_nothing_of_ours_wrote_is_an_error_and_never_left_out() {
    let house = House::new().await;
    let direct = house.server.direct().await;
    let ada = "ada".parse().unwrap();
    for damage in ["region = 'the moon'", "run = 'not a run!'", "ticket = 'no ticket!'", "attempt = -1", "round = -1"] {
        let floor = new_floor();
        house.db.make_floor(&floor).await.unwrap();
        house.buy(&order(&floor, seat("A1"), "ada", 0)).await.unwrap();
        let update = format!("UPDATE ledger SET {damage} WHERE floor = $1");
        assert_eq!(direct.execute(&update, &[&floor.as_str()]).await.unwrap(), 1);
        assert!(house.db.tickets(&floor, &ada).await.is_err(), "{damage}");
        if damage.starts_with("round") {
            assert!(house.db.counts(&floor, Span::Ever).await.is_err(), "{damage}");
        } else {
            assert!(house.db.sales(&floor, seat("A1"), 1).await.is_err(), "{damage}");
        }
    }
}
