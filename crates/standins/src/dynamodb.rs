//! Two DynamoDB replicas that answer the SDK as the two regional endpoints of a global table do.

mod connections;
mod operations;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle as Thread;

use axum::Router;
use dynoxide::Database;
use tokio::task::JoinHandle;

use crate::REGIONS;
use crate::error::{Error, io_error};
use crate::replication::Replication;
use connections::{Connection, Gate, Guarded};
pub(crate) use operations::read;

/// The engine of both replicas, as its crate calls itself. A test compares it with Cargo.lock.
pub const ENGINE: &str = "dynoxide-rs 3.2.0";

/// "Typically within a second", as the documentation of global tables has it.
pub const LAG_MS: (u32, u32) = (500, 1_000);

/// The largest request DynamoDB takes, in bytes.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How the replicas are to be started.
#[derive(Debug, Clone)]
pub struct GlobalTableOptions {
    /// Keep the items here, one file a region. `None` keeps them in memory.
    pub data: Option<PathBuf>,
    /// The least and the greatest replication lag in milliseconds; each put draws its own between them.
    pub lag_ms: (u32, u32),
}

impl Default for GlobalTableOptions {
    fn default() -> Self {
        Self { data: None, lag_ms: LAG_MS }
    }
}

/// Two replicas with last-writer-wins replication between them.
///
/// Only `PutItem` writes, because only puts are replicated; a table created in one region is created in both. Every
/// other write is refused. Reads answer from the replica they are sent to.
#[derive(Debug)]
pub struct GlobalTable {
    replicas: [Replica; 2],
    replication: Arc<Replication>,
    delivering: Vec<Thread<()>>,
}

/// One region's endpoint.
#[derive(Debug)]
pub struct Replica {
    index: usize,
    address: SocketAddr,
    replication: Arc<Replication>,
    gate: Arc<Gate>,
    serving: Option<JoinHandle<()>>,
}

impl GlobalTable {
    /// Opens both replicas and a port of the system's choice for each. Takes milliseconds.
    ///
    /// # Errors
    /// [`Error::Engine`] if a file of kept items cannot be opened, [`Error::Io`] if a port cannot.
    pub async fn start(options: GlobalTableOptions) -> Result<Self, Error> {
        let kept = options.data.is_some();
        if let Some(data) = &options.data {
            std::fs::create_dir_all(data).map_err(io_error(format!("making {}", data.display())))?;
        }
        let open = |region: &str| match &options.data {
            None => Database::memory().map_err(|source| Error::Engine { file: ":memory:".into(), source }),
            Some(data) => {
                let file = data.join(format!("{region}.sqlite"));
                Database::new(&file.to_string_lossy()).map_err(|source| Error::Engine { file, source })
            }
        };
        let engines = [open(REGIONS[0])?, open(REGIONS[1])?];
        let replication = Replication::new(engines, options.lag_ms, kept);
        let replicas = [Replica::start(0, &replication).await?, Replica::start(1, &replication).await?];
        let mut table = Self { replicas, replication, delivering: Vec::new() };
        for (index, region) in REGIONS.iter().enumerate() {
            let thread = table.replication.deliver_to(index, region);
            table.delivering.push(thread.map_err(io_error("starting the replication"))?);
        }
        Ok(table)
    }

    /// The replicas, in the order of [`REGIONS`].
    pub fn replicas(&self) -> &[Replica; 2] {
        &self.replicas
    }

    /// Name and version of the engine of both replicas.
    pub fn version(&self) -> &'static str {
        ENGINE
    }

    /// The least and the greatest replication lag in milliseconds.
    pub fn replication_lag_ms(&self) -> (u32, u32) {
        self.replication.lag_ms()
    }

    /// Sets the replication lag in milliseconds for the puts from now on. A least above the greatest is lowered to it.
    pub fn set_replication_lag_ms(&self, min: u32, max: u32) {
        self.replication.set_lag_ms((min, max));
    }

    /// Resolves once every put has reached the other region: after at most the greatest lag, unless a region is down
    /// or puts keep coming.
    pub async fn converged(&self) {
        self.replication.converged().await;
    }

    /// Closes both ports and, if the items are kept, delivers at once what is still on its way and closes the files.
    pub async fn stop(mut self) {
        for replica in &mut self.replicas {
            replica.gate.close();
            if let Some(serving) = replica.serving.take() {
                let _ = serving.await;
            }
        }
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for GlobalTable {
    fn drop(&mut self) {
        for replica in &self.replicas {
            replica.gate.close();
        }
        self.replication.close();
        for thread in self.delivering.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Replica {
    async fn start(index: usize, replication: &Arc<Replication>) -> Result<Self, Error> {
        let doing = || io_error(format!("opening the DynamoDB endpoint of {}", REGIONS[index]));
        let gate = Arc::new(Gate::default());
        let listener = Guarded::bind(Arc::clone(&gate)).await.map_err(doing())?;
        let address = axum::serve::Listener::local_addr(&listener).map_err(doing())?;
        let site = operations::Site { region: index, replication: Arc::clone(replication), gate: Arc::clone(&gate) };
        let router = Router::new()
            .fallback(operations::answer)
            .layer(axum::extract::DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(Arc::new(site))
            .into_make_service_with_connect_info::<Connection>();
        let closing = Arc::clone(&gate);
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async move { closing.closed().await });
            if let Err(error) = served.await {
                tracing::error!(%error, "a DynamoDB endpoint ended");
            }
        });
        Ok(Self { index, address, replication: Arc::clone(replication), gate, serving: Some(serving) })
    }

    /// The region this replica stands for.
    pub fn region(&self) -> &'static str {
        REGIONS[self.index]
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// What to give the SDK as `endpoint_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the region down, which cuts its clients off and holds back replication from and to it, or up again.
    pub fn set_down(&self, down: bool) {
        self.gate.set_down(down);
        self.replication.set_down(self.index, down);
    }

    /// Cuts connections at a chosen operation, so that the client learns nothing of it; replaces any earlier
    /// arrangement. `times` zero calls it off.
    pub fn cut_at(&self, operation: &'static str, when: crate::When, times: u64) {
        self.gate.cut_at(operation, when, times);
    }
}
