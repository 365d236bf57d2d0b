//! `worldseat serve`: engines, service, routes, and an orderly end.

use crate::{compose, router};
use anyhow::Context;
use app::service::Service;
use standins::StandIns;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// What `worldseat serve` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000", env = "WORLDSEAT_ADDR")]
    pub addr: SocketAddr,
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
    /// One-way latency of each regional endpoint of the PostgreSQL stand-in, in microseconds.
    #[arg(long, default_values_t = [0, 0], num_args = 2, value_names = ["FIRST", "SECOND"])]
    pub latency_us: Vec<u64>,
    /// Least and greatest replication lag of the DynamoDB stand-in, in milliseconds.
    #[arg(long, default_values_t = [500, 1000], num_args = 2, value_names = ["LEAST", "GREATEST"])]
    pub lag_ms: Vec<u32>,
}

/// How long open connections may take to finish once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until Ctrl-C or SIGTERM, then ends the stand-ins.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let mut stop = std::pin::pin!(stop);
    // The port first: if it is taken, nothing needs to be started.
    let listener = TcpListener::bind(options.addr).await;
    let listener =
        listener.with_context(|| format!("{} cannot be listened on; choose another --addr", options.addr))?;
    let addr = listener.local_addr()?;

    eprintln!("starting PostgreSQL and two DynamoDB replicas …");
    let engines = tokio::select! {
        engines = compose::start(&options) => engines?,
        () = &mut stop => return Ok(()),
    };
    let served = async {
        let service = compose::service(&engines, &options).await?;
        announce(&service, addr).await;
        let (ended, end) = tokio::sync::oneshot::channel::<()>();
        let server = axum::serve(listener, router::router(service, addr)).with_graceful_shutdown(async {
            let _ = end.await;
        });
        let mut server = tokio::spawn(server.into_future());
        tokio::select! {
            result = &mut server => return Ok(result??),
            () = stop => eprintln!("stopping"),
        }
        let _ = ended.send(());
        // A watcher of a run may hold its connection for ever.
        let _ = tokio::time::timeout(GRACE, &mut server).await;
        server.abort();
        anyhow::Ok(())
    };
    let result = served.await;
    StandIns::stop(engines).await;
    result
}

async fn announce(service: &Arc<Service>, addr: SocketAddr) {
    for (backend, engine) in service.engines().await {
        match engine {
            Ok(engine) => eprintln!("  {:<8} {} ({engine})", backend.as_str(), backend.title()),
            Err(error) => eprintln!("  {:<8} {} ({error})", backend.as_str(), backend.title()),
        }
    }
    println!("http://{addr}");
}

/// Resolves once, at Ctrl-C or SIGTERM.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
