//! The foil's adapter against two real replicas: what it guarantees, and what it does not.
#![allow(clippy::unwrap_used, reason = "the helpers below serve tests only")]

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region as AwsRegion};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, Config};
use backends::dynamodb::{DynamoConfig, GlobalTables, RegionalTable, StandInIdentity};
use futures::future::{join_all, try_join_all};
use onsale::{
    Answer, BoxOffice, Buyer, Database, Failure, FloorId, FloorPlan, Order, RoundCount, Seat, SeatId, Span, Ticket,
    Transaction, purchase,
};
use standins::{GlobalTable, GlobalTableOptions, REGIONS, When};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

#[tokio::test]
async fn without_one_region_there_is_no_answer() {
    let foil = Foil::start().await;
    foil.sell(&foil.order("ada", 0)).await.unwrap();
    foil.engine.replicas()[1].set_down(true);

    let db = &foil.db;
    let failures = [
        db.counts(&foil.floor, Span::SinceReset).await.unwrap_err(),
        db.sales(&foil.floor, foil.seat, 1).await.unwrap_err(),
        db.tickets(&foil.floor, &"ada".parse().unwrap()).await.unwrap_err(),
        db.seats(&foil.floor).await.unwrap_err(),
        db.open_seat(&foil.floor, foil.seat).await.unwrap_err(),
        db.reset(&foil.floor, None).await.unwrap_err(),
        db.engine().await.unwrap_err(),
        foil.sell(&foil.order("bob", 1)).await.unwrap_err(),
    ];
    for failure in failures {
        assert!(matches!(failure, Failure::Unavailable { .. }), "{failure}");
        let words = failure.to_string();
        assert!(failure.database().contains("DynamoDB") && words.contains(REGIONS[1]), "{words}");
    }
    assert_eq!(foil.sell(&foil.order("bob", 0)).await.unwrap(), Answer::Rejected, "the other region sells on");
    foil.engine.replicas()[1].set_down(false);
    assert_eq!(foil.counts(Span::Ever).await, [foil.count(1, 1)]);
}

#[tokio::test]
async fn a_put_whose_answer_is_lost_is_put_again() {
    for when in [When::BeforeForward, When::AfterForward, When::AfterAnswer] {
        let foil = Foil::start().await;
        foil.engine.replicas()[0].cut_at("PutItem", when, 1);
        assert_eq!(foil.sell(&foil.order("ada", 0)).await.unwrap(), Answer::Confirmed);
        assert_eq!(foil.counts(Span::Ever).await, [foil.count(1, 1)], "one sale, not two");
        assert_eq!(foil.db.puts_repeated(), 1);
    }
}

#[tokio::test]
async fn a_put_lost_twice_is_unknown() {
    let foil = Foil::start().await;
    foil.engine.replicas()[0].cut_at("PutItem", When::AfterAnswer, 2);
    let failure = foil.sell(&foil.order("ada", 0)).await.unwrap_err();
    assert!(matches!(failure, Failure::Indeterminate { .. }), "{failure}");
    assert!(foil.holders().await[0].is_some(), "it was done");

    let (foil, free) = (Foil::start().await, Seat { round: 1, reset_round: 1, holder: None });
    let ada = foil.order("ada", 0);
    let mut txn = foil.txn(0).await;
    txn.write_seat(&ada, &free).await.unwrap();
    foil.engine.replicas()[0].set_down(true);
    let failure = txn.append_sale(&ada, &free).await.unwrap_err();
    assert!(matches!(failure, Failure::Indeterminate { .. }), "the seat's put stands: {failure}");
}

/// A connection that was refused carried nothing: on the first put that is an error, on the second it is too late.
#[tokio::test]
async fn nobody_listening_is_not_a_lost_answer() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{port}");
    let db = GlobalTables::open(config([nobody.clone(), nobody])).await;
    let (foil, free) = (Foil::start().await, Seat { round: 1, reset_round: 1, holder: None });
    let ada = foil.order("ada", 0);
    let mut txn = db.connect(&ada.region).await.unwrap();
    assert!(matches!(txn.read_seat(&ada).await.unwrap_err(), Failure::Unavailable { .. }));
    assert!(matches!(txn.write_seat(&ada, &free).await.unwrap_err(), Failure::Unavailable { .. }));
    assert_eq!(db.puts_repeated(), 0);
    assert!(matches!(txn.append_sale(&ada, &free).await.unwrap_err(), Failure::Indeterminate { .. }));

    let missing = DynamoConfig { seats_table: "elsewhere".into(), ..foil.config() };
    let db = GlobalTables::open(missing).await;
    let failure = db.connect(&ada.region).await.unwrap().write_seat(&ada, &free).await.unwrap_err();
    assert!(matches!(failure, Failure::Unavailable { .. }), "a refusal, twice, before anything stands: {failure}");
    assert_eq!(db.puts_repeated(), 1);
    let failure = db.connect(&"mars-north-1".parse().unwrap()).await.err().unwrap();
    assert!(failure.to_string().contains("mars-north-1"), "{failure}");
}

