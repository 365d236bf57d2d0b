//! One test's own AWS: moto, the front before it, and what the tests do with both.

use crate::{
    front::{Front, Heard},
    moto::Moto,
};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dsql::config::Credentials;
use aws_sdk_dynamodb::types::KeySchemaElement;
use provision::{Call, Configuration, Deprovision, Kind, Pace, Provision, Scope, Settings, Trouble};
use std::{fmt::Write, time::Duration};

pub const REGIONS: [&str; 2] = ["us-east-1", "us-east-2"];

pub struct Rig {
    pub front: Front,
    pub moto: Moto,
    /// By region. Each is opened once: that reads the machine's certificates.
    dsql: [aws_sdk_dsql::Client; 2],
    dynamodb: [aws_sdk_dynamodb::Client; 2],
}

impl Rig {
    pub async fn start() -> Self {
        let moto = Moto::start();
        let front = Front::before(&moto.url).await;
        let base = aws_config::defaults(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("tester", "secret", None, None, "test"))
            .endpoint_url(&front.url)
            .region(Region::new(REGIONS[0]))
            .load()
            .await;
        let dsql = REGIONS.map(|region| {
            let config = aws_sdk_dsql::config::Builder::from(&base).region(Region::new(region));
            aws_sdk_dsql::Client::from_conf(config.build())
        });
        let dynamodb = REGIONS.map(|region| {
            let config = aws_sdk_dynamodb::config::Builder::from(&base).region(Region::new(region));
            aws_sdk_dynamodb::Client::from_conf(config.build())
        });
        Self { front, moto, dsql, dynamodb }
    }

    pub fn settings(&self, name: &str, scope: Scope) -> Settings {
        Settings {
            name: name.to_owned(),
            scope,
            regions: REGIONS.map(str::to_owned),
            witness_region: "us-west-2".to_owned(),
            endpoint_url: Some(self.front.url.clone()),
            pace: Pace { poll_every: Duration::from_millis(1), wait_at_most: Duration::from_secs(20) },
        }
    }

    /// A whole run, as the verb does it.
    pub async fn provision(&self, settings: &Settings) -> Result<Configuration, Trouble> {
        Provision::look(settings.clone()).await?.run(&|_| {}).await
    }

    /// A whole run, as the verb does it once the name was typed.
    pub async fn deprovision(&self, settings: &Settings) -> Result<(), Trouble> {
        Deprovision::look(settings.clone()).await?.run(&|_| {}).await
    }

    /// The changing calls heard since the last time.
    pub fn changes(&self) -> Vec<Heard> {
        self.front.heard().into_iter().filter(Heard::changes).collect()
    }

    pub fn dsql(&self, region: &str) -> &aws_sdk_dsql::Client {
        &self.dsql[at(region)]
    }

    pub fn dynamodb(&self, region: &str) -> &aws_sdk_dynamodb::Client {
        &self.dynamodb[at(region)]
    }

    /// Everything there is of a deployment, in words without identifiers. Not read by the code under test.
    pub async fn state(&self, settings: &Settings) -> String {
        let mut state = String::new();
        for region in REGIONS {
            let dsql = self.dsql(region);
            for summary in dsql.list_clusters().send().await.unwrap().clusters() {
                let it = dsql.get_cluster().identifier(summary.identifier()).send().await.unwrap();
                if it.tags().and_then(|tags| tags.get("worldseat")) != Some(&settings.name) {
                    continue;
                }
                let properties = it.multi_region_properties().unwrap();
                let mut members: Vec<_> =
                    properties.clusters().iter().map(|arn| arn.split(':').nth(3).unwrap()).collect();
                members.sort_unstable();
                let (status, protected) = (it.status(), it.deletion_protection_enabled());
                let witness = properties.witness_region().unwrap_or("none");
                writeln!(state, "cluster {region} {status} protected={protected} {witness} {members:?}").unwrap();
            }
            for table in settings.tables() {
                let dynamodb = self.dynamodb(region);
                let Ok(answer) = dynamodb.describe_table().table_name(&table).send().await else { continue };
                let it = answer.table.unwrap();
                let keys: Vec<_> = it.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
                let replicas: Vec<_> = it.replicas().iter().map(|it| it.region_name().unwrap()).collect();
                let (status, mode) = (it.table_status().unwrap(), it.multi_region_consistency());
                let billing = it.billing_mode_summary().unwrap().billing_mode().unwrap();
                let stream = it.stream_specification().unwrap().stream_view_type().unwrap();
                let arn = it.table_arn().unwrap();
                let tags = dynamodb.list_tags_of_resource().resource_arn(arn).send().await.unwrap();
                let tags: Vec<_> = tags.tags().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect();
                writeln!(
                    state,
                    "table {region} {table} {status} {keys:?} {billing} {stream} replicas={replicas:?} {mode:?} {tags:?}"
                )
                .unwrap();
            }
        }
        self.front.heard();
        state
    }

    /// What a whole deployment looks like.
    pub fn whole(settings: &Settings) -> String {
        let mut state = String::new();
        for (region, other) in [(REGIONS[0], REGIONS[1]), (REGIONS[1], REGIONS[0])] {
            if settings.scope.has_dsql() {
                writeln!(state, "cluster {region} ACTIVE protected=true us-west-2 {REGIONS:?}").unwrap();
            }
            if settings.scope.has_dynamodb() {
                for (table, key) in settings.tables().iter().zip(["seat", "sale"]) {
                    let shape = format!("ACTIVE {:?} PAY_PER_REQUEST NEW_AND_OLD_IMAGES", ["floor", key]);
                    let tags = [format!("worldseat={}", settings.name)];
                    writeln!(state, "table {region} {table} {shape} replicas={:?} Some(Eventual) {tags:?}", [other])
                        .unwrap();
                }
            }
        }
        state
    }
}

fn at(region: &str) -> usize {
    REGIONS.iter().position(|it| *it == region).unwrap()
}

/// The changing calls of a plan, as the front would hear them.
pub fn planned(calls: &[Call]) -> Vec<Heard> {
    let changing = calls.iter().filter(|call| call.kind == Kind::Changes);
    changing
        .map(|call| Heard {
            service: call.service.to_owned(),
            region: call.region.clone(),
            operation: call.operation.to_owned(),
        })
        .collect()
}
