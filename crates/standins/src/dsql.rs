//! A stand-in for a regional endpoint of Aurora DSQL: its way in, its dialect, its limits and its optimistic concurrency,
//! imitated in front of PostgreSQL. `docs/dsql-endpoint.md` says what is imitated after which source, and what is not.

mod authority;
mod bucket;
mod complaint;
mod dialect;
mod door;
mod statement;
mod token;
mod transaction;
mod upstream;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_postgres::Config;

use crate::error::{Error, io_error};
pub use authority::Authority;
use bucket::Bucket;
use complaint::{Complaint, fatal};
use door::Admitted;
use transaction::Session;
use upstream::{Connected, Upstream};
use wire::Conversation;

/// How an endpoint is to behave. The defaults are Aurora DSQL's, as far as it publishes them.
#[derive(Clone)]
pub struct DsqlOptions {
    /// How long the agreement with the other region takes at the COMMIT of a transaction that changes something.
    pub commit_latency_ms: u64,
    /// How long a connection lives.
    pub connection_age: Duration,
    /// How old a transaction may become.
    pub txn_age: Duration,
    /// How many new connections a second are granted in the long run.
    pub connects_per_second: u32,
    /// How many new connections are granted at once.
    pub connects_burst: u32,
    /// The access key that tokens must be signed with.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl DsqlOptions {
    /// The defaults, for clients that sign their tokens with this key.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            commit_latency_ms: 10,
            connection_age: Duration::from_hours(1),
            txn_age: Duration::from_mins(5),
            connects_per_second: 100,
            connects_burst: 1_000,
            access_key: access_key.into(),
            secret_key: secret_key.into(),
        }
    }
}

impl std::fmt::Debug for DsqlOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DsqlOptions").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// What the two endpoints of one logical database have in common.
#[derive(Debug)]
pub struct Cluster {
    catalogue: AtomicU64,
    /// How many statements may be tried at once. PostgreSQL wakes everybody who waits for a row when one lets go of it: a
    /// crowd at one row would spend its time waking up.
    tries: Semaphore,
}

/// As many as keep a small machine's processors busy.
const TRIES_AT_ONCE: usize = 4;

impl Default for Cluster {
    fn default() -> Self {
        Self { catalogue: AtomicU64::new(0), tries: Semaphore::new(TRIES_AT_ONCE) }
    }
}

impl Cluster {
    /// A database whose catalogue has not been changed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A turn at trying a statement, until dropped.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.tries.acquire().await.ok() // it is never closed
    }

    fn catalogue(&self) -> u64 {
        self.catalogue.load(Ordering::SeqCst)
    }

    fn catalogue_changed(&self) {
        self.catalogue.fetch_add(1, Ordering::SeqCst);
    }
}

/// A port on 127.0.0.1 that behaves as a regional endpoint of Aurora DSQL does. Ends with everything it forwards when
/// dropped.
#[derive(Debug)]
pub struct DsqlEndpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    /// Dropped with the endpoint, which every connection notices.
    _open: watch::Sender<()>,
}

/// What the connections of an endpoint look at.
struct Shared {
    region: &'static str,
    host: String,
    tls: Arc<ServerConfig>,
    upstream: Config,
    cluster: Arc<Cluster>,
    options: DsqlOptions,
    commit_latency_ms: AtomicU64,
    connects: Bucket,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("host", &self.host).finish_non_exhaustive()
    }
}