/// A page of a query ends at one megabyte. Eighty sales of 32 kB each are two and a half.
#[tokio::test]
async fn a_long_ledger_is_read_to_its_end() {
    const SALES: u32 = 80;
    let foil = Foil::start().await;
    let endpoint = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("standin", "standin", None, None, "stand-in"))
        .region(AwsRegion::new(REGIONS[1]))
        .endpoint_url(foil.engine.replicas()[1].url());
    let client = Client::from_conf(endpoint.build());
    let puts = (0..SALES).map(|n| {
        let put = client.put_item().table_name("ledger").item("floor", text(&foil.floor));
        let put = put.item("sale", text(format!("A1#0000000007#T-{n}"))).item("ticket", text(format!("T-{n}")));
        let put = put.item("seat", text("A1")).item("round", number(7)).item("buyer", text("ada"));
        let put = put.item("region", text(REGIONS[1])).item("attempt", number(1)).item("sold_at", number(1_000 + n));
        put.item("padding", text("x".repeat(32 * 1024))).send()
    });
    try_join_all(puts).await.unwrap();
    assert_eq!(foil.counts(Span::Ever).await, [foil.count(7, SALES.into())]);
    assert_eq!(foil.counts(Span::SinceReset).await, [foil.count(7, SALES.into())]);
    let oldest_first = foil.db.sales(&foil.floor, foil.seat, 7).await.unwrap();
    assert!(oldest_first.iter().map(|sale| sale.sold_at_ms).eq((0..SALES).map(|n| i64::from(1_000 + n))));
    let newest_first = foil.db.tickets(&foil.floor, &"ada".parse().unwrap()).await.unwrap();
    assert!(newest_first.iter().rev().eq(&oldest_first));
    assert_eq!(foil.db.sales(&foil.floor, foil.seat, 70).await.unwrap(), [], "round 7 is not round 70");
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

#[tokio::test]
async fn the_engine_says_what_it_is() {
    let foil = Foil::start().await;
    foil.db.create_tables().await.unwrap();
    let engine = foil.db.engine().await.unwrap();
    let words = engine.to_string();
    assert_eq!(words, "stand-in: dynoxide-rs 3.2.0, last writer wins, GetItem ConsistentRead, this machine");
    let value = |name: &str| engine.settings.iter().find(|setting| setting.name == name).map(|s| s.value.as_str());
    assert_eq!(value("replication lag"), Some("500 to 1000 ms"));
    assert_eq!(value("connections per region"), Some("64"));
    assert!(value("table seats in us-east-2").unwrap().contains("ACTIVE"));
    assert_eq!(foil.db.regions().map(|region| region.to_string()), REGIONS);

    let config = DynamoConfig { seats_table: "elsewhere".into(), ..foil.config() };
    let failure = GlobalTables::open(config).await.engine().await.unwrap_err();
    let words = failure.to_string();
    for part in ["table elsewhere in us-east-1", "ResourceNotFoundException", "`worldseat provision dynamodb`"] {
        assert!(words.contains(part), "{words}");
    }
    // The ledger's table has another key than the seats' must have.
    let config = DynamoConfig { seats_table: "ledger".into(), ..foil.config() };
    let words = GlobalTables::open(config).await.check().await.unwrap_err().to_string();
    assert!(words.contains("table ledger in us-east-1 has the key (floor, sale)"), "{words}");
    assert!(words.contains("(floor, seat): name another table with --dynamodb-tables"), "{words}");
}

/// A throttled put was not carried out: it is sent again, with pauses, and a few times only.
#[tokio::test]
async fn a_throttled_put_is_sent_again() {
    let (foil, free) = (Foil::start().await, Seat { round: 1, reset_round: 1, holder: None });
    let ada = foil.order("ada", 0);
    for (refusals, done) in [(3, true), (4, false)] {
        let (url, asked) = throttling(refusals).await;
        let db = GlobalTables::open(config([url.clone(), url])).await;
        let mut txn = db.connect(&ada.region).await.unwrap();
        let answer = txn.write_seat(&ada, &free).await;
        assert_eq!((answer.is_ok(), asked.load(Ordering::SeqCst), db.puts_repeated()), (done, 4, 3), "{answer:?}");
        if let Err(failure) = answer {
            assert!(matches!(failure, Failure::Unavailable { .. }), "certainly not done: {failure:?}");
        }
    }
}

