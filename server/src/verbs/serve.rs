//! `worldseat serve`: the site and the API, until Ctrl-C.

use super::stop_signal;
use crate::{
    compose,
    config::{EngineOptions, Product, trimmed},
    deployment::{Deployment, listen},
    output::{notice, say},
};
use app::{service::Service, words::engine_line};
use std::{net::SocketAddr, process::ExitCode};

/// What `worldseat serve` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Exit code: 0 stopped by Ctrl-C or SIGTERM; 1 a port, a directory or a database cannot be used; 2 the settings cannot be
right.")]
pub struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000", env = "WORLDSEAT_ADDR")]
    #[arg(value_parser = trimmed(str::parse::<SocketAddr>))]
    pub addr: SocketAddr,
    #[command(flatten)]
    pub engines: EngineOptions,
}

/// Serves until Ctrl-C or SIGTERM, then ends the stand-ins.
pub async fn serve(options: Options) -> anyhow::Result<ExitCode> {
    let starting = match starting(&options.engines) {
        Ok(starting) => starting,
        Err(error) => {
            // As clap ends on a wrong flag: no use in starting it again.
            notice!("worldseat: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let mut stop = std::pin::pin!(stop_signal()?);
    let listener = listen(options.addr).await?;
    notice!("{starting} …");
    let mut deployment = tokio::select! {
        deployment = Deployment::start(listener, &options.engines) => deployment?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    if let Err(error) = announce(&deployment.service, deployment.addr).await {
        deployment.stop().await;
        return Err(error);
    }
    let ended = tokio::select! {
        ended = deployment.ended() => ended,
        () = stop => {
            notice!("stopping");
            tracing::info!("stopping: SIGINT or SIGTERM");
            Ok(())
        }
    };
    deployment.stop().await;
    ended.map(|()| ExitCode::SUCCESS)
}

/// What takes the time until the address is printed.
pub fn starting(options: &EngineOptions) -> anyhow::Result<&'static str> {
    let choice = options.choose()?;
    compose::can_be_read(options, &choice)?;
    Ok(match (choice.product, choice.foil) {
        (Product::StandIn, Some(_)) => "starting PostgreSQL and two DynamoDB replicas",
        (Product::StandIn, None) => "starting PostgreSQL",
        _ => "connecting",
    })
}

async fn announce(service: &Service, addr: SocketAddr) -> anyhow::Result<()> {
    for (backend, engine) in service.engines().await {
        match engine {
            Ok(engine) => notice!("  {:<8} {}", backend.as_str(), engine_line(backend, &engine)),
            Err(error) => notice!("  {:<8} {error}", backend.as_str()),
        }
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %addr, "started");
    say!("http://{addr}")
}
