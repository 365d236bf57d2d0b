//! What answers when no AWS is configured: a private PostgreSQL and two DynamoDB replicas.

mod data_dir;
mod dsql;
mod dynamodb;
mod endpoint;
mod error;
mod postgres;
mod replication;

use std::path::PathBuf;
use std::sync::Arc;

use tokio_postgres::Config;

use data_dir::DataDir;
pub use dsql::{Authority, Cluster, DsqlEndpoint, DsqlOptions};
pub use dynamodb::{ENGINE, GlobalTable, GlobalTableOptions, LAG_MS, Replica};
pub use endpoint::{Cut, RegionalEndpoint, When};
pub use error::Error;
pub use postgres::{DATABASE, Postgres, PostgresOptions, USER};

/// The two regions, in the order of every pair in this crate.
pub const REGIONS: [&str; 2] = ["us-east-1", "us-east-2"];

/// What access tokens for the endpoints that behave like Aurora DSQL's are signed with: no secret, only a way to have
/// every connection carry a token that is really checked.
pub const ACCESS_KEY: &str = "STANDIN";
/// Its secret part.
pub const SECRET_KEY: &str = "stand-in";

/// How the stand-ins are to be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Keep the data of both engines under this directory. `None` throws them away at the end.
    pub data: Option<PathBuf>,
    /// How much longer COMMIT takes through the endpoints that behave like Aurora DSQL's, in milliseconds.
    pub commit_latency_ms: u64,
    /// Start the DynamoDB replicas as well.
    pub dynamodb: bool,
    /// Their least and greatest replication lag, in milliseconds.
    pub lag_ms: (u32, u32),
    /// How many connections PostgreSQL accepts at once.
    pub max_connections: u32,
}

/// What the agreement of two regions as far apart as these takes at COMMIT by default, in milliseconds.
pub const COMMIT_LATENCY_MS: u64 = 10;

impl Default for Options {
    fn default() -> Self {
        let max_connections = PostgresOptions::default().max_connections;
        Self { data: None, commit_latency_ms: COMMIT_LATENCY_MS, dynamodb: true, lag_ms: LAG_MS, max_connections }
    }
}

/// Both engines, each with its two regional endpoints.
///
/// [`StandIns::stop`] ends them in order. Dropping them ends them at once. Neither leaves a process or a stray
/// directory behind.
#[derive(Debug)]
pub struct StandIns {
    /// What behaves as the two endpoints of an Aurora DSQL cluster do, in the order of [`REGIONS`], each before one of
    /// `endpoints`.
    pub dsql: [DsqlEndpoint; 2],
    /// The endpoints of PostgreSQL itself, in the same order.
    pub endpoints: [RegionalEndpoint; 2],
    /// PostgreSQL at REPEATABLE READ, standing in for Aurora DSQL.
    pub postgres: Postgres,
    /// The DynamoDB replicas, standing in for DynamoDB global tables, if they were asked for.
    pub global_table: Option<GlobalTable>,
    authority: Authority,
    data: Option<DataDir>,
}

impl StandIns {
    /// Starts both engines at the same time.
    ///
    /// # Errors
    /// Any [`Error`]; its message names the mend. What had started by then has ended again.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let data = options.data.as_deref().map(DataDir::claim).transpose()?;
        let postgres =
            PostgresOptions { data: data.as_ref().map(DataDir::postgres), max_connections: options.max_connections };
        let global_table = GlobalTableOptions { data: data.as_ref().map(DataDir::dynamodb), lag_ms: options.lag_ms };
        let replicas =
            async { if options.dynamodb { GlobalTable::start(global_table).await.map(Some) } else { Ok(None) } };
        let (postgres, global_table) = tokio::try_join!(Postgres::start(postgres), replicas)?;
        let socket = postgres.socket();
        let endpoints =
            [RegionalEndpoint::start(REGIONS[0], &socket).await?, RegionalEndpoint::start(REGIONS[1], &socket).await?];
        let authority = Authority::new()?;
        let dsql = dsql_endpoints(&endpoints, DATABASE, &authority, options.commit_latency_ms).await?;
        Ok(Self { dsql, endpoints, postgres, global_table, authority, data })
    }

    /// The certificate authority of the endpoints in `dsql`, in PEM form. Nobody else's certificates are signed by it.
    pub fn root_pem(&self) -> &str {
        self.authority.root_pem()
    }

    /// Ends both engines in order, and removes what was not to be kept.
    pub async fn stop(self) {
        let Self { dsql, endpoints, postgres, global_table, authority: _, data } = self;
        drop((dsql, endpoints));
        tokio::join!(postgres.stop(), async {
            if let Some(global_table) = global_table {
                global_table.stop().await;
            }
        });
        drop(data);
    }
}

/// The two endpoints of one cluster, each before one of PostgreSQL's, whose `database` it is.
///
/// # Errors
/// As [`DsqlEndpoint::start`].
pub async fn dsql_endpoints(
    before: &[RegionalEndpoint; 2],
    database: &str,
    authority: &Authority,
    commit_latency_ms: u64,
) -> Result<[DsqlEndpoint; 2], Error> {
    let cluster = Arc::new(Cluster::new());
    let options = DsqlOptions { commit_latency_ms, ..DsqlOptions::new(ACCESS_KEY, SECRET_KEY) };
    let start = |endpoint: &RegionalEndpoint| {
        let mut upstream = Config::new();
        upstream.host(endpoint.addr().ip().to_string()).port(endpoint.addr().port()).user(USER).dbname(database);
        DsqlEndpoint::start(endpoint.region(), upstream, authority, &cluster, options.clone())
    };
    let [first, second] = before;
    Ok([start(first).await?, start(second).await?])
}
