//! What answers when no AWS is configured: a private PostgreSQL and two DynamoDB replicas.

mod data_dir;
mod dsql;
mod dynamodb;
mod endpoint;
mod error;
mod postgres;
mod replication;

use std::path::PathBuf;

use data_dir::DataDir;
pub use dsql::{Authority, Cluster, DsqlEndpoint, DsqlOptions};
pub use dynamodb::{ENGINE, GlobalTable, GlobalTableOptions, LAG_MS, Replica};
pub use endpoint::{Cut, RegionalEndpoint, When};
pub use error::Error;
pub use postgres::{DATABASE, Postgres, PostgresOptions, USER};

/// The two regions, in the order of every pair in this crate.
pub const REGIONS: [&str; 2] = ["us-east-1", "us-east-2"];

/// How the stand-ins are to be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Keep the data of both engines under this directory. `None` throws them away at the end.
    pub data: Option<PathBuf>,
    /// The one-way latency of each regional endpoint of PostgreSQL, in microseconds.
    pub latency_us: [u64; 2],
    /// Start the DynamoDB replicas as well.
    pub dynamodb: bool,
    /// Their least and greatest replication lag, in milliseconds.
    pub lag_ms: (u32, u32),
    /// How many connections PostgreSQL accepts at once.
    pub max_connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        let max_connections = PostgresOptions::default().max_connections;
        Self { data: None, latency_us: [0, 0], dynamodb: true, lag_ms: LAG_MS, max_connections }
    }
}

/// Both engines, each with its two regional endpoints.
///
/// [`StandIns::stop`] ends them in order. Dropping them ends them at once. Neither leaves a process or a stray
/// directory behind.
#[derive(Debug)]
pub struct StandIns {
    /// The endpoints of PostgreSQL, in the order of [`REGIONS`].
    pub endpoints: [RegionalEndpoint; 2],
    /// PostgreSQL at REPEATABLE READ, standing in for Aurora DSQL.
    pub postgres: Postgres,
    /// The DynamoDB replicas, standing in for DynamoDB global tables, if they were asked for.
    pub global_table: Option<GlobalTable>,
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
        for (endpoint, latency_us) in endpoints.iter().zip(options.latency_us) {
            endpoint.set_latency_us(latency_us);
        }
        Ok(Self { endpoints, postgres, global_table, data })
    }

    /// Ends both engines in order, and removes what was not to be kept.
    pub async fn stop(self) {
        let Self { endpoints, postgres, global_table, data } = self;
        drop(endpoints);
        tokio::join!(postgres.stop(), async {
            if let Some(global_table) = global_table {
                global_table.stop().await;
            }
        });
        drop(data);
    }
}
