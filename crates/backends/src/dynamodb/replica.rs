//! One region's replica and the requests that are sent to it. The SDK's futures are several kilobytes each, so they are
//! boxed here and stay out of every caller's.

use super::DynamoConfig;
use super::classify::{self, Fate, Request, Trouble, fate, indeterminate, unavailable};
use super::client::{self, Access};
use super::items::{Item, Malformed, SeatItem, sale_key, seat_key, seat_prefix, text};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::TableDescription;
use futures::future::try_join_all;
use onsale::{BoxedError, Failure, FloorId, Region, Round, SeatId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest that a buyer waits for a connection; the same on the SQL side.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

/// A regional endpoint: its HTTP connections, and how many buyers may use it at once. Cloning it shares both.
#[derive(Clone)]
pub(super) struct Replica {
    database: &'static str,
    region: Region,
    client: Client,
    seats_table: String,
    ledger_table: String,
    connections: Arc<Semaphore>,
    puts_repeated: Arc<AtomicU64>,
}

impl Replica {
    pub(super) fn new(access: &Access, config: &DynamoConfig) -> Self {
        Self {
            database: config.database(),
            region: access.region.clone(),
            client: client::connect(access),
            seats_table: config.seats_table.clone(),
            ledger_table: config.ledger_table.clone(),
            connections: Arc::new(Semaphore::new(config.connections_per_region)),
            puts_repeated: Arc::default(),
        }
    }

    /// The seat's item as this region has it now. A missing item means a seat that nobody has touched.
    pub(super) async fn read_seat(&self, floor: &FloorId, seat: SeatId) -> Result<SeatItem, Failure> {
        let get = self.client.get_item().table_name(&self.seats_table).set_key(Some(seat_key(floor, seat)));
        let answer = Box::pin(get.consistent_read(true).send()).await.map_err(|e| self.unavailable("GetItem", e))?;
        match answer.item {
            Some(item) => SeatItem::from_item(&item).map_err(|e| self.unavailable("GetItem", e)),
            None => Ok(SeatItem::untouched(seat)),
        }
    }

    pub(super) async fn put_seat(&self, floor: &FloorId, seat: SeatItem, stands: bool) -> Result<(), Failure> {
        self.put(&self.seats_table, seat.into_item(floor), stands).await
    }

    pub(super) async fn put_sale(&self, sale: Item, stands: bool) -> Result<(), Failure> {
        self.put(&self.ledger_table, sale, stands).await
    }

    /// Puts `item`, whatever is there. A throttled put was not carried out and is sent again a few times; any other that
    /// fails, the very same put, once. Only when no earlier put of the transaction `stands` and none of these was
    /// possibly carried out, nothing has happened.
    async fn put(&self, table: &str, item: Item, stands: bool) -> Result<(), Failure> {
        let put = self.client.put_item().table_name(table).set_item(Some(item));
        let (mut throttled, mut failed, mut doubtful) = (0, 0, stands);
        loop {
            let sent = put.clone().customize().config_override(client::puts()).send();
            let Err(error) = Box::pin(sent).await else { return Ok(()) };
            let fate = fate(&error);
            doubtful |= fate == Fate::Doubtful;
            let again = match fate {
                Fate::Throttled => throttled + 1 < client::PUT_ATTEMPTS,
                Fate::NotSent => doubtful && failed == 0,
                Fate::Refused | Fate::Doubtful => failed == 0,
            };
            if !again && doubtful {
                return Err(indeterminate(self.database, self.request("PutItem"), error));
            }
            if !again {
                return Err(self.unavailable("PutItem", error));
            }
            self.puts_repeated.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(region = %self.region, ?fate, "a put failed and is repeated");
            if fate == Fate::Throttled {
                let longest_ms = (client::BACKOFF_MS << throttled).min(client::BACKOFF_MS_MAX);
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=longest_ms))).await;
                throttled += 1;
            } else {
                failed += 1;
            }
        }
    }

    /// Every seat item of the floor.
    pub(super) async fn read_floor(&self, floor: &FloorId) -> Result<Vec<SeatItem>, Failure> {
        let query = self.client.query().table_name(&self.seats_table);
        let query = query.key_condition_expression("floor = :floor").expression_attribute_values(":floor", text(floor));
        self.read_all(query, SeatItem::from_item).await
    }

    /// A query of the floor's partition of the ledger, to be narrowed and given to [`Replica::read_all`].
    pub(super) fn query_ledger(&self) -> QueryFluentBuilder {
        self.client.query().table_name(&self.ledger_table)
    }

    /// The latest round of `seat` that has a sale in this region's ledger.
    pub(super) async fn latest_round_sold(&self, floor: &FloorId, seat: SeatId) -> Result<Option<Round>, Failure> {
        let query = self.query_ledger();
        let query = query.key_condition_expression("floor = :floor AND begins_with(sale, :seat)");
        let query = query.expression_attribute_values(":floor", text(floor));
        let query = query.expression_attribute_values(":seat", text(seat_prefix(seat)));
        let latest = query.scan_index_forward(false).limit(1).consistent_read(true);
        let answer = Box::pin(latest.send()).await.map_err(|e| self.unavailable("Query", e))?;
        let key = answer.items().first().map(sale_key).transpose().map_err(|e| self.unavailable("Query", e))?;
        Ok(key.map(|(_, round, _)| round))
    }

    /// Every item that `query` finds, page after page, each page as this region has it now.
    pub(super) async fn read_all<T>(
        &self,
        query: QueryFluentBuilder,
        read: impl Fn(&Item) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Failure> {
        let mut items = query.consistent_read(true).into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|e| self.unavailable("Query", e))?;
            all.push(read(&item).map_err(|e| self.unavailable("Query", e))?);
        }
        Ok(all)
    }

    /// What DynamoDB says of a table now; the failure names the mend.
    pub(super) async fn describe(&self, table: &str) -> Result<TableDescription, Failure> {
        let answer = Box::pin(self.client.describe_table().table_name(table).send()).await;
        let described = answer.map_err(|error| self.trouble("DescribeTable", table, error))?.table;
        described.ok_or_else(|| self.unavailable("DescribeTable", "an answer without a table"))
    }

    /// A request about `table` failed: in one line what, where, and the mend.
    pub(super) fn trouble<E>(&self, request: &'static str, table: &str, error: SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let said = match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, _) => classify::told(&error),
        };
        let what = format!("{request} of table {table} in {}: {said}", self.region);
        let mend = classify::mend(request, error.code());
        Failure::unavailable(self.database, Trouble { what, mend, source: Some(error.into()) })
    }

    /// Waits until fewer buyers than the pool's size are at this region's counter.
    pub(super) async fn connection(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let permit = tokio::time::timeout(WAIT_TIMEOUT, Arc::clone(&self.connections).acquire_owned()).await;
        let permit = permit.map_err(|late| Failure::unavailable(self.database, late))?;
        permit.map_err(|closed| Failure::unavailable(self.database, closed))
    }

    /// Opens about `connections` connections by asking for a seat that does not exist, that often at once. Over a
    /// network every request finds the others unanswered and connects; on one machine some may find a connection free
    /// already, where opening one later costs a tenth of a millisecond.
    pub(super) async fn warm(&self, connections: usize) -> Result<(), Failure> {
        // No floor is called this: a space is not allowed in a floor's id.
        let nobody = [("floor", "warm up"), ("seat", "none")].map(|(name, value)| (name.to_owned(), text(value)));
        let get = self.client.get_item().table_name(&self.seats_table).set_key(Some(Item::from(nobody)));
        let asked = (0..connections).map(|_| get.clone().send());
        try_join_all(asked).await.map_err(|e| self.unavailable("GetItem", e))?;
        Ok(())
    }

    pub(super) fn unavailable(&self, request: &'static str, source: impl Into<BoxedError>) -> Failure {
        unavailable(self.database, self.request(request), source)
    }

    pub(super) fn database(&self) -> &'static str {
        self.database
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    pub(super) fn puts_repeated(&self) -> u64 {
        self.puts_repeated.load(Ordering::Relaxed)
    }

    fn request(&self, name: &'static str) -> Request {
        Request { name, region: self.region.clone() }
    }
}
