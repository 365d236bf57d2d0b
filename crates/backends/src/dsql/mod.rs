//! Aurora DSQL over tokio-postgres; the same code on PostgreSQL and on whatever else speaks its protocol.

mod ask;
mod classify;
mod clusters;
mod connector;
mod engine;
mod login;
mod office;
mod remedy;
mod runs;
mod said;
mod schema;
mod session;
mod tls;
mod trouble;
mod txn;
mod url;

pub use login::{Login, Tokens};
pub use tls::Roots;
pub use tokio_postgres::Config as Connect;
pub use txn::SqlTxn;
pub use url::InvalidUrl;

pub use connector::Pace;
use connector::{Connector, Turnstile};
use deadpool::{
    Runtime,
    managed::{Object, Pool, PoolConfig, PoolError, QueueMode, TimeoutType, Timeouts},
};
use futures::future::try_join_all;
use onsale::{BoxedError, Database, Failure, FloorId, FloorPlan, Region, Setting};
use std::{
    collections::HashSet,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::config::{Host, SslMode};
use trouble::Trouble;

/// A connection on loan from a pool.
type Client = Object<Connector>;

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
    /// See [`Database::settles_doubt`]; of somebody's own database it is known once the levels were asked for.
    settles_doubt: Arc<AtomicBool>,
    /// What the control plane said last, and when.
    clusters: tokio::sync::Mutex<Option<(Instant, Vec<Setting>)>>,
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
    /// The longest wait for a connection of the pool.
    pub pool_wait: Duration,
    /// How fast connections are opened; `None` where the server has no limit of its own.
    pub pace: Option<Pace>,
    /// What it is to the name that it goes by.
    pub role: Role,
    /// What it speaks.
    pub dialect: Dialect,
    /// Who can be asked about the clusters behind the endpoints.
    pub control_plane: ControlPlane,
    /// A schema of its own for the tables, as the known-bad control has; `None` leaves the server's default.
    pub schema: Option<&'static str>,
    /// Sent with every connection; `None` leaves the server's own level. Aurora DSQL has one level and refuses others.
    pub isolation: Option<&'static str>,
    /// What else stands in the open on the page.
    pub settings: Vec<Setting>,
}

impl SqlConfig {
    /// A database that speaks as PostgreSQL does, without limits of its own, under the names it gives.
    pub fn new(database: &'static str, endpoints: [SqlEndpoint; 2], role: Role) -> Self {
        Self {
            database,
            endpoints,
            plan: FloorPlan::default(),
            connections_per_region: CONNECTIONS,
            pool_wait: BURST_WAIT,
            pace: None,
            role,
            dialect: Dialect::Postgres,
            control_plane: ControlPlane::None,
            schema: None,
            isolation: None,
            settings: vec![],
        }
    }
}

/// What a database is to the name that it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Aurora DSQL itself.
    Itself,
    /// PostgreSQL on this machine, in its place.
    StandIn,
    /// Whatever somebody pointed WorldSeat at.
    Own,
}

/// Who can be asked about the clusters behind the endpoints; each is named by the first part of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlPlane {
    /// Nobody.
    None,
    /// AWS.
    Aws,
    /// Whoever answers at this URL in its place.
    At(String),
}

/// Where the SQL differs: one statement, and what a connection may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Aurora DSQL's, or that of an endpoint that behaves like it.
    Dsql,
    /// PostgreSQL's.
    Postgres,
}

/// One regional endpoint.
#[derive(Clone)]
pub struct SqlEndpoint {
    /// Its region.
    pub region: Region,
    /// Host, port, user, database.
    pub connect: Connect,
    /// How a connection is let in.
    pub login: Login,
    /// Who may have signed its certificate.
    pub roots: Roots,
}

impl SqlEndpoint {
    /// As the connect string says.
    pub fn own(region: Region, connect: Connect, roots: Roots) -> Self {
        Self { region, connect, login: Login::Own, roots }
    }

    /// As Aurora DSQL asks for it: encrypted, for the host's name, with a token for every connection.
    pub fn by_token(region: Region, host: &str, user: &str, tokens: Tokens, roots: Roots) -> Self {
        let mut connect = Connect::new();
        connect.host(host).user(user).dbname("postgres").ssl_mode(SslMode::Require);
        Self { region, connect, login: Login::Token(tokens), roots }
    }

    /// The same, where the name is not looked up but known.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.connect.hostaddr(address.ip()).port(address.port());
        self
    }

    /// The host's name as it was configured; it is what the certificate and the token are for.
    pub fn host(&self) -> String {
        match self.connect.get_hosts() {
            [Host::Tcp(host), ..] => host.clone(),
            [Host::Unix(path), ..] => path.display().to_string(),
            [] => self.connect.get_hostaddrs().first().map_or_else(|| "localhost".to_owned(), ToString::to_string),
        }
    }
}

impl fmt::Display for SqlEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.connect.get_ports().first().unwrap_or(&5432);
        write!(f, "{}:{port} ({})", self.host(), self.region)
    }
}

struct RegionPool {
    region: Region,
    pool: Pool<Connector>,
    /// Shared with the pools of [`SqlDatabase::with_connections`]: they are the same endpoint's connections.
    turnstile: Arc<Turnstile>,
    /// As many permits as the pool has connections: a burst reserves its share, so that two do not starve each other.
    places: Arc<Semaphore>,
}

/// Connections of a region's pool, unless it is said how many.
const CONNECTIONS: usize = 16;
/// After how long a silent connection is kept alive.
const KEEPALIVE_IDLE: Duration = Duration::from_mins(1);
/// The longest that a buyer of a burst waits for a connection of the pool.
const BURST_WAIT: Duration = Duration::from_mins(1);

