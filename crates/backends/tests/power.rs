//! The power of the check, on the real engines: bursts of sixty that a right database survives every time and a wrong
//! one does not.
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

mod common;

use backends::dynamodb::{DynamoConfig, GlobalTables, RegionalTable, StandInIdentity};
use common::{CONNECTIONS, Sql, Wish, addresses, dsql, seat, sql};
use onsale::{BoxOffice, Database, FloorId, FloorPlan, Run, Scoreboard, Span};
use standins::{GlobalTable, GlobalTableOptions, Options, StandIns};
use std::sync::Arc;
use witness::{Verdict, judge_run, reconcile};

async fn foil(table: &GlobalTable) -> GlobalTables {
    let regions = table
        .replicas()
        .each_ref()
        .map(|r| RegionalTable { region: r.region().parse().unwrap(), endpoint_url: Some(r.url()) });
    let tables = GlobalTables::open(DynamoConfig {
        regions,
        seats_table: "seats".into(),
        ledger_table: "ledger".into(),
        stand_in: Some(StandInIdentity {
            name: table.version().into(),
            replication_lag_ms: table.replication_lag_ms(),
        }),
        plan: FloorPlan::default(),
        connections_per_region: CONNECTIONS,
    })
    .await;
    tables.create_tables().await.unwrap();
    tables
}

async fn burst<D: Database + BoxOffice>(db: &Arc<D>, floor: &FloorId, buyers: u32, think_ms: u32, seed: u64) -> Run {
    Wish { floor, seat: seat("A1"), buyers, think_ms, seed }.run(db).await.expect("the burst")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_bursts_sell_the_seat_once_each() {
    let engines = StandIns::start(Options { max_connections: 200, ..Options::default() }).await.unwrap();
    let db = Arc::new(dsql(&engines.dsql, engines.root_pem()));
    db.create_tables().await.unwrap();
    let floor: FloorId = "power".parse().unwrap();
    db.make_floor(&floor).await.unwrap();
    for seed in 1..=100 {
        let run = burst(&db, &floor, 60, 20, seed).await;
        let board = Scoreboard::of(&run);
        let verdict = judge_run(&run);
        assert_eq!(verdict.verdict, Verdict::Linearizable, "seed {seed}: {verdict:#?} {board:?}");
        assert_eq!((board.confirmed, board.oversold, board.app_believed), (1, 0, 1), "seed {seed}: {board:?}");
        assert_eq!(board.rejected, 59, "seed {seed}: {board:?}");
        assert!(board.contenders >= 30, "seed {seed}: {board:?}");
        assert!(board.conflicts + 1 >= board.contenders, "seed {seed}: {board:?}");
        let counts = db.counts(&floor, Span::SinceReset).await.unwrap();
        assert!(reconcile(&run, Some(&counts)).is_reconciled(), "seed {seed}");
    }
    engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_known_bad_control_is_caught() {
    let engines = StandIns::start(Options { max_connections: 200, ..Options::default() }).await.unwrap();
    let control = Sql { schema: "control", isolation: Some("read committed"), ..Sql::default() };
    let db = Arc::new(sql(addresses(&engines.endpoints), control));
    db.create_tables().await.unwrap();
    let floor: FloorId = "power".parse().unwrap();
    db.make_floor(&floor).await.unwrap();
    assert_eq!(db.engine().await.unwrap().consistency, "READ COMMITTED");
    let mut caught = 0;
    for seed in 1..=100 {
        let run = burst(&db, &floor, 60, 20, seed).await;
        caught += u32::from(judge_run(&run).verdict.is_violated() && Scoreboard::of(&run).oversold > 0);
    }
    assert!(caught >= 99, "caught in {caught} of 100 bursts");
    engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_foil_sells_twice_and_both_replicas_agree_on_it_later() {
    let table = GlobalTable::start(GlobalTableOptions::default()).await.unwrap();
    let db = Arc::new(foil(&table).await);
    let floor: FloorId = "power".parse().unwrap();
    for seed in 1..=20 {
        let run = burst(&db, &floor, 60, 20, seed).await;
        let board = Scoreboard::of(&run);
        assert!(board.oversold > 0, "seed {seed}: {board:?}");
        assert_eq!(board.confirmed, board.app_believed, "seed {seed}: {board:?}");
        assert!(judge_run(&run).verdict.is_violated());
        table.converged().await;
        let later = db.sales(&floor, seat("A1"), run.round()).await.unwrap();
        assert_eq!(later.len() as u64, board.confirmed, "seed {seed}: what both replicas hold after convergence");
        let rows = db.seat_rows(&floor, seat("A1")).await.unwrap();
        assert_eq!(rows[0], rows[1], "seed {seed}: the replicas show the same owner");
    }
    table.stop().await;
}
