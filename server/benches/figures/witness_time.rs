//! How long the floor-wide witness takes over a ledger of 1,000 and 100,000 rows with one double sale on both backends, and
//! of 1,000,000 on the product's.

use crate::{median_ms, row};
use backends::dsql::SqlDatabase;
use backends::dynamodb::{DynamoConfig, GlobalTables, RegionalTable, StandInIdentity};
use futures::{StreamExt, stream};
use onsale::{BoxOffice, Database, FloorId, FloorPlan, Order, Seat, Span, Ticket, Transaction};
use standins::{Options, StandIns};

const ROWS: [u32; 3] = [1_000, 100_000, 1_000_000];
/// A row of the in-memory foil weighs kilobytes, and a million puts take minutes: see `WORLDSEAT_FOIL_MILLION`.
const FOIL_ROWS: [u32; 2] = [1_000, 100_000];

/// Fills a ledger on each backend and asks the witness, warm.
pub async fn measure() {
    let engines = StandIns::start(Options { lag_ms: (0, 1), ..Options::default() }).await.unwrap();
    let sql = crate::sales::database(&engines);
    sql.create_tables().await.unwrap();
    for rows in ROWS {
        let floor = fill_sql(&engines, &sql, rows).await;
        say("dsql", rows, &sql, &floor).await;
    }
    let foil = foil(&engines).await;
    foil.create_tables().await.unwrap();
    // Five gigabytes and some minutes: only when asked for.
    let million = std::env::var_os("WORLDSEAT_FOIL_MILLION").map(|_| 1_000_000);
    for rows in FOIL_ROWS.into_iter().chain(million) {
        let floor = fill_foil(&foil, rows).await;
        engines.global_table.as_ref().unwrap().converged().await;
        say("naive", rows, &foil, &floor).await;
    }
    engines.stop().await;
}

async fn say(name: &str, rows: u32, office: &impl BoxOffice, floor: &FloorId) {
    let judged = async || {
        let counts = office.counts(floor, Span::SinceReset).await.unwrap();
        let floor = witness::judge_floor(&counts);
        assert_eq!((floor.double_sells, floor.seats_checked), (1, 96));
    };
    let time = median_ms(5, judged).await;
    row(
        &format!("floor-wide witness over {rows} ledger rows on {name}"),
        &format!("{time:.1} ms"),
        "median of 5, warm",
    );
}

async fn fill_sql(engines: &StandIns, sql: &SqlDatabase, rows: u32) -> FloorId {
    let floor: FloorId = format!("rows-{rows}").parse().unwrap();
    sql.make_floor(&floor).await.unwrap();
    let config = engines.postgres.config(standins::DATABASE);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let fill = format!(
        "INSERT INTO ledger (floor, seat, round, ticket, buyer, region, attempt, sold_at) \
         SELECT '{floor}', chr((65 + n % 8)::int) || (n / 8 % 12 + 1), CASE WHEN n = {rows} - 1 THEN 1 ELSE 1 + n / 96 END, 'T-' || n, 'ada', 'us-east-1', 1, now() \
         FROM generate_series(0, {rows} - 1) AS n"
    );
    client.batch_execute(&fill).await.unwrap();
    // What autovacuum does within a minute; without it no index can be read alone.
    client.batch_execute("VACUUM ANALYZE ledger").await.unwrap();
    floor
}

async fn fill_foil(foil: &GlobalTables, rows: u32) -> FloorId {
    let floor: FloorId = format!("rows-{rows}").parse().unwrap();
    let seats: Vec<_> = FloorPlan::default().seats().collect();
    let regions = foil.regions();
    let append = |n: u32| {
        let order = Order {
            floor: floor.clone(),
            seat: seats[(n % 96) as usize],
            buyer: "ada".parse().unwrap(),
            region: regions[(n % 2) as usize].clone(),
            ticket: Ticket::from_random(n.into()),
            run: None,
            attempt: 1,
            in_doubt: false,
        };
        let seat = Seat { round: if n == rows - 1 { 1 } else { 1 + n / 96 }, reset_round: 1, holder: None };
        async move {
            let mut txn = foil.connect(&order.region).await.unwrap();
            txn.append_sale(&order, &seat).await.unwrap();
        }
    };
    stream::iter(0..rows).for_each_concurrent(32, append).await;
    floor
}

async fn foil(engines: &StandIns) -> GlobalTables {
    let table = engines.global_table.as_ref().unwrap();
    let regions = table
        .replicas()
        .each_ref()
        .map(|r| RegionalTable { region: r.region().parse().unwrap(), endpoint_url: Some(r.url()) });
    GlobalTables::open(DynamoConfig {
        regions,
        seats_table: "seats".into(),
        ledger_table: "ledger".into(),
        stand_in: Some(StandInIdentity {
            name: table.version().into(),
            replication_lag_ms: table.replication_lag_ms(),
        }),
        plan: FloorPlan::default(),
        connections_per_region: 32,
    })
    .await
}
