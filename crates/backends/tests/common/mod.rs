//! What the tests of the SQL side share: a private PostgreSQL, floors, buyers and bursts.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use backends::dsql::{Connect, Dialect, Role, Roots, SqlConfig, SqlDatabase, SqlEndpoint, Tokens};
use burst::{Burst, Clock, Event, Recorder, Unfinished};
use onsale::{
    Backend, BoxOffice, Buyer, Database, Failure, FloorId, Judged, Operation, Order, Plan, Run, RunId, Seat, SeatId,
    Ticket,
};
use standins::{Authority, DsqlEndpoint, Options, Postgres, PostgresOptions, REGIONS, RegionalEndpoint, StandIns};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Connections per region, as in the product.
pub const CONNECTIONS: usize = 64;
/// How the runs that are stored were judged.
pub const JUDGED: Judged = Judged { backend: Backend::Dsql, verdict: "linearizable" };
/// What the errors of [`sql`] call their database.
pub const NAME: &str = "PostgreSQL";

/// Which tables of a server, and how.
pub struct Sql {
    pub dbname: String,
    pub schema: &'static str,
    pub isolation: Option<&'static str>,
    pub connections: usize,
}

impl Default for Sql {
    fn default() -> Self {
        Self { dbname: standins::DATABASE.to_owned(), schema: "public", isolation: None, connections: CONNECTIONS }
    }
}

/// The database behind two regional endpoints.
pub fn sql(addresses: [SocketAddr; 2], which: Sql) -> SqlDatabase {
    let endpoint = |n: usize| {
        let mut connect = Connect::new();
        connect.host("127.0.0.1").port(addresses[n].port()).user(standins::USER).dbname(&which.dbname);
        SqlEndpoint::own(REGIONS[n].parse().unwrap(), connect, Roots::default())
    };
    SqlDatabase::new(SqlConfig {
        connections_per_region: which.connections,
        schema: Some(which.schema),
        isolation: which.isolation,
        ..SqlConfig::new(NAME, [endpoint(0), endpoint(1)], Role::StandIn)
    })
    .unwrap()
}

/// The database behind two endpoints that behave like Aurora DSQL's.
pub fn dsql(endpoints: &[DsqlEndpoint; 2], root_pem: &str) -> SqlDatabase {
    SqlDatabase::new(dsql_config(endpoints, root_pem)).unwrap()
}

/// How to reach it.
pub fn dsql_config(endpoints: &[DsqlEndpoint; 2], root_pem: &str) -> SqlConfig {
    let tokens = Tokens::fixed(standins::ACCESS_KEY, standins::SECRET_KEY);
    let endpoint = |endpoint: &DsqlEndpoint| {
        let (region, roots) = (endpoint.region().parse().unwrap(), Roots::Pem(root_pem.to_owned()));
        SqlEndpoint::by_token(region, endpoint.host(), "admin", tokens.clone(), roots).at(endpoint.addr())
    };
    SqlConfig {
        connections_per_region: CONNECTIONS,
        // No pace: kills and cuts make buyers connect more often than any cluster would let them.
        dialect: Dialect::Dsql,
        ..SqlConfig::new(NAME, endpoints.each_ref().map(endpoint), Role::StandIn)
    }
}

/// The stand-ins' addresses, as [`sql`] takes them.
pub fn addresses(endpoints: &[RegionalEndpoint; 2]) -> [SocketAddr; 2] {
    endpoints.each_ref().map(RegionalEndpoint::addr)
}

/// A PostgreSQL of one test's own, to be killed and cut off.
pub struct Engine {
    pub dsql: [DsqlEndpoint; 2],
    pub endpoints: [RegionalEndpoint; 2],
    pub postgres: Postgres,
    authority: Authority,
}

/// How the adapter reaches PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As itself: a conflict is told at the UPDATE.
    Postgres,
    /// Through what behaves like Aurora DSQL: TLS, tokens, conflicts at COMMIT.
    Dsql,
}

impl Engine {
    pub async fn start() -> Self {
        let postgres = Postgres::start(PostgresOptions::default()).await.unwrap();
        let socket = postgres.socket();
        let [first, second] = REGIONS.map(|region| RegionalEndpoint::start(region, &socket));
        let endpoints = [first.await.unwrap(), second.await.unwrap()];
        let authority = Authority::new().unwrap();
        // Statements are what these tests are about; the way between the regions would only slow them down.
        let dsql = standins::dsql_endpoints(&endpoints, standins::DATABASE, &authority, 0).await.unwrap();
        Self { dsql, endpoints, postgres, authority }
    }

    /// Its tables, made.
    pub async fn tables(&self, way: Way) -> Arc<SqlDatabase> {
        let db = match way {
            Way::Postgres => sql(addresses(&self.endpoints), Sql::default()),
            Way::Dsql => dsql(&self.dsql, self.authority.root_pem()),
        };
        db.create_tables().await.unwrap();
        Arc::new(db)
    }

