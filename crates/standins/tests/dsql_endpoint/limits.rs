//! The limits of a transaction and of a connection, and what COMMIT costs.

use std::time::{Duration, Instant};

use super::support::{connect, number, options, refusal, run, stage, stage_with, token, told, within};

const OVER: &str = "54000";

#[tokio::test]
async fn a_transaction_changes_so_many_rows_and_no_more() {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "CREATE TABLE t (n bigint PRIMARY KEY)").await;
    run(&client, "BEGIN").await;
    run(&client, "INSERT INTO t SELECT generate_series(1, 2999)").await;
    run(&client, "INSERT INTO t VALUES (3000)").await;
    assert_eq!(refusal(&client, "UPDATE t SET n = n WHERE n = 1").await.0, OVER);
    assert_eq!(refusal(&client, "SELECT 1").await.0, "25P02");
    run(&client, "ROLLBACK").await;
    // On its own, a statement is a transaction.
    assert_eq!(refusal(&client, "INSERT INTO t SELECT generate_series(1, 3001)").await.0, OVER);
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 0);
    run(&client, "INSERT INTO t SELECT generate_series(1, 3000)").await;
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 3000);
}

#[tokio::test]
async fn a_transaction_writes_so_many_bytes_and_no_more() {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "CREATE TABLE t (n bigint PRIMARY KEY, b bytea)").await;
    let half = vec![0_u8; 6 * 1024 * 1024];
    let insert = "INSERT INTO t VALUES ($1, $2)";
    run(&client, "BEGIN").await;
    client.execute(insert, &[&1_i64, &half]).await.unwrap();
    assert_eq!(told(&client.execute(insert, &[&2_i64, &half]).await.unwrap_err()).0, OVER);
    run(&client, "ROLLBACK").await;
    let whole = vec![0_u8; 11 * 1024 * 1024];
    assert_eq!(told(&client.execute(insert, &[&3_i64, &whole]).await.unwrap_err()).0, OVER);
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_transaction_grows_only_so_old() {
    let mut short = options();
    short.txn_age = Duration::ZERO;
    let stage = stage_with(short).await;
    let client = stage.client(0).await;
    run(&client, "BEGIN").await;
    assert_eq!(refusal(&client, "SELECT 1").await.0, OVER);
    run(&client, "ROLLBACK").await;
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn a_connection_lives_only_so_long() {
    let mut short = options();
    short.connection_age = Duration::from_secs(4);
    let stage = stage_with(short).await;
    let good = token(stage.endpoints[0].host(), "us-east-1").await;
    // Idle.
    let (_client, connection) = stage.config(0, &good).connect(stage.tls()).await.unwrap();
    let ended = within(connection).await.expect_err("it lives on");
    assert_eq!(told(&ended).0, "57P01");
    // In the middle of a COMMIT.
    stage.endpoints[0].set_commit_latency_ms(60_000);
    let client = connect(&stage.config(0, &good), stage.tls()).await.unwrap();
    let asked = Instant::now();
    let error = within(client.batch_execute("CREATE TABLE t (n bigint)")).await.unwrap_err();
    assert_eq!(told(&error).0, "57P01");
    assert!(asked.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn only_the_commit_of_a_change_takes_the_way_to_the_other_region() {
    let stage = stage().await;
    let client = stage.client(0).await;
    run(&client, "CREATE TABLE t (n bigint PRIMARY KEY)").await;
    let latency = Duration::from_secs(2);
    assert_eq!(stage.endpoints[0].commit_latency_ms(), 0);
    stage.endpoints[0].set_commit_latency_ms(2_000);
    let asked = Instant::now();
    run(&client, "BEGIN").await;
    assert_eq!(number(&client, "SELECT count(*) FROM t").await, 0);
    run(&client, "COMMIT").await;
    run(&client, "BEGIN").await;
    run(&client, "INSERT INTO t VALUES (1)").await;
    assert!(asked.elapsed() < latency, "{:?}", asked.elapsed());
    for write in ["COMMIT", "INSERT INTO t VALUES (2)"] {
        let asked = Instant::now();
        run(&client, write).await;
        assert!(asked.elapsed() >= latency, "{write}: {:?}", asked.elapsed());
    }
    // The other endpoint has a latency of its own.
    let asked = Instant::now();
    run(&stage.client(1).await, "INSERT INTO t VALUES (3)").await;
    assert!(asked.elapsed() < latency, "{:?}", asked.elapsed());
}
