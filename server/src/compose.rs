//! Which databases answer. Backends are chosen here and nowhere else; each is handed to the purchase by one line of
//! [`service`], [`Counter::over`].

use crate::{
    config::{Choice, EngineOptions, Foil, Product, mask::masked},
    host, open_files,
};
use anyhow::Context;
use app::service::{Counter, Service, Shop};
use backends::{
    dsql::{Connect, ControlPlane, Dialect, Pace, Role, Roots, SqlConfig, SqlDatabase, SqlEndpoint, Tokens},
    dynamodb::{DynamoConfig, GlobalTables, RegionalTable, StandInIdentity},
};
use onsale::{Backend, Failure, FloorPlan, Region, Setting};
use standins::StandIns;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The longest that a page or a call of the API waits for a connection.
const SITE_WAIT: Duration = Duration::from_secs(3);
/// What PostgreSQL keeps free for its own and for somebody looking in.
const SPARE_CONNECTIONS: u32 = 16;

/// Whether URLs and certificates can be read; connects to nothing.
///
/// # Errors
/// Names the one that cannot, without its password.
pub fn can_be_read(options: &EngineOptions, choice: &Choice) -> anyhow::Result<()> {
    let roots = roots(options)?;
    if let Product::Own(places) = &choice.product {
        for place in places {
            own(place, &roots)?;
        }
    }
    Ok(())
}

/// Starts the stand-ins that the choice needs, if it needs any.
pub async fn start(options: &EngineOptions, choice: &Choice) -> anyhow::Result<Option<StandIns>> {
    // A stand-in's connection passes two endpoints of this process, each with two ends.
    let sql = if choice.product == Product::StandIn { 5 } else { 1 };
    let foil = match choice.foil {
        None => 0,
        Some(Foil::DynamoDb(_)) => 1,
        Some(Foil::StandIn) => 2,
    };
    let control = if options.control { 3 } else { 0 };
    open_files::check(options.connections + options.site_connections, sql + foil + control)?;
    if choice.product != Product::StandIn {
        return Ok(None);
    }
    let backends = if options.control { 2 } else { 1 };
    let engines = standins::Options {
        data: options.data.clone(),
        commit_latency_ms: options.commit_latency_ms,
        dynamodb: choice.foil == Some(Foil::StandIn),
        lag_ms: (options.lag_ms[0], options.lag_ms[1]),
        max_connections: backends * 2 * (options.connections + options.site_connections) + SPARE_CONNECTIONS,
    };
    StandIns::start(engines).await.map(Some).context("the stand-ins could not be started")
}

