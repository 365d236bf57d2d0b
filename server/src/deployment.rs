//! A running deployment: engines, service and routes, and their orderly end.

use crate::{compose, config::EngineOptions, router};
use anyhow::Context;
use app::service::Service;
use standins::StandIns;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// How long open connections may take to finish once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long runs that have ended may then take to be stored: their links were given away.
const STORED_WITHIN: Duration = Duration::from_secs(15);

/// Engines that run and a server that listens.
pub struct Deployment {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it offers.
    pub service: Arc<Service>,
    engines: Option<StandIns>,
    server: JoinHandle<std::io::Result<()>>,
    end: oneshot::Sender<()>,
}

/// Takes the port: first of all, because if it is taken nothing needs to be started.
pub async fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await;
    listener.with_context(|| format!("{addr} cannot be listened on; choose another --addr"))
}

impl Deployment {
    /// Starts the engines and serves on `listener`. If that fails, or the future is dropped, nothing is left running.
    pub async fn start(listener: TcpListener, options: &EngineOptions) -> anyhow::Result<Self> {
        let addr = listener.local_addr()?;
        let choice = options.choose()?;
        let engines = compose::start(options, &choice).await?;
        let service = match compose::service(engines.as_ref(), options, &choice).await {
            Ok(service) => service,
            Err(error) => {
                if let Some(engines) = engines {
                    engines.stop().await;
                }
                return Err(error);
            }
        };
        let (end, ended) = oneshot::channel::<()>();
        let routes = router::router(Arc::clone(&service), addr, options.addresses());
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, routes).with_graceful_shutdown(async {
            let _ = ended.await;
        });
        Ok(Self { addr, service, engines, server: tokio::spawn(server.into_future()), end })
    }

    /// Resolves if the server ends by itself, which it should not.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        Ok((&mut self.server).await??)
    }

    /// Ends the server, then the engines.
    pub async fn stop(mut self) {
        let _ = self.end.send(());
        self.service.close();
        if !self.server.is_finished() {
            // Whoever waits for a long burst to end would hold it up.
            let _ = tokio::time::timeout(GRACE, &mut self.server).await;
            self.server.abort();
        }
        if tokio::time::timeout(STORED_WITHIN, self.service.stored()).await.is_err() {
            crate::output::notice!("runs that have ended could not be stored within {} s", STORED_WITHIN.as_secs());
        }
        if let Some(engines) = self.engines {
            engines.stop().await;
        }
    }
}
