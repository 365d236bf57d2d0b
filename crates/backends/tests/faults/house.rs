//! A server of one test's own, and a floor on it.

use crate::common::{self, Engine, Way, new_floor, order};
use crate::tally::{Tally, check};
use backends::dsql::SqlDatabase;
use onsale::{BoxOffice, Database, FloorId, FloorPlan, Operation, Round, Run, Scoreboard, SeatId, Ticket};
use standins::Cut;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::types::ToSql;

/// A server of its own, and a floor on it.
pub struct House {
    pub engine: Engine,
    pub db: Arc<SqlDatabase>,
    pub floor: FloorId,
}

impl House {
    pub async fn new(way: Way) -> Self {
        let engine = Engine::start().await;
        let (db, floor) = (engine.tables(way).await, new_floor());
        db.make_floor(&floor).await.unwrap();
        Self { engine, db, floor }
    }

    /// Whatever is random about a test; `FAULTS_SEED` replays it.
    pub fn rng(test: &str) -> fastrand::Rng {
        let seed = std::env::var("FAULTS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        println!("{test}: FAULTS_SEED={seed}");
        fastrand::Rng::with_seed(seed)
    }

    /// Each way takes two milliseconds, so that more is under way at any moment.
    pub fn is_far_away(&self) {
        self.engine.endpoints.iter().for_each(|endpoint| endpoint.set_latency_us(2_000));
    }

    pub fn cut(&self, cut: Cut) {
        for endpoint in &self.engine.endpoints {
            endpoint.cut_at(cut);
        }
    }

    pub async fn another_floor(&self) -> FloorId {
        let floor = new_floor();
        self.db.make_floor(&floor).await.unwrap();
        floor
    }

    /// Three buyers at every seat of a floor at once: what they will be told.
    pub fn rush<D: Database>(db: &Arc<D>, floor: &FloorId, rng: &mut fastrand::Rng) -> JoinHandle<Vec<Operation>> {
        let mut buyers = JoinSet::new();
        for n in 0..3 {
            for seat in FloorPlan::default().seats() {
                let (db, think) = (Arc::clone(db), Duration::from_micros(rng.u64(0..5_000)));
                let order = order(floor, seat, &format!("buyer-{n}"), rng.usize(0..2));
                buyers.spawn(async move { common::sell(&*db, order, think).await });
            }
        }
        tokio::spawn(buyers.join_all())
    }

    /// Holds a burst against the ledger as it is once everything has come to rest.
    pub async fn check_run(&self, run: &Run) -> Tally {
        let board = Scoreboard::of(run);
        let answers = board.app_believed + board.rejected + board.errors + board.unknown;
        assert_eq!(answers, u64::from(run.plan.buyers), "everybody has one outcome");
        let ledger = self.sold_on(run.plan.seat(), run.round()).await;
        assert!(ledger.len() <= 1, "sold {} times: {run:#?}", ledger.len());
        check(&run.operations, &ledger)
    }

    /// Holds a rush against the ledger, and the seats against the ledger.
    pub async fn check_floor(&self, told: &[Operation], floor: &FloorId) -> Tally {
        check(told, &self.ledger(floor).await)
    }

    /// The tickets in the ledger of a floor in its first round. It must agree with the seats and hold none twice.
    pub async fn ledger(&self, floor: &FloorId) -> BTreeSet<Ticket> {
        let direct = self.at_rest().await;
        let ask = "SELECT seat, ticket FROM ledger WHERE floor = $1 ORDER BY seat";
        let held = "SELECT seat, ticket FROM seats WHERE floor = $1 AND ticket IS NOT NULL ORDER BY seat";
        let rows = async |sql| {
            let rows = direct.query(sql, &[&floor.as_str()]).await.unwrap();
            rows.iter().map(|row| (row.get::<_, String>(0), row.get::<_, String>(1))).collect::<Vec<_>>()
        };
        let ledger = rows(ask).await;
        assert_eq!(ledger, rows(held).await, "seats and ledger disagree");
        assert!(ledger.is_sorted_by(|one, next| one.0 < next.0), "a seat was sold twice: {ledger:?}");
        ledger.iter().map(|(_, ticket)| ticket.parse().unwrap()).collect()
    }

    /// Waits until so much is sold on a floor.
    pub async fn sold_at_least(&self, sales: i64, floor: &FloorId) {
        let direct = self.engine.direct().await;
        let ask = "SELECT count(*) FROM ledger WHERE floor = $1";
        common::until("enough is sold", async || {
            direct.query_one(ask, &[&floor.as_str()]).await.unwrap().get::<_, i64>(0) >= sales
        })
        .await;
    }

    /// The tickets in the ledger for one round of one seat, past the adapter and the faults.
    pub async fn sold_on(&self, seat: SeatId, round: Round) -> BTreeSet<Ticket> {
        let ask = "SELECT ticket FROM ledger WHERE floor = $1 AND seat = $2 AND round = $3";
        let params: [&(dyn ToSql + Sync); 3] = [&self.floor.as_str(), &seat.to_string(), &i64::from(round)];
        let rows = self.at_rest().await.query(ask, &params).await.unwrap();
        rows.iter().map(|row| row.get::<_, &str>(0).parse().unwrap()).collect()
    }

    /// Waits until no transaction is under way: what has not been committed by then never will be.
    pub async fn at_rest(&self) -> tokio_postgres::Client {
        let direct = self.engine.direct().await;
        let ask = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' \
                   AND state IS DISTINCT FROM 'idle' AND pid <> pg_backend_pid()";
        common::until("no transaction is under way", async || {
            direct.query_one(ask, &[]).await.unwrap().get::<_, i64>(0) == 0
        })
        .await;
        direct
    }
}
