//! Who is answering: asked of both regional endpoints, with every setting that could bend a comparison.

use super::client::{BACKOFF_MS, BACKOFF_MS_MAX, CONNECT_TIMEOUT_MS, PUT_ATTEMPTS, READ_ATTEMPTS, REQUEST_TIMEOUT_MS};
use super::office::OPENING_TIMEOUT_MS;
use super::{DynamoConfig, GlobalTables, RegionalTable};
use aws_sdk_dynamodb::types::TableDescription;
use onsale::{Engine, Failure, Setting};
use std::time::{Duration, Instant};

/// How long AWS's answer is shown before it is asked for again: it allows few such questions a second.
const FRESH: Duration = Duration::from_secs(30);

impl GlobalTables {
    /// Describes both tables in both regions; if one is missing there is no engine.
    pub(super) async fn describe(&self) -> Result<Engine, Failure> {
        let config = self.config();
        let mut kept = self.described().lock().await;
        if let Some((at, engine)) = &*kept
            && at.elapsed() < FRESH
        {
            return Ok(engine.clone());
        }
        let told = self.each(|replica| async move {
            futures::try_join!(replica.describe(&config.seats_table), replica.describe(&config.ledger_table))
        });
        let mut settings = own_settings(config);
        for (replica, (seats, ledger)) in self.replicas().iter().zip(told.await?) {
            for (name, description) in [(&config.seats_table, seats), (&config.ledger_table, ledger)] {
                settings.push(Setting::told(format!("table {name} in {}", replica.region()), words(&description)));
            }
        }
        let engine = Engine {
            stand_in: config.stand_in.is_some(),
            own: config.is_own(),
            name: match &config.stand_in {
                Some(stand_in) => stand_in.name.clone(),
                None if config.is_own() => "DynamoDB's API".to_owned(),
                None => "Amazon DynamoDB Global Tables".to_owned(),
            },
            consistency: if config.is_own() {
                "GetItem ConsistentRead".to_owned()
            } else {
                "last writer wins, GetItem ConsistentRead".to_owned()
            },
            place: match &config.stand_in {
                Some(_) => "this machine".to_owned(),
                None => config.regions.each_ref().map(RegionalTable::place).join(" and "),
            },
            settings,
        };
        if config.stand_in.is_none() {
            *kept = Some((Instant::now(), engine.clone()));
        }
        Ok(engine)
    }
}

fn own_settings(config: &DynamoConfig) -> Vec<Setting> {
    let [first, second] = &config.regions;
    let lag = match &config.stand_in {
        Some(stand_in) => {
            let (shortest, longest) = stand_in.replication_lag_ms;
            format!("{shortest} to {longest} ms")
        }
        None if config.is_own() => "not known here".to_owned(),
        None => "by AWS, typically within a second".to_owned(),
    };
    vec![
        Setting::new("regions", format!("{}, {}", first.region, second.region)),
        Setting::new("replication lag", lag),
        Setting::new("connections per region", config.connections_per_region.to_string()),
        Setting::new(
            "SDK retries",
            format!(
                "reads: standard mode, {READ_ATTEMPTS} attempts, pauses {BACKOFF_MS} to {BACKOFF_MS_MAX} ms; puts: none"
            ),
        ),
        Setting::new(
            "puts sent again",
            format!(
                "throttled: up to {PUT_ATTEMPTS} attempts, random pauses up to {BACKOFF_MS} ms, doubling up to {BACKOFF_MS_MAX} ms; \
                 failed otherwise: once"
            ),
        ),
        Setting::new("connect timeout", format!("{CONNECT_TIMEOUT_MS} ms")),
        Setting::new("request timeout", format!("{REQUEST_TIMEOUT_MS} ms")),
        Setting::new("opening timeout", format!("{OPENING_TIMEOUT_MS} ms")),
    ]
}

/// What the database says of a table, in one line.
fn words(table: &TableDescription) -> String {
    let status = table.table_status().map(ToString::to_string);
    let billing = table.billing_mode_summary().and_then(|summary| summary.billing_mode()).map(ToString::to_string);
    let mode = table.multi_region_consistency().map(|mode| format!("multi-region consistency {mode}"));
    let replicas = table.replicas().iter().filter_map(|replica| replica.region_name()).collect::<Vec<_>>().join(", ");
    let replicas = (!replicas.is_empty()).then(|| format!("replicas {replicas}"));
    [status, billing, mode, replicas].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
