//! Aurora DSQL over tokio-postgres; the same code on PostgreSQL, which stands in for it.

mod classify;
mod office;
mod runs;
mod schema;
mod txn;

pub use tokio_postgres::Config as Connect;
pub use txn::SqlTxn;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolConfig, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use futures::future::try_join_all;
use onsale::{BoxedError, Database, Failure, FloorId, FloorPlan, Region, Setting};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::NoTls;

/// One logical database with two regional endpoints, and a pool of connections to each. Cloning shares the pools.
#[derive(Clone)]
pub struct SqlDatabase {
    shared: Arc<Shared>,
}

struct Shared {
    config: SqlConfig,
    regions: [RegionPool; 2],
    /// Floors whose rows are known to be there.
    made: Mutex<HashSet<FloorId>>,
}

/// What to connect to, and how.
#[derive(Clone)]
pub struct SqlConfig {
    /// The name that errors call it by, such as "Aurora DSQL".
    pub database: &'static str,
    /// The two regional endpoints.
    pub endpoints: [SqlEndpoint; 2],
    /// Seats a floor has.
    pub plan: FloorPlan,
    /// Connections a region's pool holds; as many buyers are in the database at once.
    pub connections_per_region: usize,
    /// Whether PostgreSQL stands in for Aurora DSQL.
    pub stand_in: bool,
    /// The schema the tables live in; the known-bad control has one of its own.
    pub schema: &'static str,
    /// Sent with every connection; `None` leaves the server's own level. Aurora DSQL has one level and refuses others.
    pub isolation: Option<&'static str>,
    /// What else stands in the open on the page.
    pub settings: Vec<Setting>,
}

/// One regional endpoint.
#[derive(Clone)]
pub struct SqlEndpoint {
    /// Its region.
    pub region: Region,
    /// Host, port, user, database.
    pub connect: Connect,
}

struct RegionPool {
    region: Region,
    pool: Pool,
    /// As many permits as the pool has connections: a burst reserves its share, so that two do not starve each other.
    places: Arc<Semaphore>,
}

/// The longest that opening one connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that a buyer waits for a connection of the pool.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

impl SqlDatabase {
    /// Makes the pools; connects to nothing yet.
    pub fn new(config: SqlConfig) -> Result<Self, Failure> {
        let [first, second] = &config.endpoints;
        let regions = [region_pool(&config, first)?, region_pool(&config, second)?];
        Ok(Self { shared: Arc::new(Shared { regions, config, made: Mutex::default() }) })
    }

    /// The same database with pools of its own of another size.
    pub fn with_connections(&self, connections_per_region: usize) -> Result<Self, Failure> {
        Self::new(SqlConfig { connections_per_region, ..self.shared.config.clone() })
    }

    fn config(&self) -> &SqlConfig {
        &self.shared.config
    }

    /// A connection for reading, in whichever region answers: it is one logical database.
    async fn client(&self) -> Result<Object, Failure> {
        let [first, second] = &self.shared.regions;
        match first.pool.get().await {
            Ok(client) => Ok(client),
            Err(_) => second.pool.get().await.map_err(|e| self.unavailable(e)),
        }
    }

    fn unavailable(&self, source: impl Into<BoxedError>) -> Failure {
        Failure::unavailable(self.config().database, source)
    }
}

impl Database for SqlDatabase {
    type Txn = SqlTxn;
    type Reservation = Vec<OwnedSemaphorePermit>;
    const SETTLES_DOUBT: bool = true;

    async fn connect(&self, region: &Region) -> Result<SqlTxn, Failure> {
        let pool = self.shared.regions.iter().find(|r| r.region == *region);
        let pool = &pool.ok_or_else(|| self.unavailable(format!("no endpoint in region {region}")))?.pool;
        let client = pool.get().await.map_err(|e| self.unavailable(e))?;
        Ok(SqlTxn::new(client, self.config().database))
    }

    async fn warm(&self, connections: usize) -> Result<Self::Reservation, Failure> {
        let connections = connections.min(self.config().connections_per_region);
        let count = u32::try_from(connections).unwrap_or(u32::MAX);
        let mut reservation = Vec::new();
        // Always in the same order, so that two bursts cannot each hold what the other waits for.
        for region in &self.shared.regions {
            let places = Arc::clone(&region.places).acquire_many_owned(count).await;
            reservation.push(places.map_err(|e| self.unavailable(e))?);
        }
        let open = self.shared.regions.iter().flat_map(|r| (0..connections).map(|_| r.pool.get()));
        let clients = try_join_all(open).await.map_err(|e| self.unavailable(e))?;
        let prepare = clients.iter().map(|client| txn::prepare(client, self.config().database));
        try_join_all(prepare).await?;
        Ok(reservation)
    }
}

fn region_pool(config: &SqlConfig, endpoint: &SqlEndpoint) -> Result<RegionPool, Failure> {
    let mut connect = endpoint.connect.clone();
    connect.connect_timeout(CONNECT_TIMEOUT).application_name("worldseat");
    if config.stand_in {
        let level = config.isolation.map(|level| level.replace(' ', "\\ "));
        let level = level.map_or_else(String::new, |level| format!(" -c default_transaction_isolation={level}"));
        connect.options(format!("-c search_path={}{level}", config.schema));
    }
    // Fast: a connection is only asked whether it is still open. A purchase finds out the rest.
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let pool = Pool::builder(Manager::from_config(connect, NoTls, manager))
        .config(PoolConfig {
            max_size: config.connections_per_region,
            timeouts: Timeouts { wait: Some(WAIT_TIMEOUT), create: Some(CONNECT_TIMEOUT), recycle: None },
            // Last in, first out: what was warmed last is used first.
            queue_mode: QueueMode::Lifo,
        })
        .pre_recycle(Hook::sync_fn(|client, _| {
            if client.is_closed() { Err(HookError::message("the server closed this connection")) } else { Ok(()) }
        }))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| Failure::unavailable(config.database, e))?;
    let places = Arc::new(Semaphore::new(config.connections_per_region));
    Ok(RegionPool { region: endpoint.region.clone(), pool, places })
}
