//! Which databases answer. Backends are chosen here and nowhere else; each is handed to the purchase by one line of
//! [`service`], [`Counter::over`].

use crate::host;
use anyhow::Context;
use app::service::{Counter, Service, Shop};
use backends::{
    dsql::{SqlConfig, SqlDatabase, SqlEndpoint},
    dynamodb::{DynamoConfig, GlobalTables, RegionalTable, StandInIdentity},
};
use onsale::{Backend, FloorPlan, Setting};
use standins::StandIns;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// What the engines and the service can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct EngineOptions {
    /// Keep the stand-ins' data in this directory. Without it, it is thrown away at the end.
    #[arg(long, env = "WORLDSEAT_DATA")]
    pub data: Option<PathBuf>,
    /// Add the known-bad control: the same PostgreSQL at READ COMMITTED, as backend `control`.
    #[arg(long)]
    pub control: bool,
    /// The most buyers of one burst.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub buyers_max: u32,
    /// How many buyers of a burst a region serves at once; the rest queue. The same on every backend.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub connections: u32,
    /// Who records a stress test must send this key. Without it, only this machine may record one.
    #[arg(long, env = "WORLDSEAT_RECORD_KEY", hide_env_values = true)]
    pub record_key: Option<String>,
    /// One-way latency of each regional endpoint of the PostgreSQL stand-in, in microseconds.
    #[arg(long, default_values_t = [0, 0], num_args = 2, value_names = ["FIRST", "SECOND"])]
    pub latency_us: Vec<u64>,
    /// Least and greatest replication lag of the DynamoDB stand-in, in milliseconds.
    #[arg(long, default_values_t = [500, 1000], num_args = 2, value_names = ["LEAST", "GREATEST"])]
    pub lag_ms: Vec<u32>,
}

/// Connections per region that serve the site; bursts have pools of their own.
const SITE_CONNECTIONS: u32 = 16;
/// What PostgreSQL keeps free for its own and for somebody looking in.
const SPARE_CONNECTIONS: u32 = 16;

/// Starts the stand-ins.
pub async fn start(options: &EngineOptions) -> anyhow::Result<StandIns> {
    let backends = if options.control { 2 } else { 1 };
    let engines = standins::Options {
        data: options.data.clone(),
        latency_us: [options.latency_us[0], options.latency_us[1]],
        lag_ms: (options.lag_ms[0], options.lag_ms[1]),
        max_connections: backends * 2 * (options.connections + SITE_CONNECTIONS) + SPARE_CONNECTIONS,
    };
    StandIns::start(engines).await.context("the stand-ins could not be started")
}

/// Puts the service together over the running engines.
pub async fn service(engines: &StandIns, options: &EngineOptions) -> anyhow::Result<Arc<Service>> {
    let plan = FloorPlan::default();
    let site = usize::try_from(SITE_CONNECTIONS)?;
    let crowd = usize::try_from(options.connections)?;
    let mut shops: BTreeMap<Backend, Arc<dyn Shop>> = BTreeMap::new();

    let product = SqlDatabase::new(sql(engines, plan, "PostgreSQL (stand-in for Aurora DSQL)", "public", None)?)?;
    product.create_tables().await?;
    let dsql = product.clone();
    let (at_site, at_burst) = (dsql.clone(), dsql.with_connections(crowd)?);
    shops.insert(Backend::Dsql, Counter::over(at_site, at_burst, options.connections));

    let foil = GlobalTables::open(dynamodb(engines, plan)?).await;
    foil.create_tables().await?;
    let (at_site, at_burst) = (foil.with_connections(site), foil.with_connections(crowd));
    shops.insert(Backend::Naive, Counter::over(at_site, at_burst, options.connections));

    if options.control {
        let config = sql(engines, plan, "PostgreSQL (known-bad control)", "control", Some("read committed"))?;
        let control = SqlDatabase::new(config)?;
        control.create_tables().await?;
        let (at_site, at_burst) = (control.with_connections(site)?, control.with_connections(crowd)?);
        shops.insert(Backend::Control, Counter::over(at_site, at_burst, options.connections));
    }
    Ok(Arc::new(Service::new(
        plan,
        options.buyers_max,
        host::host(),
        options.record_key.clone(),
        shops,
        Arc::new(product),
    )))
}

fn sql(
    engines: &StandIns,
    plan: FloorPlan,
    database: &'static str,
    schema: &'static str,
    isolation: Option<&'static str>,
) -> anyhow::Result<SqlConfig> {
    let endpoint = |endpoint: &standins::RegionalEndpoint| {
        let mut connect = backends::dsql::Connect::new();
        connect.host(endpoint.addr().ip().to_string()).port(endpoint.addr().port());
        connect.user(standins::USER).dbname(standins::DATABASE);
        anyhow::Ok(SqlEndpoint { region: endpoint.region().parse()?, connect })
    };
    let [first, second] = &engines.endpoints;
    let keeps = if engines.postgres.keeps_data() { "on" } else { "off: the data is thrown away at the end" };
    let latency = engines.endpoints.each_ref().map(|e| format!("{} µs", e.latency_us()));
    Ok(SqlConfig {
        database,
        endpoints: [endpoint(first)?, endpoint(second)?],
        plan,
        connections_per_region: usize::try_from(SITE_CONNECTIONS)?,
        stand_in: true,
        schema,
        isolation,
        settings: vec![
            Setting::new("fsync", keeps),
            Setting::new("one-way latency of the regional endpoints", latency.join(", ")),
        ],
    })
}

fn dynamodb(engines: &StandIns, plan: FloorPlan) -> anyhow::Result<DynamoConfig> {
    let table = &engines.global_table;
    let regional = |replica: &standins::Replica| {
        anyhow::Ok(RegionalTable { region: replica.region().parse()?, endpoint_url: Some(replica.url()) })
    };
    let [first, second] = table.replicas();
    Ok(DynamoConfig {
        regions: [regional(first)?, regional(second)?],
        seats_table: "seats".to_owned(),
        ledger_table: "ledger".to_owned(),
        stand_in: Some(StandInIdentity {
            name: table.version().to_owned(),
            replication_lag_ms: table.replication_lag_ms(),
        }),
        plan,
        connections_per_region: usize::try_from(SITE_CONNECTIONS)?,
    })
}