impl SqlDatabase {
    /// Makes the pools; connects to nothing yet.
    ///
    /// # Errors
    /// If the root certificates cannot be read.
    pub fn new(config: SqlConfig) -> Result<Self, Failure> {
        let turnstiles = [Turnstile::new(config.pace), Turnstile::new(config.pace)];
        let settles_doubt = Arc::new(AtomicBool::new(config.role != Role::Own && config.isolation.is_none()));
        Self::paced(config, turnstiles, settles_doubt)
    }

    /// The same database with pools of its own for the buyers of bursts, who wait longer for a connection than a page.
    ///
    /// # Errors
    /// As [`SqlDatabase::new`].
    pub fn with_connections(&self, connections_per_region: usize) -> Result<Self, Failure> {
        let turnstiles = self.shared.regions.each_ref().map(|region| Arc::clone(&region.turnstile));
        Self::paced(
            SqlConfig { connections_per_region, pool_wait: BURST_WAIT, ..self.shared.config.clone() },
            turnstiles,
            Arc::clone(&self.shared.settles_doubt),
        )
    }

    fn paced(
        config: SqlConfig,
        turnstiles: [Arc<Turnstile>; 2],
        settles_doubt: Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let [first, second] = &config.endpoints;
        let [one, other] = turnstiles;
        let regions =
            [region_pool(&config, first, one, &settles_doubt)?, region_pool(&config, second, other, &settles_doubt)?];
        let (made, clusters) = Default::default();
        Ok(Self { shared: Arc::new(Shared { config, regions, made, settles_doubt, clusters }) })
    }

    fn config(&self) -> &SqlConfig {
        &self.shared.config
    }

    /// A connection for reading, in whichever region answers: it is one logical database.
    async fn client(&self) -> Result<Client, Failure> {
        let [first, second] = &self.shared.regions;
        match first.pool.get().await {
            Ok(client) => Ok(client),
            Err(_) => self.client_of(second).await,
        }
    }

    async fn client_of(&self, region: &RegionPool) -> Result<Client, Failure> {
        region.pool.get().await.map_err(|error| match error {
            PoolError::Backend(trouble) => self.trouble(trouble),
            PoolError::Timeout(TimeoutType::Wait) => Failure::PoolTimeout {
                database: self.config().database,
                region: region.region.clone(),
                connections: self.config().connections_per_region,
                waited_s: self.config().pool_wait.as_secs(),
            },
            other => self.unavailable(other),
        })
    }

    fn trouble(&self, trouble: Trouble) -> Failure {
        trouble.failure(self.config().database)
    }

    fn unavailable(&self, source: impl Into<BoxedError>) -> Failure {
        Failure::unavailable(self.config().database, source)
    }
}

impl Database for SqlDatabase {
    type Txn = SqlTxn;
    type Reservation = Vec<OwnedSemaphorePermit>;
    fn settles_doubt(&self) -> bool {
        self.shared.settles_doubt.load(Ordering::Relaxed)
    }

    async fn connect(&self, region: &Region) -> Result<SqlTxn, Failure> {
        let pool = self.shared.regions.iter().find(|r| r.region == *region);
        let pool = pool.ok_or_else(|| self.unavailable(format!("no endpoint in region {region}")))?;
        let client = self.client_of(pool).await?;
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
        // Each is asked something: one that died while it lay idle would cost a buyer the race.
        let open = self.shared.regions.iter().flat_map(|r| (0..connections).map(move |_| self.live_client_of(r)));
        let clients = try_join_all(open).await?;
        let prepare = clients.iter().map(|client| txn::prepare(client, self.config().database));
        try_join_all(prepare).await?;
        Ok(reservation)
    }
}

fn region_pool(
    config: &SqlConfig,
    endpoint: &SqlEndpoint,
    turnstile: Arc<Turnstile>,
    settles_doubt: &Arc<AtomicBool>,
) -> Result<RegionPool, Failure> {
    let unusable = |error: BoxedError| Failure::unavailable(config.database, error);
    let mut connect = endpoint.connect.clone();
    // What the URL says of these is used.
    connect.connect_timeout(connector::connect_timeout(&connect));
    if connect.get_application_name().is_none() {
        connect.application_name("worldseat");
    }
    // What lies between may forget a connection that is silent for minutes.
    if connect.get_keepalives_idle() == Connect::new().get_keepalives_idle() {
        connect.keepalives_idle(KEEPALIVE_IDLE);
    }
    let level = config.isolation.map(|level| level.replace(' ', "\\ "));
    let wishes = [("search_path", config.schema.map(str::to_owned)), ("default_transaction_isolation", level)];
    let wishes: Vec<_> =
        wishes.iter().filter_map(|(name, value)| Some(format!("-c {name}={}", value.as_ref()?))).collect();
    if !wishes.is_empty() {
        connect.options(wishes.join(" "));
    }
    let settles_doubt = (config.role == Role::Own).then(|| Arc::clone(settles_doubt));
    let connector = Connector::new(endpoint, connect, Arc::clone(&turnstile), settles_doubt).map_err(unusable)?;
    let pool = Pool::builder(connector)
        .config(PoolConfig {
            max_size: config.connections_per_region,
            // Opening one has its own timeout, which does not count the wait for the pace.
            timeouts: Timeouts { wait: Some(config.pool_wait), create: None, recycle: None },
            // Last in, first out: what was warmed last is used first.
            queue_mode: QueueMode::Lifo,
        })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| unusable(error.into()))?;
    let places = Arc::new(Semaphore::new(config.connections_per_region));
    Ok(RegionPool { region: endpoint.region.clone(), pool, turnstile, places })
}
