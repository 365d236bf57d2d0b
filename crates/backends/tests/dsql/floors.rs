//! Floors and tables: made once, and by nobody who only looks.

use crate::common::{Hasty, Server, Sql, new_floor, order, seat, sql};
use crate::house::{House, count};
use backends::dsql::SqlDatabase;
use futures::future::try_join_all;
use onsale::{Answer, BoxOffice, FloorId, FloorPlan, SeatRow, Span, purchase};

#[tokio::test]
async fn the_engine_says_who_it_is() {
    let house = House::new().await;
    let words = house.db.engine().await.unwrap().to_string();
    assert!(words.starts_with("stand-in: PostgreSQL 1"), "{words}");
    assert!(words.ends_with(", REPEATABLE READ, this machine"), "{words}");
}

/// One visitor's reset is nobody else's.
#[tokio::test]
async fn floors_know_nothing_of_each_other() {
    let house = House::new().await;
    let other = House { floor: new_floor(), ..house.clone() };
    other.db.make_floor(&other.floor).await.unwrap();
    house.sold("ada", "A1", 0).await;
    other.sold("ada", "A1", 0).await;
    other.db.reset(&other.floor, None).await.unwrap();
    assert_eq!((house.sold_seats().await, other.sold_seats().await), (1, 0));
    assert_eq!(house.counts(Span::SinceReset).await, [count("A1", 1, 1)]);
    assert_eq!(house.tickets("ada").await.len(), 1);
}

#[tokio::test]
async fn ten_make_a_floor_once() {
    let house = House::new().await;
    let floor = new_floor();
    // Handles that know nothing of each other, as in two servers.
    let handles = [house.db.clone(), house.another(4), house.another(4)];
    try_join_all((0..10).map(|n| handles[n % 3].make_floor(&floor))).await.unwrap();
    let untouched: Vec<_> = FloorPlan::default().seats().map(SeatRow::untouched).collect();
    assert_eq!(house.db.seats(&floor).await.unwrap(), untouched, "96 seats in floor order");

    // Making it again changes nothing that has happened on it.
    let bought = order(&floor, seat("A1"), "ada", 0);
    purchase(&house.db, &bought, &mut Hasty).await.unwrap();
    house.another(1).make_floor(&floor).await.unwrap();
    let rows = house.db.seats(&floor).await.unwrap();
    assert_eq!(rows.len(), 96);
    assert_eq!(rows[0].holder.as_ref().unwrap().ticket, bought.ticket);
}

#[tokio::test]
async fn looking_at_a_floor_makes_no_rows() {
    let house = House::new().await;
    let floor = new_floor();
    let (db, a1, ada) = (&house.db, seat("A1"), "ada".parse().unwrap());
    assert_eq!(db.seats(&floor).await.unwrap(), []);
    assert_eq!(db.seat_rows(&floor, a1).await.unwrap(), [SeatRow::untouched(a1)]);
    assert_eq!(db.counts(&floor, Span::Ever).await.unwrap(), []);
    assert_eq!(db.counts(&floor, Span::SinceReset).await.unwrap(), []);
    assert_eq!(db.tickets(&floor, &ada).await.unwrap(), []);
    assert_eq!(db.sales(&floor, a1, 1).await.unwrap(), []);
    // What would write finds nothing to write to, and says so.
    db.reset(&floor, None).await.unwrap();
    assert!(db.open_seat(&floor, a1).await.is_err());
    assert!(purchase(db, &order(&floor, a1, "ada", 0), &mut Hasty).await.is_err());
    let direct = house.server.direct().await;
    for table in ["seats", "ledger", "runs"] {
        let select = format!("SELECT count(*) FROM {table} WHERE floor = $1");
        let rows: i64 = direct.query_one(&select, &[&floor.as_str()]).await.unwrap().get(0);
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn tables_are_created_by_two_at_once_and_twice_in_a_row() {
    let server = Server::shared();
    for schema in ["public", "control", "public"] {
        let dbname = server.create_database().await;
        let open = || sql(server.addresses, Sql { dbname: dbname.clone(), schema, connections: 2, ..Sql::default() });
        let handles = [open(), open(), open()];
        try_join_all(handles.iter().map(SqlDatabase::create_tables)).await.unwrap();
        handles[0].create_tables().await.unwrap();
        handles[0].create_tables().await.unwrap();
        let floor = FloorId::main();
        handles[1].make_floor(&floor).await.unwrap();
        let order = order(&floor, seat("A1"), "ada", 1);
        assert_eq!(purchase(&handles[2], &order, &mut Hasty).await.unwrap(), Answer::Confirmed);
        assert_eq!(handles[0].tickets(&floor, &order.buyer).await.unwrap().len(), 1);
    }
}