/// A replica that refuses so many requests as too many before it answers; and how many it was asked.
async fn throttling(refusals: usize) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut request = Vec::new();
                // A request of the SDK: its head, and as many bytes as the head says.
                while stream.read_buf(&mut request).await.unwrap() > 0 {
                    let text = String::from_utf8_lossy(&request).to_lowercase();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    if body.len() < length.parse().unwrap() {
                        continue;
                    }
                    request.clear();
                    let (status, body) = if count.fetch_add(1, Ordering::SeqCst) < refusals {
                        ("400 Bad Request", r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#)
                    } else {
                        ("200 OK", "{}")
                    };
                    let head = "content-type: application/x-amz-json-1.0";
                    let answer = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, asked)
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

/// Two replicas of its own, and a floor of its own.
struct Foil {
    db: GlobalTables,
    floor: FloorId,
    seat: SeatId,
    engine: GlobalTable,
}

impl Foil {
    async fn start() -> Self {
        let engine = GlobalTable::start(GlobalTableOptions::default()).await.unwrap();
        let db = GlobalTables::open(config(engine.replicas().each_ref().map(standins::Replica::url))).await;
        db.create_tables().await.unwrap();
        let floor = FloorId::from_random(fastrand::u128(..));
        db.make_floor(&floor).await.unwrap();
        Self { db, floor, seat: seat("A1"), engine }
    }

    fn config(&self) -> DynamoConfig {
        config(self.engine.replicas().each_ref().map(standins::Replica::url))
    }

    fn order(&self, buyer: &str, region: usize) -> Order {
        Order {
            floor: self.floor.clone(),
            seat: self.seat,
            buyer: buyer.parse().unwrap(),
            region: REGIONS[region].parse().unwrap(),
            ticket: Ticket::from_random(fastrand::u128(..)),
            run: Some("run-1".parse().unwrap()),
            attempt: 1,
            in_doubt: false,
        }
    }

    async fn sell(&self, order: &Order) -> Result<Answer, Failure> {
        purchase(&self.db, order, &mut Hasty).await
    }

    async fn txn(&self, region: usize) -> <GlobalTables as Database>::Txn {
        self.db.connect(&REGIONS[region].parse().unwrap()).await.unwrap()
    }

    async fn counts(&self, span: Span) -> Vec<RoundCount> {
        self.db.counts(&self.floor, span).await.unwrap()
    }

    fn count(&self, round: onsale::Round, confirmed: u64) -> RoundCount {
        RoundCount { seat: self.seat, round, confirmed }
    }

    async fn holders(&self) -> Vec<Option<Ticket>> {
        let rows = self.db.seat_rows(&self.floor, self.seat).await.unwrap();
        rows.into_iter().map(|row| row.holder.map(|holder| holder.ticket)).collect()
    }

    /// Every seat that has a row, with its round and its reset round.
    async fn rounds(&self) -> Vec<(SeatId, onsale::Round, onsale::Round)> {
        let seats = self.db.seats(&self.floor).await.unwrap();
        seats.into_iter().map(|row| (row.seat, row.round, row.reset_round)).collect()
    }
}

fn config(urls: [String; 2]) -> DynamoConfig {
    let [first, second] = urls;
    let place = |region: &str, url| RegionalTable { region: region.parse().unwrap(), endpoint_url: Some(url) };
    DynamoConfig {
        regions: [place(REGIONS[0], first), place(REGIONS[1], second)],
        seats_table: "seats".into(),
        ledger_table: "ledger".into(),
        stand_in: Some(StandInIdentity { name: standins::ENGINE.into(), replication_lag_ms: standins::LAG_MS }),
        plan: FloorPlan::default(),
        connections_per_region: 64,
    }
}

fn seat(name: &str) -> SeatId {
    name.parse().unwrap()
}

fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn number(value: u32) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Buys without thinking.
struct Hasty;

impl Buyer for Hasty {
    fn connected(&mut self) {}
    fn saw(&mut self, _seat: &Seat) {}
    async fn thinks(&mut self) {}
}

/// Pays when everybody has read the seat.
struct Waits<'a>(&'a Barrier);

impl Buyer for Waits<'_> {
    fn connected(&mut self) {}
    fn saw(&mut self, _seat: &Seat) {}
    async fn thinks(&mut self) {
        self.0.wait().await;
    }
}
