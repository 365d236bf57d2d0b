//! Two replicas of one test's own, a floor on them, and its buyers.

use backends::dynamodb::{DynamoConfig, GlobalTables, RegionalTable, StandInIdentity};
use onsale::{
    Answer, BoxOffice, Buyer, Database, Failure, FloorId, FloorPlan, Order, RoundCount, Seat, SeatId, Span, Ticket,
    purchase,
};
use standins::{GlobalTable, GlobalTableOptions, REGIONS};
use tokio::sync::Barrier;

/// Two replicas of its own, and a floor of its own.
pub struct Foil {
    pub db: GlobalTables,
    pub floor: FloorId,
    pub seat: SeatId,
    pub engine: GlobalTable,
}

impl Foil {
    pub async fn start() -> Self {
        let engine = GlobalTable::start(GlobalTableOptions::default()).await.unwrap();
        let db = GlobalTables::open(config(engine.replicas().each_ref().map(standins::Replica::url))).await;
        db.create_tables().await.unwrap();
        let floor = FloorId::from_random(fastrand::u128(..));
        db.make_floor(&floor).await.unwrap();
        Self { db, floor, seat: seat("A1"), engine }
    }

    pub fn config(&self) -> DynamoConfig {
        config(self.engine.replicas().each_ref().map(standins::Replica::url))
    }

    pub fn order(&self, buyer: &str, region: usize) -> Order {
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

    pub async fn sell(&self, order: &Order) -> Result<Answer, Failure> {
        purchase(&self.db, order, &mut Hasty).await
    }

    pub async fn txn(&self, region: usize) -> <GlobalTables as Database>::Txn {
        self.db.connect(&REGIONS[region].parse().unwrap()).await.unwrap()
    }

    pub async fn counts(&self, span: Span) -> Vec<RoundCount> {
        self.db.counts(&self.floor, span).await.unwrap()
    }

    pub fn count(&self, round: onsale::Round, confirmed: u64) -> RoundCount {
        RoundCount { seat: self.seat, round, confirmed }
    }

    pub async fn holders(&self) -> Vec<Option<Ticket>> {
        let rows = self.db.seat_rows(&self.floor, self.seat).await.unwrap();
        rows.into_iter().map(|row| row.holder.map(|holder| holder.ticket)).collect()
    }

    /// Every seat that has a row, with its round and its reset round.
    pub async fn rounds(&self) -> Vec<(SeatId, onsale::Round, onsale::Round)> {
        let seats = self.db.seats(&self.floor).await.unwrap();
        seats.into_iter().map(|row| (row.seat, row.round, row.reset_round)).collect()
    }
}

pub fn config(urls: [String; 2]) -> DynamoConfig {
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

pub fn seat(name: &str) -> SeatId {
    name.parse().unwrap()
}

/// Buys without thinking.
pub struct Hasty;

impl Buyer for Hasty {
    fn connected(&mut self) {}
    fn saw(&mut self, _seat: &Seat) {}
    async fn thinks(&mut self) {}
}

/// Pays when everybody has read the seat.
pub struct Waits<'a>(pub &'a Barrier);

impl Buyer for Waits<'_> {
    fn connected(&mut self) {}
    fn saw(&mut self, _seat: &Seat) {}
    async fn thinks(&mut self) {
        self.0.wait().await;
    }
}
