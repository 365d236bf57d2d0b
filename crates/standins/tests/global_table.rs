//! The two replicas as the SDK meets them, and the replication between them.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_dynamodb::{Client, Config};
use standins::{ENGINE, GlobalTable, GlobalTableOptions, Replica, When};

async fn table_with_lag(lag_ms: (u32, u32)) -> (GlobalTable, [Client; 2]) {
    let table = GlobalTable::start(GlobalTableOptions { data: None, lag_ms }).await.unwrap();
    let clients = [client(&table.replicas()[0]), client(&table.replicas()[1])];
    create_table(&clients[0]).await.unwrap();
    (table, clients)
}

fn client(replica: &Replica) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("stand-in", "stand-in", None, None, "tests"))
        .region(Region::new(replica.region()))
        .endpoint_url(replica.url())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

async fn create_table(client: &Client) -> Result<(), String> {
    let part = |name: &str, kind| {
        let named = AttributeDefinition::builder().attribute_name(name);
        let keyed = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        (named.attribute_type(ScalarAttributeType::S).build().unwrap(), keyed.build().unwrap())
    };
    let (floor, hash) = part("floor", KeyType::Hash);
    let (seat, range) = part("seat", KeyType::Range);
    let request = client.create_table().table_name("seats").billing_mode(BillingMode::PayPerRequest);
    let request = request.attribute_definitions(floor).attribute_definitions(seat).key_schema(hash).key_schema(range);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.code().unwrap_or("no code").to_owned()),
    }
}

async fn try_put(client: &Client, seat: &str, owner: &str) -> bool {
    let put = client.put_item().table_name("seats").item("floor", S("main".into())).item("seat", S(seat.into()));
    put.item("owner", S(owner.into())).item("changed", N("1".into())).send().await.is_ok()
}

async fn put(client: &Client, seat: &str, owner: &str) {
    assert!(try_put(client, seat, owner).await);
}

async fn owner(client: &Client, seat: &str) -> Option<String> {
    let get = client.get_item().table_name("seats").key("floor", S("main".into())).key("seat", S(seat.into()));
    let item = get.consistent_read(true).send().await.unwrap().item?;
    Some(item["owner"].as_s().unwrap().clone())
}

async fn floor(client: &Client) -> Vec<HashMap<String, AttributeValue>> {
    let query = client.query().table_name("seats").key_condition_expression("floor = :f").consistent_read(true);
    query
        .expression_attribute_values(":f", S("main".into()))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .unwrap()
}

