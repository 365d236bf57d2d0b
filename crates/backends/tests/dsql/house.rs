//! A floor of one test's own, and what is asked of it again and again.

use crate::common::{self, Hasty, Server, Sql, new_floor, order, seat, sql};
use backends::dsql::SqlDatabase;
use futures::future::try_join_all;
use onsale::{
    Answer, BoxOffice, Buyer, Database, Failure, FloorId, FloorPlan, Order, Round, RoundCount, RunId, Sale, Seat,
    SeatId, SeatRow, Span, Ticket, Transaction, purchase,
};
use std::sync::Arc;
use tokio::sync::Barrier;

/// A floor of its own on the server that the tests of this file share.
#[derive(Clone)]
pub struct House {
    pub db: SqlDatabase,
    pub floor: FloorId,
    pub server: Arc<Server>,
}

impl House {
    pub async fn new() -> Self {
        let server = Server::shared();
        let (db, floor) = (sql(server.addresses, Sql { connections: 16, ..Sql::default() }), new_floor());
        db.create_tables().await.unwrap();
        db.make_floor(&floor).await.unwrap();
        Self { db, floor, server }
    }

    /// The same tables through another handle with pools of its own.
    pub fn another(&self, connections: usize) -> SqlDatabase {
        self.db.with_connections(connections).unwrap()
    }

    pub fn order(&self, buyer: &str, name: &str, region: usize) -> Order {
        order(&self.floor, seat(name), buyer, region)
    }

    pub async fn buy(&self, order: &Order) -> Result<Answer, Failure> {
        purchase(&self.db, order, &mut Hasty).await
    }

    /// Buys a seat that must be free.
    pub async fn sold(&self, buyer: &str, name: &str, region: usize) -> Order {
        let order = self.order(buyer, name, region);
        assert_eq!(self.buy(&order).await.unwrap(), Answer::Confirmed, "{name}");
        order
    }

    /// A sale that no purchase would make: appended to the ledger as if the seat had been seen so.
    pub async fn append(&self, order: &Order, seen: &Seat) {
        let mut txn = self.db.connect(&order.region).await.unwrap();
        txn.begin().await.unwrap();
        txn.append_sale(order, seen).await.unwrap();
        txn.commit().await.unwrap();
    }

    /// Two purchases that have both read their seat before either writes.
    pub async fn race(
        &self,
        orders: [(&str, SeatId); 2],
        regions: [usize; 2],
    ) -> [(Order, Result<Answer, Failure>); 2] {
        let both_have_read = Arc::new(Barrier::new(2));
        let buys = async |n: usize| {
            let (buyer, seat) = orders[n];
            let order = order(&self.floor, seat, buyer, regions[n]);
            let answer = purchase(&self.db, &order, &mut Meeting(Arc::clone(&both_have_read))).await;
            (order, answer)
        };
        let (first, second) = tokio::join!(buys(0), buys(1));
        [first, second]
    }

    /// Sells every seat that is free, from both regions.
    pub async fn sell_out(&self) {
        let orders = FloorPlan::default().seats().enumerate().map(|(n, seat)| order(&self.floor, seat, "ada", n % 2));
        let orders: Vec<_> = orders.collect();
        try_join_all(orders.iter().map(|order| self.buy(order))).await.unwrap();
        assert_eq!(self.sold_seats().await, 96);
    }

    pub async fn open(&self, name: &str) -> Round {
        self.db.open_seat(&self.floor, seat(name)).await.unwrap()
    }

    pub async fn seats(&self) -> Vec<SeatRow> {
        self.db.seats(&self.floor).await.unwrap()
    }

    pub async fn sold_seats(&self) -> usize {
        sold(&self.seats().await)
    }

    pub async fn row(&self, name: &str) -> SeatRow {
        let rows = self.db.seat_rows(&self.floor, seat(name)).await.unwrap();
        let [row] = <[SeatRow; 1]>::try_from(rows).unwrap();
        row
    }

    /// Round and reset round of the named seats.
    pub async fn rounds<const N: usize>(&self, names: [&str; N]) -> [(Round, Round); N] {
        let rows = self.seats().await;
        names.map(|name| {
            let row = rows.iter().find(|row| row.seat == seat(name)).unwrap();
            (row.round, row.reset_round)
        })
    }

    pub async fn counts(&self, span: Span) -> Vec<RoundCount> {
        self.db.counts(&self.floor, span).await.unwrap()
    }

    pub async fn sales(&self, name: &str, round: Round) -> Vec<Sale> {
        self.db.sales(&self.floor, seat(name), round).await.unwrap()
    }

    pub async fn tickets(&self, buyer: &str) -> Vec<Sale> {
        self.db.tickets(&self.floor, &buyer.parse().unwrap()).await.unwrap()
    }

    /// Every ticket in the floor's ledger, past the adapter, sorted.
    pub async fn ledger(&self) -> Vec<Ticket> {
        let direct = self.server.direct().await;
        let rows = direct.query("SELECT ticket FROM ledger WHERE floor = $1", &[&self.floor.as_str()]).await.unwrap();
        let mut tickets: Vec<Ticket> = rows.iter().map(|row| row.get::<_, &str>(0).parse().unwrap()).collect();
        tickets.sort();
        tickets
    }

    pub async fn parts(&self, run: &RunId) -> i64 {
        let direct = self.server.direct().await;
        direct.query_one("SELECT count(*) FROM runs WHERE run = $1", &[&run.as_str()]).await.unwrap().get(0)
    }

    pub async fn somebody_waits_for(&self, process: i32) -> bool {
        let ask = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))";
        let waiting: i64 = self.server.direct().await.query_one(ask, &[&process]).await.unwrap().get(0);
        waiting > 0
    }

    /// Waits until no transaction is under way that has touched this floor's seats.
    pub async fn quiet(&self) {
        let direct = self.server.direct().await;
        // A row that a transaction under way has written is locked by it.
        let ask = "SELECT count(*) FROM (SELECT 1 FROM seats WHERE floor = $1 FOR UPDATE SKIP LOCKED) AS free";
        common::until("no row is locked", || async {
            let free: i64 = direct.query_one(ask, &[&self.floor.as_str()]).await.unwrap().get(0);
            free == 96
        })
        .await;
    }
}

/// Thinks until the other has read the seat as well.
struct Meeting(Arc<Barrier>);

impl Buyer for Meeting {
    fn connected(&mut self) {}
    fn saw(&mut self, seat: &Seat) {
        assert_eq!(seat.holder, None);
    }
    async fn thinks(&mut self) {
        self.0.wait().await;
    }
}

pub fn sold(rows: &[SeatRow]) -> usize {
    rows.iter().filter(|row| row.holder.is_some()).count()
}

pub fn tickets(sales: &[Sale]) -> Vec<Ticket> {
    sales.iter().map(|sale| sale.ticket.clone()).collect()
}

pub fn count(name: &str, round: Round, confirmed: u64) -> RoundCount {
    RoundCount { seat: seat(name), round, confirmed }
}

pub fn wall_clock_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
