//! A database of its own for each test, behind two endpoints.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dsql::auth_token::{AuthTokenGenerator, Config as TokenConfig};
use aws_sdk_dsql::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use standins::{
    Authority, Cluster, DsqlEndpoint, DsqlOptions, Postgres, PostgresOptions, REGIONS, RegionalEndpoint, USER,
};
use tokio::sync::Mutex;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

pub const ACCESS_KEY: &str = "AKIASTANDIN";
pub const SECRET_KEY: &str = "stand-in secret";
pub const OC000: &str = "OC000";

/// Shared by the tests that run at the same time; the last one ends it.
static SERVER: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Both endpoints, and what is behind them. Dropped in this order.
pub struct Stage {
    pub endpoints: [DsqlEndpoint; 2],
    pub regional: [RegionalEndpoint; 2],
    pub authority: Authority,
    pub database: String,
    pub postgres: Arc<Postgres>,
}

pub fn options() -> DsqlOptions {
    DsqlOptions { commit_latency_ms: 0, ..DsqlOptions::new(ACCESS_KEY, SECRET_KEY) }
}

pub async fn stage() -> Stage {
    stage_with(options()).await
}

pub async fn stage_with(options: DsqlOptions) -> Stage {
    let postgres = server().await;
    let database = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    postgres.create_database(&database).await.unwrap();
    let (authority, cluster) = (Authority::new().unwrap(), Arc::new(Cluster::new()));
    let regional = [regional(&postgres, 0).await, regional(&postgres, 1).await];
    let start = async |region: usize| {
        let upstream = upstream(&regional[region], &database);
        DsqlEndpoint::start(REGIONS[region], upstream, &authority, &cluster, options.clone()).await.unwrap()
    };
    let endpoints = [start(0).await, start(1).await];
    Stage { endpoints, regional, authority, database, postgres }
}

async fn server() -> Arc<Postgres> {
    let mut shared = SERVER.lock().await;
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(Postgres::start(PostgresOptions::default()).await.unwrap());
    *shared = Arc::downgrade(&server);
    server
}

async fn regional(postgres: &Postgres, region: usize) -> RegionalEndpoint {
    RegionalEndpoint::start(REGIONS[region], &postgres.socket()).await.unwrap()
}

pub fn upstream(endpoint: &RegionalEndpoint, database: &str) -> Config {
    let mut config = Config::new();
    config.host(endpoint.addr().ip().to_string()).port(endpoint.addr().port()).user(USER).dbname(database);
    config
}

impl Stage {
    /// A client in the first region, and one in the second.
    pub async fn two(&self) -> [Client; 2] {
        [self.client(0).await, self.client(1).await]
    }

    pub async fn client(&self, region: usize) -> Client {
        self.try_client(region).await.unwrap()
    }

    pub async fn try_client(&self, region: usize) -> Result<Client, Error> {
        let endpoint = &self.endpoints[region];
        connect(&self.config(region, &token(endpoint.host(), endpoint.region()).await), self.tls()).await
    }

    /// How to connect to an endpoint with this password.
    pub fn config(&self, region: usize, password: &str) -> Config {
        let endpoint = &self.endpoints[region];
        let mut config = Config::new();
        config.host(endpoint.host()).hostaddr(endpoint.addr().ip()).port(endpoint.addr().port());
        config.user("admin").dbname("postgres").password(password).ssl_mode(SslMode::Require);
        config
    }

    pub fn tls(&self) -> MakeRustlsConnect {
        trusting(&self.authority)
    }

    /// The root certificate in a file, for clients that read it from one.
    pub fn root(&self) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.authority.root_pem()).unwrap();
        file
    }

    /// PostgreSQL itself, past everything.
    pub async fn direct(&self) -> Client {
        let (client, connection) = self.postgres.config(&self.database).connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// TLS that trusts this authority and no other.
pub fn trusting(authority: &Authority) -> MakeRustlsConnect {
    MakeRustlsConnect::new(trusting_config(authority))
}

pub fn trusting_config(authority: &Authority) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap()).unwrap();
    client_config().with_root_certificates(roots).with_no_client_auth()
}

pub fn client_config() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap()
}

pub async fn connect(config: &Config, tls: MakeRustlsConnect) -> Result<Client, Error> {
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub async fn token(host: &str, region: &str) -> String {
    token_by(host, region, SECRET_KEY, SystemTime::now()).await
}

/// Signed by AWS' own SDK.
pub async fn token_by(host: &str, region: &str, secret: &str, at: SystemTime) -> String {
    let credentials = Credentials::new(ACCESS_KEY, secret, None, None, "tests");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .time_source(SharedTimeSource::new(StaticTimeSource::new(at)))
        .build();
    let config = TokenConfig::builder().hostname(host).region(Region::new(region.to_owned())).build().unwrap();
    AuthTokenGenerator::new(config).db_connect_admin_auth_token(&sdk).await.unwrap().to_string()
}

pub async fn run(client: &Client, sql: &str) {
    within(client.batch_execute(sql)).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}

/// The SQLSTATE and the message that a statement is refused with.
pub async fn refusal(client: &Client, sql: &str) -> (String, String) {
    let error = within(client.batch_execute(sql)).await.err().unwrap_or_else(|| panic!("{sql} was accepted"));
    told(&error)
}

pub fn told(error: &Error) -> (String, String) {
    let db = error.as_db_error().unwrap_or_else(|| panic!("no answer but {error:?}"));
    (db.code().code().to_owned(), db.message().to_owned())
}

/// COMMIT ends in a conflict with this marker.
pub async fn assert_conflict(client: &Client, sql: &str, marker: &str) {
    let (code, message) = refusal(client, sql).await;
    assert_eq!(code, "40001", "{message}");
    assert!(message.contains(marker), "{message}");
}

pub async fn number(client: &Client, sql: &str) -> i64 {
    within(client.query_one(sql, &[])).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
}

/// Whatever waits for a lock would wait for ever: this is what "nobody waits" means here.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it waits")
}