#[test]
fn the_engine_is_called_by_its_version() {
    let locked = include_str!("../../../Cargo.lock");
    let (name, version) = ENGINE.split_once(' ').unwrap();
    assert!(locked.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")));
}

#[tokio::test]
async fn a_put_appears_in_the_other_region_after_the_lag_and_not_before() {
    let (table, [east, west]) = table_with_lag((300, 400)).await;
    assert_eq!(table.replication_lag_ms(), (300, 400));
    let sent = Instant::now();
    put(&east, "A1", "ada").await;
    assert_eq!(owner(&east, "A1").await.as_deref(), Some("ada"), "a region reads its own writes");
    while owner(&west, "A1").await.is_none() {
        assert!(sent.elapsed() < Duration::from_secs(10));
    }
    assert!(sent.elapsed() >= Duration::from_millis(300), "after {:?}", sent.elapsed());
    assert_eq!(owner(&west, "A1").await.as_deref(), Some("ada"));
}

#[tokio::test]
async fn the_last_writer_wins_in_both_regions_whatever_arrives_first() {
    let (table, [east, west]) = table_with_lag((200, 200)).await;
    put(&east, "A1", "first").await;
    put(&west, "A1", "last").await;
    assert_eq!(owner(&east, "A1").await.as_deref(), Some("first"));
    table.converged().await;
    assert_eq!(owner(&east, "A1").await.as_deref(), Some("last"));
    assert_eq!(owner(&west, "A1").await.as_deref(), Some("last"), "an older put overwrote a newer one");
    // Two puts of one region, of which the later may arrive earlier.
    table.set_replication_lag_ms(0, 100);
    for n in 0..20 {
        put(&east, "A1", &n.to_string()).await;
    }
    table.converged().await;
    assert_eq!(owner(&west, "A1").await.as_deref(), Some("19"));
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_puts_of_one_item_converge() {
    let (table, clients) = table_with_lag((0, 30)).await;
    let clients = Arc::new(clients);
    let writers = (0..8).map(|writer: usize| {
        let clients = Arc::clone(&clients);
        tokio::spawn(async move {
            for n in 0..50 {
                put(&clients[writer % 2], &format!("A{}", n % 3), &format!("{writer}-{n}")).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    table.converged().await;
    let (east, west) = (floor(&clients[0]).await, floor(&clients[1]).await);
    assert_eq!(east.len(), 3);
    assert_eq!(east, west, "the regions disagree for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_distinct_item_arrives_in_both_regions() {
    let (table, [east, west]) = table_with_lag((0, 100)).await;
    let rows = 1_000;
    let write = |client: Client, region: &'static str| async move {
        for n in 0..rows / 2 {
            put(&client, &format!("{region}-{n:05}"), "ada").await;
        }
    };
    let both = [tokio::spawn(write(east.clone(), "e")), tokio::spawn(write(west.clone(), "w"))];
    for one in both {
        one.await.unwrap();
    }
    table.converged().await;
    let seats = floor(&east).await;
    assert_eq!(seats.len(), rows);
    assert_eq!(seats, floor(&west).await);
}

#[tokio::test]
async fn what_is_not_replicated_is_refused() {
    let (_table, [east, west]) = table_with_lag((0, 0)).await;
    let delete = east.delete_item().table_name("seats").key("floor", S("main".into())).key("seat", S("A1".into()));
    let error = delete.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert!(error.message().unwrap().contains("PutItem only"), "{error:?}");
    // Created in one region, a table is in both.
    assert_eq!(create_table(&west).await.unwrap_err(), "ResourceInUseException");
    let no_table = west.get_item().table_name("other").key("floor", S("main".into())).send().await.unwrap_err();
    assert_eq!(no_table.code(), Some("ResourceNotFoundException"));
    let no_key = east.put_item().table_name("seats").item("floor", S("main".into())).send().await.unwrap_err();
    assert_eq!(no_key.code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_condition_is_checked_where_the_put_arrives() {
    let (table, [east, west]) = table_with_lag((60_000, 60_000)).await;
    let sell = |client: &Client| {
        let put = client.put_item().table_name("seats").item("floor", S("main".into())).item("seat", S("A1".into()));
        put.condition_expression("attribute_not_exists(seat)").send()
    };
    sell(&east).await.unwrap();
    sell(&west).await.unwrap();
    assert_eq!(sell(&east).await.unwrap_err().code(), Some("ConditionalCheckFailedException"));
    table.stop().await;
}

#[tokio::test]
async fn a_region_that_is_down_answers_nobody_and_catches_up_afterwards() {
    let (table, [east, west]) = table_with_lag((0, 0)).await;
    put(&west, "A1", "ada").await;
    table.converged().await;
    table.replicas()[1].set_down(true);
    assert!(!try_put(&west, "A2", "bob").await);
    put(&east, "A1", "eve").await;
    table.replicas()[1].set_down(false);
    table.converged().await;
    assert_eq!(owner(&west, "A1").await.as_deref(), Some("eve"));
    assert_eq!(owner(&west, "A2").await, None);
}

#[tokio::test]
async fn a_put_can_be_cut_before_and_after_it_is_applied() {
    let (table, [east, _]) = table_with_lag((0, 0)).await;
    for (when, seat, applied) in
        [(When::BeforeForward, "A1", false), (When::AfterForward, "A2", true), (When::AfterAnswer, "A3", true)]
    {
        table.replicas()[0].cut_at("PutItem", when, 1);
        assert!(!try_put(&east, seat, "ada").await);
        assert_eq!(owner(&east, seat).await.is_some(), applied, "{when:?}");
    }
    put(&east, "A4", "ada").await;
}

#[tokio::test]
async fn nobody_listens_after_a_stop() {
    let (table, _) = table_with_lag((60_000, 60_000)).await;
    let address = table.replicas()[0].addr();
    table.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
