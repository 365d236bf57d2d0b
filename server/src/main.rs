//! The binary `worldseat`: reads the command line and runs the verb.

mod api;
mod compose;
mod guard;
mod router;
mod serve;
mod site;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A worldwide ticket on-sale that anybody can try to break: one purchase code, two databases, and a witness that reads
/// what they committed.
#[derive(Parser)]
#[command(name = "worldseat", version, arg_required_else_help = true)]
#[command(after_help = "Examples:
  worldseat serve                                open http://127.0.0.1:3000 and press Break it
  worldseat serve --addr 127.0.0.1:8080          on another port
  worldseat serve --data ~/worldseat             keep what was sold when the server stops
  worldseat serve --control                      add the known-bad control as a third backend")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start the stand-ins, serve the site and the API.
    Serve(serve::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,worldseat=info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match Cli::parse().verb {
        Verb::Serve(options) => serve::serve(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With its causes, in one line.
            eprintln!("worldseat: {error:#}");
            ExitCode::FAILURE
        }
    }
}
