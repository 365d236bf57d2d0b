//! How much the imitation costs: run with `--ignored --nocapture`, best in a release build. It only prints.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls, Statement};

use super::support::{run, stage, upstream};

const CLIENTS: usize = 32;
const LASTING: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn purchases_per_second() {
    let stage = stage().await;
    let first = stage.client(0).await;
    run(&first, "CREATE TABLE seats (seat bigint PRIMARY KEY, n bigint NOT NULL)").await;
    run(&first, "CREATE TABLE ledger (seat bigint, n bigint, PRIMARY KEY (seat, n))").await;
    run(&first, "INSERT INTO seats SELECT generate_series(0, 63), 0").await;
    let mut direct = Vec::new();
    let mut imitated = Vec::new();
    for place in 0..CLIENTS {
        let config = upstream(&stage.regional[place % 2], &stage.database);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        direct.push(client);
        imitated.push(stage.client(place % 2).await);
    }
    for (name, clients, base) in [("PostgreSQL", direct, 0_i64), ("the endpoint", imitated, 32)] {
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let tasks: Vec<_> = (base..)
            .zip(clients)
            .map(|(seat, client)| tokio::spawn(buy(client, seat, Instant::now() + LASTING)))
            .collect();
        let mut bought = 0;
        for task in tasks {
            bought += task.await.unwrap();
        }
        println!("{name}: {} purchases/s over {CLIENTS} connections ({build})", bought / LASTING.as_secs());
    }
}

async fn buy(client: Client, seat: i64, until: Instant) -> u64 {
    let prepare = async |sql: &str| -> Statement { client.prepare(sql).await.unwrap() };
    let read = prepare("SELECT n FROM seats WHERE seat = $1").await;
    let write = prepare("UPDATE seats SET n = $2 WHERE seat = $1").await;
    let append = prepare("INSERT INTO ledger (seat, n) VALUES ($1, $2)").await;
    let mut bought = 0;
    while Instant::now() < until {
        client.batch_execute("BEGIN").await.unwrap();
        let n: i64 = client.query_one(&read, &[&seat]).await.unwrap().get(0);
        let next = n + 1;
        client.execute(&write, &[&seat, &next]).await.unwrap();
        client.execute(&append, &[&seat, &next]).await.unwrap();
        client.batch_execute("COMMIT").await.unwrap();
        bought += 1;
    }
    bought
}