impl DsqlEndpoint {
    /// Opens a port of the system's choice. `upstream` is the PostgreSQL behind it: address, user and database.
    ///
    /// # Errors
    /// [`Error::Io`] if no port can be opened, [`Error::Certificate`] or [`Error::Tls`] if no certificate can be made.
    pub async fn start(
        region: &'static str,
        mut upstream: Config,
        authority: &Authority,
        cluster: &Arc<Cluster>,
        options: DsqlOptions,
    ) -> Result<Self, Error> {
        let doing = || io_error(format!("opening the Aurora DSQL stand-in of {region}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(doing())?;
        let address = listener.local_addr().map_err(doing())?;
        let host = format!("{}.dsql.{region}.localhost", random_id());
        // The only level there is; a client cannot ask for another.
        let isolation = "-c default_transaction_isolation=repeatable\\ read";
        let given = upstream.get_options().unwrap_or_default();
        upstream.options(format!("{given} {isolation}").trim().to_owned());
        let shared = Arc::new(Shared {
            region,
            tls: authority.server(&host)?,
            host,
            upstream,
            cluster: Arc::clone(cluster),
            commit_latency_ms: AtomicU64::new(options.commit_latency_ms),
            connects: Bucket::new(options.connects_per_second, options.connects_burst),
            options,
        });
        let (open, closed) = watch::channel(());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), closed));
        Ok(Self { address, shared, accepting, _open: open })
    }

    /// The region this endpoint stands for.
    pub fn region(&self) -> &'static str {
        self.shared.region
    }

    /// The name in its certificate, which clients must give in the TLS handshake and sign their tokens for.
    pub fn host(&self) -> &str {
        &self.shared.host
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// How long the agreement with the other region takes at COMMIT, in milliseconds.
    pub fn commit_latency_ms(&self) -> u64 {
        self.shared.commit_latency_ms.load(Ordering::Relaxed)
    }

    /// Sets that time, for every COMMIT from now on.
    pub fn set_commit_latency_ms(&self, commit_latency_ms: u64) {
        self.shared.commit_latency_ms.store(commit_latency_ms, Ordering::Relaxed);
    }
}

impl Drop for DsqlEndpoint {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn half_latency(&self) -> Duration {
        Duration::from_millis(self.commit_latency_ms.load(Ordering::Relaxed)) / 2
    }

    /// Half the way to the other region and back.
    async fn half_way(&self) {
        let half = self.half_latency();
        if !half.is_zero() {
            sleep(half).await;
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, closed: watch::Receiver<()>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of descriptors, most likely: let some connections end.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (shared, mut closed) = (Arc::clone(&shared), closed.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = closed.changed() => {}
                ended = serve(client, shared) => {
                    if let Err(why) = ended {
                        tracing::debug!(?why, "a connection to an Aurora DSQL stand-in ended");
                    }
                }
            }
        });
    }
}

/// Serves one client from its first byte to its last.
async fn serve(client: TcpStream, shared: Arc<Shared>) -> Result<(), Complaint> {
    let until = tokio::time::Instant::now() + shared.options.connection_age;
    let admitted = timeout(door::STARTUP_WITHIN, door::admit(client, &shared)).await;
    let Ok(Some(Admitted { mut socket, parameters })) = admitted.unwrap_or(Ok(None)) else { return Ok(()) };
    let Connected { upstream, parameters, key, lost } = match Upstream::connect(&shared.upstream, &parameters).await {
        Ok(connected) => connected,
        Err(complaint) => {
            tracing::debug!(?complaint, "PostgreSQL is not to be reached");
            // Its reason is told if it has one, such as too many connections; else the client is cut off.
            door::farewell(&mut socket, complaint).await;
            return Ok(());
        }
    };
    door::welcome(&mut socket, parameters, key).await?;
    let session = Session::new(upstream, Arc::clone(&shared));
    let mut conversation = Conversation::new(socket, session);
    let last = tokio::select! {
        biased;
        // Nobody knows what became of the statement under way, so the client is told nothing.
        _ = lost => Err(Complaint::Gone),
        ended = conversation.converse() => ended,
        () = sleep_until(until) => Err(fatal("57P01", "terminating connection: it has reached its greatest age")),
    };
    if let Err(complaint) = last {
        door::farewell(&mut conversation.socket, complaint).await;
    }
    Ok(())
}

/// An id such as clusters and jobs have.
fn random_id() -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..26).map(|_| char::from(letters[fastrand::usize(..letters.len())])).collect()
}
