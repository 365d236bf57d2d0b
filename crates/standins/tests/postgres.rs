//! The private PostgreSQL and its regional endpoints, as clients meet them.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use standins::{Cut, DATABASE, Postgres, PostgresOptions, REGIONS, RegionalEndpoint, USER, When};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

/// A server of its own for each test, so that each may be killed, and an endpoint in each region.
async fn server() -> (Postgres, [RegionalEndpoint; 2]) {
    let postgres = Postgres::start(PostgresOptions::default()).await.unwrap();
    let endpoints = [
        RegionalEndpoint::start(REGIONS[0], &postgres.socket()).await.unwrap(),
        RegionalEndpoint::start(REGIONS[1], &postgres.socket()).await.unwrap(),
    ];
    (postgres, endpoints)
}

async fn try_connect(endpoint: &RegionalEndpoint) -> Result<Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config.host(endpoint.addr().ip().to_string()).port(endpoint.addr().port()).user(USER).dbname(DATABASE);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn connect(endpoint: &RegionalEndpoint) -> Client {
    try_connect(endpoint).await.unwrap()
}

async fn text(client: &Client, question: &str) -> String {
    client.query_one(question, &[]).await.unwrap().get(0)
}

async fn rows(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

fn is_running(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[tokio::test]
async fn the_server_tells_its_version_and_isolation() {
    let (postgres, [east, _]) = server().await;
    let client = connect(&east).await;
    assert!(text(&client, "SHOW server_version").await.starts_with(&postgres.version()["PostgreSQL ".len()..]));
    assert_eq!(text(&client, "SHOW transaction_isolation").await, "repeatable read");
    assert_eq!(text(&client, "SHOW fsync").await, "off");
    assert_eq!(text(&client, "SHOW listen_addresses").await, "");
    assert_eq!(text(&client, "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user").await, "false");
    postgres.create_database("another_1").await.unwrap();
    assert!(matches!(postgres.create_database("no\"name").await, Err(standins::Error::DatabaseName(_))));
    let (client, connection) = postgres.config("another_1").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(text(&client, "SELECT current_database()::text").await, "another_1");
    client.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    let superuser = postgres.config(DATABASE).user("postgres").connect(NoTls).await.err().unwrap();
    assert_eq!(superuser.code(), Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION));
    postgres.stop().await;
}

#[tokio::test]
async fn of_two_writers_of_one_row_in_two_regions_one_is_refused() {
    let (_postgres, [east, west]) = server().await;
    let (a, b) = (connect(&east).await, connect(&west).await);
    a.batch_execute("CREATE TABLE seat (n int); INSERT INTO seat VALUES (0)").await.unwrap();
    for client in [&a, &b] {
        client.batch_execute("BEGIN; SELECT n FROM seat").await.unwrap();
    }
    a.batch_execute("UPDATE seat SET n = 1").await.unwrap();
    let (refused, committed) = tokio::join!(b.batch_execute("UPDATE seat SET n = 2"), a.batch_execute("COMMIT"));
    committed.unwrap();
    assert_eq!(refused.unwrap_err().code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
}

#[tokio::test]
async fn latency_is_added_both_ways_and_does_not_slow_a_stream_down() {
    let (_postgres, [east, west]) = server().await;
    let (slow, fast) = (connect(&east).await, connect(&west).await);
    east.set_latency_us(60_000);
    let asked = Instant::now();
    assert_eq!(text(&slow, "SELECT 'a'").await, "a");
    // A statement is prepared before it is executed: two round trips of twice the latency.
    assert!(asked.elapsed() >= Duration::from_millis(240), "{:?}", asked.elapsed());
    // Two megabytes in hundreds of pieces take the latency once, not once a piece, which would be 15 s and more.
    let (asked, long) = (Instant::now(), "SELECT string_agg(n::text, ',') FROM generate_series(1, 300000) n");
    let delayed = text(&slow, long).await;
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(delayed, text(&fast, long).await, "pieces overtook one another");
    let quickest = async {
        let asked = Instant::now();
        text(&fast, "SELECT 'a'").await;
        asked.elapsed()
    };
    assert!(quickest.await < Duration::from_millis(240), "the other region is slow too");
}

#[tokio::test]
async fn a_commit_can_be_cut_before_and_after_it_reaches_the_server() {
    let (_postgres, [east, west]) = server().await;
    let looking = connect(&west).await;
    looking.batch_execute("CREATE TABLE sale (n int)").await.unwrap();
    for (when, happened) in [(When::BeforeForward, 0), (When::AfterForward, 1), (When::AfterAnswer, 1)] {
        let client = connect(&east).await;
        client.batch_execute("BEGIN; INSERT INTO sale VALUES (1)").await.unwrap();
        east.cut_at(Cut::once(b"COMMIT", when));
        client.batch_execute("COMMIT").await.unwrap_err();
        let deadline = Instant::now() + Duration::from_secs(10);
        while when == When::AfterForward && rows(&looking, "sale").await == 0 && Instant::now() < deadline {}
        assert_eq!(rows(&looking, "sale").await, happened, "{when:?}");
        looking.batch_execute("TRUNCATE sale").await.unwrap();
        // The next connection is not cut.
        connect(&east).await.batch_execute("BEGIN; COMMIT").await.unwrap();
    }
    assert_eq!(east.cuts_made(), 3);
}

#[tokio::test]
async fn every_so_manyth_commit_is_cut_until_called_off() {
    let (_postgres, [east, _]) = server().await;
    east.cut_at(Cut { pattern: b"COMMIT", when: When::AfterAnswer, every: 3, times: u64::MAX });
    let mut lost = 0;
    for _ in 0..9 {
        let client = connect(&east).await;
        lost += u64::from(client.batch_execute("COMMIT").await.is_err());
    }
    assert_eq!((lost, east.cuts_made()), (3, 3));
    east.cut_no_more();
    for _ in 0..4 {
        connect(&east).await.batch_execute("COMMIT").await.unwrap();
    }
}

#[tokio::test]
async fn a_region_can_be_cut_and_taken_down_alone() {
    let (_postgres, [east, west]) = server().await;
    let (a, b) = (connect(&east).await, connect(&west).await);
    east.cut_all();
    a.batch_execute("SELECT 1").await.unwrap_err();
    b.batch_execute("SELECT 1").await.unwrap();
    let a = connect(&east).await;
    east.set_down(true);
    a.batch_execute("SELECT 1").await.unwrap_err();
    assert!(try_connect(&east).await.is_err());
    b.batch_execute("SELECT 1").await.unwrap();
    east.set_down(false);
    connect(&east).await.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_killed_server_keeps_what_it_acknowledged() {
    let (mut postgres, [east, _]) = server().await;
    let client = connect(&east).await;
    client.batch_execute("CREATE TABLE sale (n int); INSERT INTO sale VALUES (1)").await.unwrap();
    postgres.kill();
    while client.batch_execute("SELECT 1").await.is_ok() {}
    postgres.restart().await.unwrap();
    assert_eq!(rows(&connect(&east).await, "sale").await, 1);
}

#[tokio::test]
async fn nothing_is_left_after_a_stop_nor_after_a_drop() {
    for orderly in [true, false] {
        let (postgres, _endpoints) = server().await;
        let (process, directory) = (postgres.process_id(), postgres.directory().to_owned());
        assert!(is_running(process) && directory.exists());
        if orderly {
            postgres.stop().await;
        } else {
            drop(postgres);
        }
        assert!(!is_running(process), "the process is left");
        assert!(!directory.exists(), "the directory is left");
    }
}
