//! The project's own commands: `cargo xtask serve`, `build`, `test` and `bench`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

mod browser;
mod build;
mod child;
mod compress;
mod node;
mod python;
mod site;
mod style;
mod test;
mod tools;
mod wasm;

use build::Profile;

/// Builds, serves and tests WorldSeat, and fetches what that needs.
#[derive(Parser)]
#[command(name = "cargo xtask", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Builds everything and serves it at <http://127.0.0.1:3000> until Ctrl-C
    Serve {
        #[command(flatten)]
        profile: ProfileArgs,
        /// Handed to `worldseat serve`
        #[arg(last = true, value_name = "SERVER ARGS")]
        rest: Vec<String>,
    },
    /// Builds the site and the binary `worldseat`
    Build {
        #[command(flatten)]
        profile: ProfileArgs,
    },
    /// Runs every check: format, clippy, unit, property, integration and browser tests
    Test(test::TestArgs),
    /// Builds for release and measures this machine: the table of docs/benchmarks.md
    Bench {
        /// One part only: http, sales or witness
        #[arg(last = true, value_name = "PART")]
        rest: Vec<String>,
    },
}

#[derive(Args, Clone, Copy)]
struct ProfileArgs {
    /// Small wasm, optimised server, the site compressed and embedded in the one binary
    #[arg(long)]
    release: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask serve                                   build and serve http://127.0.0.1:3000
  cargo xtask serve --release -- --addr 127.0.0.1:80  the release build, on another port
  cargo xtask build --release                         leaves one file: target/release/worldseat
  cargo xtask test                                    everything that .ci/run checks
  cargo xtask test --only fmt,clippy                  only these groups: fmt, clippy, unit, e2e
  cargo xtask test --only e2e -- --grep seat          browser tests whose name has \"seat\"";

fn main() -> ExitCode {
    match child::watch_signals().and_then(|()| run(Cli::parse().verb)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if child::interrupted() => {
            eprintln!("stopped");
            ExitCode::from(child::EXIT_INTERRUPTED)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<()> {
    std::env::set_current_dir(build::root())?;
    match verb {
        Verb::Serve { profile, rest } => {
            tools::postgresql()?;
            let binary = build::everything(profile.into())?;
            child::become_program(std::process::Command::new(binary).arg("serve").args(rest))
        }
        Verb::Build { profile } => {
            let binary = build::everything(profile.into())?;
            println!("built {}", build::from_root(&binary).display());
            Ok(())
        }
        Verb::Test(args) => test::run(&args),
        Verb::Bench { rest } => {
            tools::postgresql()?;
            tools::wasm_target()?;
            build::build_site(Profile::Release)?;
            let mut cargo = child::cargo();
            child::become_program(cargo.args(["bench", "--bench", "figures", "--"]).args(rest))
        }
    }
}

impl From<ProfileArgs> for Profile {
    fn from(args: ProfileArgs) -> Self {
        if args.release { Self::Release } else { Self::Dev }
    }
}
