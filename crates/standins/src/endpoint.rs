//! A regional endpoint of PostgreSQL: a port of this machine with a latency, which can be cut and taken down.

mod fault;
mod pump;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, io_error};
use fault::Faults;
pub use fault::{Cut, When};

/// A TCP port on 127.0.0.1 in front of PostgreSQL's Unix socket. Ends with everything it forwards when dropped.
///
/// Two of them before one server are what the two regional endpoints of one multi-region cluster are to a client.
#[derive(Debug)]
pub struct RegionalEndpoint {
    region: &'static str,
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What the connections of an endpoint look at while they forward.
#[derive(Debug)]
struct Shared {
    latency_us: AtomicU64,
    down: AtomicBool,
    /// Raised to cut every connection there is.
    cuts: watch::Sender<u64>,
    faults: Faults,
}

impl RegionalEndpoint {
    /// Opens a port of the system's choice that forwards to `socket`. The latency is zero at first.
    ///
    /// # Errors
    /// [`Error::Io`] if no port can be opened.
    pub async fn start(region: &'static str, socket: &Path) -> Result<Self, Error> {
        let doing = || io_error(format!("opening the endpoint of {region}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(doing())?;
        let address = listener.local_addr().map_err(doing())?;
        let shared = Arc::new(Shared {
            latency_us: AtomicU64::new(0),
            down: AtomicBool::new(false),
            cuts: watch::Sender::new(0),
            faults: Faults::default(),
        });
        let accepting = tokio::spawn(accept(listener, socket.to_owned(), Arc::clone(&shared)));
        Ok(Self { region, address, shared, accepting })
    }

    /// The region this endpoint stands for.
    pub fn region(&self) -> &'static str {
        self.region
    }

    /// Where clients connect, without TLS.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The one-way delay in microseconds.
    pub fn latency_us(&self) -> u64 {
        self.shared.latency_us.load(Ordering::Relaxed)
    }

    /// Sets the one-way delay in microseconds, added in each direction to everything sent from now on, on open
    /// connections too. It is kept to about a millisecond; zero forwards at once.
    pub fn set_latency_us(&self, latency_us: u64) {
        self.shared.latency_us.store(latency_us, Ordering::Relaxed);
    }

    /// Cuts every connection open now. New ones are accepted.
    pub fn cut_all(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Takes the region down, which cuts every connection and closes each new one at once, or up again.
    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
        if down {
            self.cut_all();
        }
    }

    /// Arranges for connections to be cut at a message of the client, such as COMMIT; replaces any earlier arrangement.
    pub fn cut_at(&self, cut: Cut) {
        self.shared.faults.arm(Some(cut));
    }

    /// Calls off what [`RegionalEndpoint::cut_at`] arranged.
    pub fn cut_no_more(&self) {
        self.shared.faults.arm(None);
    }

    /// How many connections [`RegionalEndpoint::cut_at`] has cut so far.
    pub fn cuts_made(&self) -> u64 {
        self.shared.faults.made()
    }
}

impl Drop for RegionalEndpoint {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set_down(true);
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Subscribed before the look at `down`: a connection either sees that flag or the cut that follows it.
        let cut = shared.cuts.subscribe();
        if shared.down.load(Ordering::SeqCst) {
            continue;
        }
        let (socket, shared) = (socket.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            if let Err(error) = forward(client, &socket, &shared, cut).await {
                tracing::debug!(%error, "a connection through a regional endpoint ended");
            }
        });
    }
}

/// Forwards in both directions until either side ends or the connection is cut.
async fn forward(
    mut client: TcpStream,
    socket: &Path,
    shared: &Shared,
    mut cut: watch::Receiver<u64>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = UnixStream::connect(socket).await?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let doomed = AtomicBool::new(false);
    tokio::select! {
        ended = pump::requests(from_client, to_server, shared, &doomed) => ended,
        ended = pump::answers(from_server, to_client, shared, &doomed) => ended,
        _ = cut.changed() => Ok(()),
    }
}