    /// Whose certificates the endpoints in `dsql` have.
    pub fn root_pem(&self) -> &str {
        self.authority.root_pem()
    }

    /// A connection past the regional endpoints, which no fault reaches.
    pub async fn direct(&self) -> tokio_postgres::Client {
        direct(&self.postgres.config(standins::DATABASE)).await
    }

    pub async fn stop(self) {
        drop((self.dsql, self.endpoints));
        self.postgres.stop().await;
    }
}

/// A PostgreSQL that the tests of one binary share while any of them runs. It lives on a thread of its own, because
/// each test has a runtime of its own; the last test to let go of it ends it, so that nothing is left behind.
pub struct Server {
    pub addresses: [SocketAddr; 2],
    direct: tokio_postgres::Config,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// The one that is running, or a new one.
    pub fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = running.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start());
        *running = Arc::downgrade(&server);
        server
    }

    fn start() -> Self {
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engines = StandIns::start(Options::default()).await.unwrap();
                let direct = engines.postgres.config(standins::DATABASE);
                started.send((addresses(&engines.endpoints), direct)).unwrap();
                let _ = stopped.await;
                engines.stop().await;
            });
        });
        let (addresses, direct) = starting.recv().expect("PostgreSQL");
        Self { addresses, direct, stop: Some(stop), thread: Some(thread) }
    }

    /// A connection past the adapter.
    pub async fn direct(&self) -> tokio_postgres::Client {
        direct(&self.direct).await
    }

    /// An empty database beside the shared one.
    pub async fn create_database(&self) -> String {
        let name = format!("test_{:x}", fastrand::u64(..));
        self.direct().await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        name
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn direct(config: &tokio_postgres::Config) -> tokio_postgres::Client {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub fn seat(text: &str) -> SeatId {
    text.parse().unwrap()
}

pub fn new_floor() -> FloorId {
    FloorId::from_random(fastrand::u128(..))
}

/// A buyer's wish, with a ticket of its own.
pub fn order(floor: &FloorId, seat: SeatId, buyer: &str, region: usize) -> Order {
    Order {
        floor: floor.clone(),
        seat,
        buyer: buyer.parse().unwrap(),
        region: REGIONS[region].parse().unwrap(),
        ticket: Ticket::from_random(fastrand::u128(..)),
        run: None,
        attempt: 1,
        in_doubt: false,
    }
}

/// Buys without thinking, in one attempt.
pub struct Hasty;

impl Buyer for Hasty {
    fn connected(&mut self) {}
    fn saw(&mut self, _: &Seat) {}
    async fn thinks(&mut self) {}
}

/// Sells as the site does, with the retry loop.
pub async fn sell<D: Database>(db: &D, order: Order, think: Duration) -> Operation {
    burst::sell(db, order, Recorder::start(Clock::start(), think), fastrand::Rng::new()).await
}

/// One burst as the tests want it.
pub struct Wish<'a> {
    pub floor: &'a FloorId,
    pub seat: SeatId,
    pub buyers: u32,
    pub think_ms: u32,
    pub seed: u64,
}

impl Wish<'_> {
    pub async fn run<D: Database + BoxOffice>(&self, db: &Arc<D>) -> Result<Run, Failure> {
        self.watched(db, |_| ()).await
    }

    pub async fn watched<D: Database + BoxOffice>(
        &self,
        db: &Arc<D>,
        events: impl Fn(Event) + Clone + Send + 'static,
    ) -> Result<Run, Failure> {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        // Two test binaries, or two floors, with one seed must not make one ticket twice.
        let salt = fastrand::u128(..);
        let mut bits = || rng.u128(..) ^ salt;
        let plan = Plan {
            backend: Backend::Dsql, // a label
            seats: vec![self.seat],
            buyers: self.buyers,
            think_ms: self.think_ms,
            seed: self.seed,
            regions: db.regions().to_vec(),
            connections_per_region: u32::try_from(CONNECTIONS).unwrap(),
        };
        let tickets = (0..self.buyers).map(|_| Ticket::from_random(bits())).collect();
        let burst = Burst { id: RunId::from_random(bits()), floor: self.floor.clone(), plan, host: host(), tickets };
        let run = burst.run(Arc::clone(db), &**db, events).await;
        run.map_err(|(Unfinished::NotStarted(failure) | Unfinished::NotReadBack(failure))| failure)
    }
}

/// Who runs the buyers of these tests.
pub fn host() -> onsale::Host {
    onsale::Host { worldseat: "the tests".to_owned(), machine: "this machine".to_owned() }
}

/// Asks until the answer is yes; a no for 30 s is a failure.
pub async fn until<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let began = Instant::now();
    while !ask().await {
        assert!(began.elapsed() < Duration::from_secs(30), "30 s and still not: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
