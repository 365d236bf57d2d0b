//! How fast the stand-ins start, and how many puts a second the replicas take, as one line each.
//!
//! `cargo run --release -p standins --example measure`

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue::S;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use standins::{Options, Replica, StandIns};

const WRITERS: u32 = 32;
const MEASURED: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let stand_ins = StandIns::start(Options::default()).await?;
    println!(
        "{} and {}: {} ms to start",
        stand_ins.postgres.version(),
        standins::ENGINE,
        started.elapsed().as_millis()
    );
    println!(
        "socket directory {} endpoints {:?}",
        stand_ins.postgres.directory().display(),
        stand_ins.endpoints.each_ref().map(standins::RegionalEndpoint::addr)
    );
    let clients = stand_ins.global_table.as_ref().ok_or("no replicas")?.replicas().each_ref().map(client);
    create_table(&clients[0]).await?;
    for regions in [1, 2] {
        let begun = Instant::now();
        let writers = (0..WRITERS).map(|writer| {
            let client = clients[writer as usize % regions].clone();
            tokio::spawn(async move {
                let mut puts = 0_u32;
                while begun.elapsed() < MEASURED {
                    let put =
                        client.put_item().table_name("ledger").item("seat", S(format!("{regions}-{writer}-{puts}")));
                    puts += u32::from(put.item("buyer", S("ada".into())).send().await.is_ok());
                }
                puts
            })
        });
        let mut puts = 0;
        for writer in writers.collect::<Vec<_>>() {
            puts += writer.await?;
        }
        println!("{regions} region(s): {:.0} puts/s through the SDK", f64::from(puts) / begun.elapsed().as_secs_f64());
    }
    if std::env::args().any(|argument| argument == "--wait") {
        tokio::signal::ctrl_c().await?;
    }
    let stopped = Instant::now();
    stand_ins.stop().await;
    println!("{} ms to stop", stopped.elapsed().as_millis());
    Ok(())
}

fn client(replica: &Replica) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("stand-in", "stand-in", None, None, "measure"))
        .region(Region::new(replica.region()))
        .endpoint_url(replica.url());
    Client::from_conf(config.build())
}

async fn create_table(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let named = AttributeDefinition::builder().attribute_name("seat").attribute_type(ScalarAttributeType::S).build()?;
    let keyed = KeySchemaElement::builder().attribute_name("seat").key_type(KeyType::Hash).build()?;
    let request = client.create_table().table_name("ledger").billing_mode(BillingMode::PayPerRequest);
    request.attribute_definitions(named).key_schema(keyed).send().await?;
    Ok(())
}
