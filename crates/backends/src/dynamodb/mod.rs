//! DynamoDB Global Tables, the foil: one table in two regions, written in both, the last writer wins.
//!
//! A purchase is a `GetItem` and two plain `PutItem`s (`txn.rs`); everything else is in `office.rs`.

mod classify;
mod client;
mod engine;
mod items;
mod office;
mod replica;
mod reset;
mod tables;
mod txn;
mod unite;

use client::Access;
use onsale::{Database, Engine, Failure, FloorPlan, Region};
use replica::Replica;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
pub use txn::NaiveTxn;

/// A handle on the two regional endpoints, with HTTP connections of its own. Cloning it shares them.
#[derive(Clone)]
pub struct GlobalTables {
    shared: Arc<Shared>,
}

/// Where the tables are and how many buyers may ask at once.
#[derive(Clone, Debug)]
pub struct DynamoConfig {
    /// The two replicas that buyers connect to.
    pub regions: [RegionalTable; 2],
    /// The table of seats: partition key `floor`, sort key `seat`.
    pub seats_table: String,
    /// The table of sales: partition key `floor`, sort key `sale` (seat#round#ticket).
    pub ledger_table: String,
    /// What answers in place of AWS, if something does.
    pub stand_in: Option<StandInIdentity>,
    /// The seats there are.
    pub plan: FloorPlan,
    /// How many buyers a region serves at once; the rest wait in [`Database::connect`].
    pub connections_per_region: usize,
}

/// One replica.
#[derive(Clone, Debug)]
pub struct RegionalTable {
    /// Its region.
    pub region: Region,
    /// Its endpoint, if it is not the region's own. Over plain `http://` no credentials are looked for.
    pub endpoint_url: Option<String>,
}

impl RegionalTable {
    /// The endpoint, or the region whose own it is.
    fn place(&self) -> String {
        self.endpoint_url.clone().unwrap_or_else(|| self.region.to_string())
    }
}

/// Who stands in for AWS.
#[derive(Clone, Debug)]
pub struct StandInIdentity {
    /// Name and version, such as "dynoxide 3.2.0".
    pub name: String,
    /// The shortest and the longest time until a write shows in the other region, in milliseconds.
    pub replication_lag_ms: (u32, u32),
}

struct Shared {
    config: DynamoConfig,
    access: [Access; 2],
    replicas: [Replica; 2],
    /// The pool's size once more: bursts that together want more connections than that queue behind each other.
    bursts: Arc<Semaphore>,
    /// What AWS said of the tables last, and when.
    described: Mutex<Option<(Instant, Engine)>>,
}

impl GlobalTables {
    /// Prepares the clients; the first request connects. Credentials come from the environment, as for any AWS tool.
    pub async fn open(config: DynamoConfig) -> Self {
        let [first, second] = &config.regions;
        let access = [client::access(first).await, client::access(second).await];
        Self::assemble(config, access)
    }

    /// A second handle on the same tables, with connections of its own, such as a burst's beside the service's.
    #[must_use]
    pub fn with_connections(&self, connections_per_region: usize) -> Self {
        Self::assemble(
            DynamoConfig { connections_per_region, ..self.shared.config.clone() },
            self.shared.access.clone(),
        )
    }

    /// How often a put was sent again since this handle was made, because its answer was an error or was lost.
    pub fn puts_repeated(&self) -> u64 {
        self.shared.replicas.iter().map(Replica::puts_repeated).sum()
    }

    fn assemble(config: DynamoConfig, access: [Access; 2]) -> Self {
        let [first, second] = &access;
        let replicas = [Replica::new(first, &config), Replica::new(second, &config)];
        let bursts = Arc::new(Semaphore::new(config.connections_per_region));
        Self { shared: Arc::new(Shared { config, access, replicas, bursts, described: Mutex::default() }) }
    }

    fn config(&self) -> &DynamoConfig {
        &self.shared.config
    }

    fn described(&self) -> &Mutex<Option<(Instant, Engine)>> {
        &self.shared.described
    }

    fn replicas(&self) -> &[Replica; 2] {
        &self.shared.replicas
    }

    fn replica(&self, region: &Region) -> Result<&Replica, Failure> {
        self.replicas().iter().find(|replica| replica.region() == region).ok_or_else(|| {
            let name = self.config().database();
            Failure::unavailable(name, format!("no replica in {region}"))
        })
    }
}

impl DynamoConfig {
    /// Whether something answers that is neither AWS nor our stand-in.
    fn is_own(&self) -> bool {
        self.stand_in.is_none() && self.regions.iter().any(|place| place.endpoint_url.is_some())
    }

    /// What errors call this database.
    fn database(&self) -> &'static str {
        if self.stand_in.is_some() { "DynamoDB (stand-in)" } else { "DynamoDB" }
    }
}

impl Database for GlobalTables {
    type Txn = NaiveTxn;
    type Reservation = Reservation;

    /// The seat's put and the ledger's are two; nothing fences the second attempt from the first.
    fn settles_doubt(&self) -> bool {
        false
    }

    async fn connect(&self, region: &Region) -> Result<NaiveTxn, Failure> {
        NaiveTxn::connect(self.replica(region)?).await
    }

    /// One count for both regions: a burst wants the same number in each, so taking them together cannot deadlock, and
    /// the queue is first come, first served. `connect` counts separately, so a burst never waits for its own reservation.
    async fn warm(&self, connections: usize) -> Result<Reservation, Failure> {
        let connections = connections.min(self.config().connections_per_region);
        let permits = u32::try_from(connections).unwrap_or(u32::MAX);
        let place = Arc::clone(&self.shared.bursts).acquire_many_owned(permits).await;
        let place = place.map_err(|closed| Failure::unavailable(self.config().database(), closed))?;
        let [first, second] = self.replicas();
        futures::try_join!(first.warm(connections), second.warm(connections))?;
        Ok(Reservation { _place: place })
    }
}

/// A burst's share of the pool, until dropped.
pub struct Reservation {
    _place: OwnedSemaphorePermit,
}
