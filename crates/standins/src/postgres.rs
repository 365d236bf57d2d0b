//! A PostgreSQL server of our own: started, asked for its version, and gone without a trace.

mod account;
mod cluster;
mod install;
mod keeper;
mod program;
mod run_dir;
mod settings;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::{Error, io_error};
use account::Account;
use install::Install;
use keeper::Keeper;
use run_dir::RunDir;

/// The role every connection uses, without a password. It may make databases and is no superuser.
pub const USER: &str = "worldseat";
/// The database made at the first start.
pub const DATABASE: &str = "worldseat";

/// Starting includes recovery after a crash, so the bound is generous.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// How the server is to be started.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Keep the data here, with `fsync` on. `None` throws it away at the end, with `fsync` off.
    pub data: Option<PathBuf>,
    /// How many connections the server accepts at once.
    pub max_connections: u32,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { data: None, max_connections: 300 }
    }
}

/// A running server that listens on a Unix socket only.
///
/// [`Postgres::stop`] ends it in order; dropping it ends it at once. Either way neither a process nor a throw-away
/// directory is left. If this process dies without doing either, the kernel ends the server where it can, and the next
/// start sweeps up the rest.
#[derive(Debug)]
pub struct Postgres {
    // Declared, and so dropped, before the directory the server works in.
    keeper: Keeper,
    version: String,
    max_connections: u32,
    install: Install,
    account: Option<Account>,
    data: PathBuf,
    kept: bool,
    run: RunDir,
}

impl Postgres {
    /// Starts a server and makes [`DATABASE`] if it is not there yet. Takes 0.5 to 2 s on a new directory.
    ///
    /// # Errors
    /// Every [`Error`] but those of the DynamoDB engine.
    pub async fn start(options: PostgresOptions) -> Result<Self, Error> {
        let max_connections = options.max_connections;
        // `initdb` takes its time, so it has a thread to itself.
        let prepared = tokio::task::spawn_blocking(move || prepare(options)).await;
        let Prepared { install, account, data, kept, run } =
            prepared.map_err(|lost| io_error("preparing PostgreSQL's directory")(lost.into()))??;
        let keeper = launch(&install, account.as_ref(), &data, &run, kept, max_connections)?;
        let mut postgres = Self { keeper, version: String::new(), max_connections, install, account, data, kept, run };
        let client = postgres.ready().await?;
        let version: String = client.query_one("SHOW server_version", &[]).await?.get(0);
        let number = version.split_whitespace().next().unwrap_or_default();
        postgres.version = format!("PostgreSQL {number}");
        Ok(postgres)
    }

    /// Name and version as the server itself tells them, such as `PostgreSQL 15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The Unix socket the server listens on; a [`crate::RegionalEndpoint`] forwards to it.
    pub fn socket(&self) -> PathBuf {
        self.run.path().join(".s.PGSQL.5432")
    }

    /// How to connect to a database of this server directly, past the regional endpoints.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host_path(self.run.path()).port(5432).user(USER).dbname(database);
        config
    }

    /// Whether the data outlives the server.
    pub fn keeps_data(&self) -> bool {
        self.kept
    }

    /// The process number of the server's first process.
    pub fn process_id(&self) -> u32 {
        self.keeper.process_id()
    }

    /// The directory of the socket and the log, and of the data too unless they are kept.
    pub fn directory(&self) -> &Path {
        self.run.path()
    }

    /// Makes another, empty database, so that tests can share one server.
    ///
    /// # Errors
    /// [`Error::DatabaseName`] for a name we do not quote; [`Error::Sql`] if it exists or the server is down.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
            return Err(Error::DatabaseName(name.to_owned()));
        }
        let client = connect(&self.config(DATABASE)).await?;
        Ok(client.batch_execute(&format!("CREATE DATABASE {name}")).await?)
    }

    /// Ends the server as a crash would: every connection is lost, nothing is flushed, the next start recovers.
    /// Returns before it is gone; commits that were acknowledged survive.
    pub fn kill(&self) {
        self.keeper.signal(Signal::QUIT);
    }

    /// Starts the server again on the same data and the same socket, after [`Postgres::kill`] or instead of it.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.keeper.end(Signal::QUIT).await;
        self.keeper =
            launch(&self.install, self.account.as_ref(), &self.data, &self.run, self.kept, self.max_connections)?;
        self.ready().await.map(drop)
    }

    /// Ends the server in order and removes what was not to be kept.
    pub async fn stop(mut self) {
        // Kept data are flushed first; what is thrown away need not be.
        self.keeper.end(if self.kept { Signal::INT } else { Signal::QUIT }).await;
    }

    /// Waits until the server answers.
    async fn ready(&self) -> Result<Client, Error> {
        let config = self.config(DATABASE);
        let started = Instant::now();
        loop {
            match connect(&config).await {
                Ok(client) => return Ok(client),
                Err(Error::Sql(error)) if !starting_up(&error) => return Err(error.into()),
                Err(_) => {}
            }
            if self.keeper.has_ended() {
                // A server that finds the lock of another one leaves that lock alone; every other end removes its own.
                return Err(if self.data.join("postmaster.pid").exists() {
                    Error::InUse { directory: self.data.clone() }
                } else {
                    Error::Program { program: "postgres".to_owned(), words: self.run.last_words() }
                });
            }
            if started.elapsed() > READY_WITHIN {
                return Err(Error::Silent { seconds: READY_WITHIN.as_secs(), words: self.run.last_words() });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What must be known and done before the server can be launched.
struct Prepared {
    install: Install,
    account: Option<Account>,
    data: PathBuf,
    kept: bool,
    run: RunDir,
}

fn prepare(options: PostgresOptions) -> Result<Prepared, Error> {
    let install = Install::find()?;
    let account = Account::to_run_as()?;
    run_dir::sweep(account.as_ref());
    let run = RunDir::new(account.as_ref())?;
    let kept = options.data.is_some();
    let data = match options.data {
        Some(data) => std::path::absolute(&data).map_err(io_error(format!("resolving {}", data.display())))?,
        None => run.path().join("data"),
    };
    run.remember_data(&data)?;
    cluster::ensure(&install, account.as_ref(), &data, kept)?;
    Ok(Prepared { install, account, data, kept, run })
}

fn launch(
    install: &Install,
    account: Option<&Account>,
    data: &Path,
    run: &RunDir,
    kept: bool,
    max_connections: u32,
) -> Result<Keeper, Error> {
    let log =
        File::options().create(true).append(true).open(run.log()).map_err(io_error("opening PostgreSQL's log"))?;
    let mut server = keeper::mortal(&install.program("postgres"));
    server.arg("-D").arg(data);
    for setting in settings::settings(run.path(), kept, max_connections) {
        server.arg("-c").arg(setting);
    }
    server.current_dir(run.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    if let Some(account) = account {
        account.run_as(&mut server);
    }
    Keeper::spawn(server)
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Not there yet, or there and not ready; anything else will not mend itself.
fn starting_up(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW)
}
