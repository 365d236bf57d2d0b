//! What is not the purchase, on both: rounds, resets, tickets.

use onsale::{
    Answer, BoxOffice, Buyer, BuyerName, Database, FloorId, Order, RoundCount, Seat, SeatId, Span, Ticket, purchase,
};
use simulation::{ConflictAt, LastWriterWins, LostCommits, Serialisable, SerialisableOptions, Way};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn the_serialisable_office() {
    for conflict_at in [ConflictAt::Commit, ConflictAt::Write] {
        let lost = LostCommits::default();
        office(&Serialisable::new(SerialisableOptions { way: way(), conflict_at, lost, flaw: None })).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_writer_wins_office() {
    office(&LastWriterWins::new(&way(), 500..=1_000)).await;
}

/// What is bought in one region is for sale in the other until replication tells it; then both show one owner.
#[tokio::test(start_paused = true)]
async fn replication_takes_its_time() {
    let (db, floor) = (LastWriterWins::new(&way(), 500..=1_000), FloorId::main());
    assert_eq!(buy(&db, "A1", "ada", 0).await, Answer::Confirmed);
    assert_eq!(buy(&db, "A1", "bob", 0).await, Answer::Rejected);
    assert_eq!(buy(&db, "A1", "cay", 1).await, Answer::Confirmed);
    let owners = async || {
        let rows = db.seat_rows(&floor, seat("A1")).await.unwrap();
        rows.into_iter().map(|row| row.holder.unwrap().owner.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(owners().await, ["ada", "cay"]);
    assert_eq!(db.counts(&floor, Span::Ever).await.unwrap(), [count("A1", 1, 2)], "united, though not replicated");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(owners().await, ["cay", "cay"]);
}

/// Rounds, resets and tickets, as on every database.
async fn office<D: Database + BoxOffice>(db: &D) {
    let floor = FloorId::main();
    db.make_floor(&floor).await.unwrap();
    assert_eq!(db.seats(&floor).await.unwrap(), []);
    assert_eq!(buy(db, "A1", "ada", 0).await, Answer::Confirmed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(buy(db, "A1", "bob", 1).await, Answer::Rejected);
    assert_eq!(db.open_seat(&floor, seat("A1")).await.unwrap(), 2);
    assert_eq!(buy(db, "A1", "bob", 1).await, Answer::Confirmed);
    assert_eq!(buy(db, "B2", "bob", 0).await, Answer::Confirmed);
    assert_eq!(
        db.counts(&floor, Span::SinceReset).await.unwrap(),
        [count("A1", 1, 1), count("A1", 2, 1), count("B2", 1, 1)]
    );

    db.reset(&floor, Some(&[seat("A1")])).await.unwrap();
    assert_eq!(db.counts(&floor, Span::SinceReset).await.unwrap(), [count("B2", 1, 1)]);
    assert_eq!(db.counts(&floor, Span::Ever).await.unwrap().len(), 3);
    let shown = db.seats(&floor).await.unwrap();
    let shown = shown.iter().map(|row| (row.seat.to_string(), row.round, row.reset_round, row.holder.is_some()));
    assert_eq!(shown.collect::<Vec<_>>(), [("A1".to_owned(), 3, 3, false), ("B2".to_owned(), 1, 1, true)]);
    db.reset(&floor, None).await.unwrap();
    assert_eq!(db.counts(&floor, Span::SinceReset).await.unwrap(), []);

    let tickets = db.tickets(&floor, &"bob".parse::<BuyerName>().unwrap()).await.unwrap();
    assert_eq!(tickets.iter().map(|sale| sale.seat.to_string()).collect::<Vec<_>>(), ["B2", "A1"], "newest first");
    assert_eq!(db.sales(&floor, seat("A1"), 1).await.unwrap().len(), 1);
    let elsewhere = "elsewhere".parse::<FloorId>().unwrap();
    assert_eq!(db.sales(&elsewhere, seat("A1"), 1).await.unwrap(), []);
    assert!(db.connect(&"nowhere".parse().unwrap()).await.is_err());
}

async fn buy<D: Database + BoxOffice>(db: &D, at: &str, buyer: &str, region: usize) -> Answer {
    let order = Order {
        floor: FloorId::main(),
        seat: seat(at),
        buyer: buyer.parse().unwrap(),
        region: db.regions()[region].clone(),
        ticket: format!("{buyer}-{at}").parse::<Ticket>().unwrap(),
        run: None,
        attempt: 1,
        in_doubt: false,
    };
    purchase(db, &order, &mut Hasty).await.unwrap()
}

struct Hasty;

impl Buyer for Hasty {
    fn connected(&mut self) {}
    fn saw(&mut self, _: &Seat) {}
    async fn thinks(&mut self) {}
}

fn way() -> Way {
    let regions = ["east", "west"].map(|name| name.parse().unwrap());
    Way { seed: 1, regions, connections_per_region: 2, leg_ms_max: 3 }
}

fn seat(text: &str) -> SeatId {
    text.parse().unwrap()
}

fn count(at: &str, round: u32, confirmed: u64) -> RoundCount {
    RoundCount { seat: seat(at), round, confirmed }
}
