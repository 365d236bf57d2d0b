//! Both engines together, and what is kept of them.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use standins::{DATABASE, Error, GlobalTable, GlobalTableOptions, Options, Postgres, PostgresOptions, StandIns};
use tokio_postgres::{Client, NoTls};

async fn connect(postgres: &Postgres) -> Client {
    let (client, connection) = postgres.config(DATABASE).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn keeping(data: &Path) -> Options {
    Options { data: Some(data.to_owned()), ..Options::default() }
}

/// A place that the account PostgreSQL runs as can reach.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    directory
}

#[tokio::test]
async fn kept_data_are_there_again_and_claimed_by_one() {
    let directory = directory();
    let data = directory.path().join("data");
    let first = StandIns::start(keeping(&data)).await.unwrap();
    let client = connect(&first.postgres).await;
    let fsync: String = client.query_one("SHOW fsync", &[]).await.unwrap().get(0);
    assert_eq!(fsync, "on");
    client.batch_execute("CREATE TABLE sale (n int); INSERT INTO sale VALUES (1)").await.unwrap();
    let second = StandIns::start(keeping(&data)).await.unwrap_err();
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    first.stop().await;

    let again = StandIns::start(keeping(&data)).await.unwrap();
    let client = connect(&again.postgres).await;
    let rows: i64 = client.query_one("SELECT count(*) FROM sale", &[]).await.unwrap().get(0);
    assert_eq!(rows, 1);
    again.stop().await;
    assert!(data.join("WORLDSEAT").exists());
}

#[tokio::test]
async fn one_cluster_is_not_served_twice() {
    let directory = directory();
    let options = PostgresOptions { data: Some(directory.path().join("postgres")), ..PostgresOptions::default() };
    let first = Postgres::start(options.clone()).await.unwrap();
    let second = Postgres::start(options.clone()).await.unwrap_err();
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    connect(&first).await.batch_execute("SELECT 1").await.unwrap();
    first.stop().await;
    // Another major version's data are refused and left as they are.
    std::fs::write(directory.path().join("postgres/PG_VERSION"), "9\n").unwrap();
    let other = Postgres::start(options).await.unwrap_err();
    assert!(matches!(other, Error::OtherVersion { ref found, .. } if found == "9"), "{other}");
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_refused() {
    let directory = directory();
    std::fs::write(directory.path().join("letter"), "dear").unwrap();
    let refused = StandIns::start(keeping(directory.path())).await.unwrap_err();
    assert!(matches!(refused, Error::NotOurs { .. }), "{refused}");
    std::fs::write(directory.path().join("WORLDSEAT"), "WorldSeat data, format 9\n").unwrap();
    let refused = StandIns::start(keeping(directory.path())).await.unwrap_err();
    assert!(matches!(refused, Error::OtherFormat { .. }), "{refused}");
    assert!(directory.path().join("letter").exists());
}

#[tokio::test]
async fn latency_and_lag_are_set_at_the_start() {
    let options = Options { commit_latency_ms: 5, lag_ms: (1, 2), ..Options::default() };
    let stand_ins = StandIns::start(options).await.unwrap();
    assert_eq!(stand_ins.dsql.each_ref().map(standins::DsqlEndpoint::commit_latency_ms), [5, 5]);
    assert_eq!(stand_ins.dsql.each_ref().map(standins::DsqlEndpoint::region), standins::REGIONS);
    assert_eq!(stand_ins.endpoints.each_ref().map(standins::RegionalEndpoint::region), standins::REGIONS);
    assert_eq!(stand_ins.global_table.as_ref().unwrap().replication_lag_ms(), (1, 2));
    assert!(stand_ins.postgres.version().starts_with("PostgreSQL "));
    stand_ins.stop().await;
}

#[tokio::test]
async fn a_put_under_way_is_delivered_before_kept_replicas_close() {
    let directory = directory();
    let options = GlobalTableOptions { data: Some(directory.path().join("dynamodb")), lag_ms: (60_000, 60_000) };
    let table = GlobalTable::start(options.clone()).await.unwrap();
    let [east, _] = table.replicas();
    let create = r#"{"TableName":"runs","BillingMode":"PAY_PER_REQUEST",
        "AttributeDefinitions":[{"AttributeName":"run","AttributeType":"S"}],
        "KeySchema":[{"AttributeName":"run","KeyType":"HASH"}]}"#;
    ask(east.addr(), "CreateTable", create).await;
    ask(east.addr(), "PutItem", r#"{"TableName":"runs","Item":{"run":{"S":"r1"}}}"#).await;
    table.stop().await;

    let table = GlobalTable::start(options).await.unwrap();
    for replica in table.replicas() {
        let answer = ask(replica.addr(), "GetItem", r#"{"TableName":"runs","Key":{"run":{"S":"r1"}}}"#).await;
        assert!(answer.contains("r1"), "{}: {answer}", replica.region());
    }
    table.stop().await;
}

/// One request of the protocol, by hand.
async fn ask(address: std::net::SocketAddr, operation: &str, body: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}