/// Puts the service together over the databases of the choice; `engines` are those that stand in.
pub async fn service(
    engines: Option<&StandIns>,
    options: &EngineOptions,
    choice: &Choice,
) -> anyhow::Result<Arc<Service>> {
    let plan = FloorPlan::default();
    let site = usize::try_from(options.site_connections)?;
    let crowd = usize::try_from(options.connections)?;
    let mut shops: BTreeMap<Backend, Arc<dyn Shop>> = BTreeMap::new();

    let product = SqlDatabase::new(product(engines, options, &choice.product, plan).await?)?;
    product.create_tables().await.map_err(line)?;
    let dsql = product.clone();
    let (at_site, at_burst) = (dsql.clone(), dsql.with_connections(crowd)?);
    shops.insert(Backend::Dsql, Counter::<SqlDatabase>::over(at_site, at_burst, options.connections));

    if let Some(foil) = foil(engines, options, choice.foil.as_ref(), plan)? {
        let foil = GlobalTables::open(foil).await;
        foil.create_tables().await.map_err(line)?;
        let (at_site, at_burst) = (foil.with_connections(site), foil.with_connections(crowd));
        shops.insert(Backend::Naive, Counter::<GlobalTables>::over(at_site, at_burst, options.connections));
    }

    if let (true, Some(engines)) = (options.control, engines) {
        let control = SqlDatabase::new(control(engines, options, plan)?)?;
        control.create_tables().await.map_err(line)?;
        let (at_site, at_burst) = (control.clone(), control.with_connections(crowd)?);
        shops.insert(Backend::Control, Counter::<SqlDatabase>::over(at_site, at_burst, options.connections));
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

/// The failure's own words name the thing and the mend; its causes would only say it again.
fn line(failure: Failure) -> anyhow::Error {
    anyhow::Error::msg(failure.to_string())
}

async fn product(
    engines: Option<&StandIns>,
    options: &EngineOptions,
    product: &Product,
    plan: FloorPlan,
) -> anyhow::Result<SqlConfig> {
    let endpoints = sql_endpoints(engines, options, product).await?;
    let config = |database, role| SqlConfig {
        plan,
        connections_per_region: options.site_connections as usize,
        pool_wait: SITE_WAIT,
        ..SqlConfig::new(database, endpoints, role)
    };
    let like_dsql = |config| SqlConfig { pace: Some(Pace::DSQL), dialect: Dialect::Dsql, ..config };
    Ok(match product {
        Product::Dsql(_) => {
            SqlConfig { control_plane: ControlPlane::Aws, ..like_dsql(config("Aurora DSQL", Role::Itself)) }
        }
        Product::Own(_) => config("the database under test", Role::Own),
        Product::StandIn => {
            let latency = Setting::new("what COMMIT takes longer", format!("{} ms", options.commit_latency_ms));
            SqlConfig {
                settings: engines.map(keeping).into_iter().chain([latency]).collect(),
                ..like_dsql(config("PostgreSQL (stand-in for Aurora DSQL)", Role::StandIn))
            }
        }
    })
}

async fn sql_endpoints(
    engines: Option<&StandIns>,
    options: &EngineOptions,
    product: &Product,
) -> anyhow::Result<[SqlEndpoint; 2]> {
    let roots = roots(options)?;
    match (product, engines) {
        (Product::Dsql(places), _) => {
            let tokens = Tokens::from_environment(&places[0].0).await;
            Ok(places.clone().map(|(region, host)| {
                SqlEndpoint::by_token(region, &host, &options.dsql_user, tokens.clone(), roots.clone())
            }))
        }
        (Product::Own(places), _) => {
            let [first, second] = places;
            Ok([own(first, &roots)?, own(second, &roots)?])
        }
        (Product::StandIn, Some(engines)) => stand_in(engines),
        (Product::StandIn, None) => anyhow::bail!("the stand-ins are not running"),
    }
}

fn roots(options: &EngineOptions) -> anyhow::Result<Roots> {
    let Some(path) = &options.sql_root_cert else { return Ok(Roots::Public) };
    let name = || format!("--sql-root-cert {}", path.display());
    let file = std::fs::read(path).with_context(|| format!("{} cannot be read", name()))?;
    Roots::of_file(&file).map_err(anyhow::Error::from_boxed).with_context(name)
}

fn own((region, url): &(Region, String), roots: &Roots) -> anyhow::Result<SqlEndpoint> {
    let named = || format!("--sql-urls: {}", masked(url));
    SqlEndpoint::from_url(region.clone(), url, roots.clone()).with_context(named)
}

/// The stand-in's endpoints ask for what Aurora DSQL asks for: encryption, and a token signed with a key they know.
fn stand_in(engines: &StandIns) -> anyhow::Result<[SqlEndpoint; 2]> {
    let tokens = Tokens::fixed(standins::ACCESS_KEY, standins::SECRET_KEY);
    let endpoint = |endpoint: &standins::DsqlEndpoint| {
        let roots = Roots::Pem(engines.root_pem().to_owned());
        let region = endpoint.region().parse()?;
        anyhow::Ok(SqlEndpoint::by_token(region, endpoint.host(), "admin", tokens.clone(), roots).at(endpoint.addr()))
    };
    let [first, second] = &engines.dsql;
    Ok([endpoint(first)?, endpoint(second)?])
}

/// The same PostgreSQL without what makes its stand-in behave like Aurora DSQL, and at a level that loses updates.
fn control(engines: &StandIns, options: &EngineOptions, plan: FloorPlan) -> anyhow::Result<SqlConfig> {
    let endpoint = |endpoint: &standins::RegionalEndpoint| {
        let mut connect = Connect::new();
        connect.host(endpoint.addr().ip().to_string()).port(endpoint.addr().port());
        connect.user(standins::USER).dbname(standins::DATABASE);
        anyhow::Ok(SqlEndpoint::own(endpoint.region().parse()?, connect, Roots::default()))
    };
    let [first, second] = &engines.endpoints;
    let endpoints = [endpoint(first)?, endpoint(second)?];
    Ok(SqlConfig {
        plan,
        connections_per_region: options.site_connections as usize,
        pool_wait: SITE_WAIT,
        schema: Some("control"),
        isolation: Some("read committed"),
        settings: vec![keeping(engines)],
        ..SqlConfig::new("PostgreSQL (known-bad control)", endpoints, Role::StandIn)
    })
}

fn keeping(engines: &StandIns) -> Setting {
    Setting::new(
        "data",
        if engines.postgres.keeps_data() { "kept" } else { "thrown away at the end, so it is not forced to disk" },
    )
}

fn foil(
    engines: Option<&StandIns>,
    options: &EngineOptions,
    foil: Option<&Foil>,
    plan: FloorPlan,
) -> anyhow::Result<Option<DynamoConfig>> {
    let tables = |seats: &str, ledger: &str, regions, stand_in| {
        anyhow::Ok(Some(DynamoConfig {
            regions,
            seats_table: seats.to_owned(),
            ledger_table: ledger.to_owned(),
            stand_in,
            plan,
            connections_per_region: usize::try_from(options.site_connections)?,
        }))
    };
    match (foil, engines.and_then(|engines| engines.global_table.as_ref())) {
        (Some(Foil::DynamoDb(places)), _) => {
            let regions = places.clone().map(|(region, endpoint_url)| RegionalTable { region, endpoint_url });
            tables(&options.dynamodb_tables[0], &options.dynamodb_tables[1], regions, None)
        }
        (Some(Foil::StandIn), Some(table)) => {
            let regional = |replica: &standins::Replica| {
                anyhow::Ok(RegionalTable { region: replica.region().parse()?, endpoint_url: Some(replica.url()) })
            };
            let [first, second] = table.replicas();
            let identity =
                StandInIdentity { name: table.version().to_owned(), replication_lag_ms: table.replication_lag_ms() };
            tables("seats", "ledger", [regional(first)?, regional(second)?], Some(identity))
        }
        _ => Ok(None),
    }
}
