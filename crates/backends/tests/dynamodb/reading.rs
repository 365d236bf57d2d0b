//! The ledger read to its end, and who answers.

use crate::house::Foil;
use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region as AwsRegion},
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};
use backends::dynamodb::{DynamoConfig, GlobalTables};
use futures::future::try_join_all;
use onsale::{BoxOffice, Span};
use standins::REGIONS;

/// A page of a query ends at one megabyte. Eighty sales of 32 kB each are two and a half.
#[tokio::test]
async fn a_long_ledger_is_read_to_its_end() {
    const SALES: u32 = 80;
    let foil = Foil::start().await;
    let client = direct(&foil, 1);
    let puts = (0..SALES).map(|n| {
        let put = client.put_item().table_name("ledger").item("floor", text(&foil.floor));
        let put = put.item("sale", text(format!("A1#0000000007#T-{n}"))).item("ticket", text(format!("T-{n}")));
        let put = put.item("seat", text("A1")).item("round", number(7)).item("buyer", text("ada"));
        let put = put.item("region", text(REGIONS[1])).item("attempt", number(1)).item("sold_at", number(1_000 + n));
        put.item("padding", text("x".repeat(32 * 1024))).send()
    });
    try_join_all(puts).await.unwrap();
    assert_eq!(foil.counts(Span::Ever).await, [foil.count(7, SALES.into())]);
    assert_eq!(foil.counts(Span::SinceReset).await, [foil.count(7, SALES.into())]);
    let oldest_first = foil.db.sales(&foil.floor, foil.seat, 7).await.unwrap();
    assert!(oldest_first.iter().map(|sale| sale.sold_at_ms).eq((0..SALES).map(|n| i64::from(1_000 + n))));
    let newest_first = foil.db.tickets(&foil.floor, &"ada".parse().unwrap()).await.unwrap();
    assert!(newest_first.iter().rev().eq(&oldest_first));
    assert_eq!(foil.db.sales(&foil.floor, foil.seat, 70).await.unwrap(), [], "round 7 is not round 70");
}

#[tokio::test]
async fn the_engine_says_what_it_is() {
    let foil = Foil::start().await;
    foil.db.create_tables().await.unwrap();
    let engine = foil.db.engine().await.unwrap();
    let words = engine.to_string();
    assert_eq!(words, "stand-in: dynoxide-rs 3.2.0, last writer wins, GetItem ConsistentRead, this machine");
    let value = |name: &str| engine.settings.iter().find(|setting| setting.name == name).map(|s| s.value.as_str());
    assert_eq!(value("replication lag"), Some("500 to 1000 ms"));
    assert_eq!(value("connections per region"), Some("64"));
    assert!(value("table seats in us-east-2").unwrap().contains("ACTIVE"));
    assert_eq!(foil.db.regions().map(|region| region.to_string()), REGIONS);

    let config = DynamoConfig { seats_table: "elsewhere".into(), ..foil.config() };
    let failure = GlobalTables::open(config).await.engine().await.unwrap_err();
    let words = failure.to_string();
    for part in ["table elsewhere in us-east-1", "ResourceNotFoundException", "`worldseat provision dynamodb`"] {
        assert!(words.contains(part), "{words}");
    }
    // The ledger's table has another key than the seats' must have.
    let config = DynamoConfig { seats_table: "ledger".into(), ..foil.config() };
    let words = GlobalTables::open(config).await.check().await.unwrap_err().to_string();
    assert!(words.contains("table ledger in us-east-1 has the key (floor, sale)"), "{words}");
    assert!(words.contains("(floor, seat): name another table with --dynamodb-tables"), "{words}");
}

#[tokio::test]
async fn a_table_whose_keys_are_numbers_is_refused() {
    let foil = Foil::start().await;
    let mut table = direct(&foil, 0).create_table().table_name("numbers");
    for (name, kind) in [("floor", KeyType::Hash), ("seat", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::N);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        table = table.attribute_definitions(attribute.build().unwrap()).key_schema(key);
    }
    table.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    let config = DynamoConfig { seats_table: "numbers".into(), ..foil.config() };
    let words = GlobalTables::open(config).await.check().await.unwrap_err().to_string();
    assert!(words.contains("table numbers in us-east-1 has a key floor that is no text"), "{words}");
}

/// A client of one replica, past the adapter.
fn direct(foil: &Foil, region: usize) -> Client {
    let endpoint = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("standin", "standin", None, None, "stand-in"))
        .region(AwsRegion::new(REGIONS[region]))
        .endpoint_url(foil.engine.replicas()[region].url());
    Client::from_conf(endpoint.build())
}

fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn number(value: u32) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
