//! The binary `worldseat`: reads the command line and runs the verb.

// They panic where nothing can be written; `output` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod address;
mod api;
mod client;
mod compose;
mod config;
mod deployment;
mod guard;
mod host;
mod open_files;
mod output;
mod request_log;
mod router;
mod site;
mod verbs;

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use config::file::File;
use std::{
    ffi::OsString,
    io::{IsTerminal, Write as _},
    num::NonZeroUsize,
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;
use verbs::{deprovision, export, provision, serve, stress, synth, verify};

/// A worldwide ticket on-sale that anybody can try to break: one purchase code, two databases, and a witness that reads
/// what they committed.
#[derive(Parser)]
#[command(name = "worldseat", version, arg_required_else_help = true)]
#[command(
    after_help = "Every setting is a flag, a variable WORLDSEAT_… or a key of worldseat.toml, in that order of precedence;
`worldseat config` shows what they come to.

Examples:
  worldseat serve                                open http://127.0.0.1:3000 and press Break it
  worldseat serve --data ~/worldseat             keep what was sold when the server stops
  worldseat serve --sql-urls postgres://me@db1/x,postgres://me@db2/x   break a database of your own
  worldseat stress                               start the databases here, break them at 8 to 60 buyers, judge
  worldseat stress http://127.0.0.1:3000 --record   the same on a running server; its Proof panel shows the result
  worldseat verify http://127.0.0.1:3000/run/ID  judge a recorded run again, on this machine
  worldseat export run.json --for porcupine > porcupine.json   check it with somebody else's checker
  worldseat synth --operations 1000000 --seats 96 > run.json   a history of any size, for testing checkers
  worldseat provision all --dry-run              what it would make on AWS, and the IAM policies for that
  worldseat provision all > worldseat.env        make it, or whatever of it is missing
  worldseat deprovision all                      remove it again, once the name was typed"
)]
struct Cli {
    /// Read settings from this file instead of worldseat.toml.
    #[arg(long, env = "WORLDSEAT_CONFIG", global = true, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the site and the API, over stand-ins unless databases are configured.
    Serve(serve::Options),
    /// Show every setting, where it comes from, and which databases that means; start nothing.
    Config(serve::Options),
    /// Break a deployment at rising numbers of buyers and say whether its product held.
    Stress(stress::Options),
    /// Judge a recorded run again, from its operations and ledger rows alone.
    Verify(verify::Options),
    /// Write a recorded or synthetic run in the form that Porcupine, Knossos or Elle reads.
    Export(export::Options),
    /// Write a synthetic run of any size to standard output.
    Synth(synth::Options),
    /// Make what WorldSeat needs on AWS, or whatever of it is missing.
    Provision(provision::Options),
    /// Remove what `provision` made.
    Deprovision(deprovision::Options),
}

/// The stack of a thread: what std gives one by itself.
const STACK_BYTES: usize = 2 * 1024 * 1024;

fn main() -> ExitCode {
    // Sized here: by itself tokio takes the number from TOKIO_WORKER_THREADS and std the stack from RUST_MIN_STACK, and
    // panics on what is no size there.
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    match runtime.worker_threads(threads).thread_stack_size(STACK_BYTES).enable_all().build() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            output::notice!("worldseat: the threads could not be started: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> ExitCode {
    open_files::raise();
    // 1 is an answer of `stress` and `verify`; what could not be asked is 2.
    let (verb, matches, file) = match command_line() {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(ended)) => return ended,
        Err(error) => {
            output::notice!("worldseat: {error:#}");
            return ExitCode::from(2);
        }
    };
    write_log(if matches!(verb, Verb::Serve(_)) { "info" } else { "warn" });
    let (done, trouble) = match verb {
        Verb::Serve(options) => (Box::pin(serve::serve(options)).await, 1),
        Verb::Config(options) => (verbs::config::config(&options, &matches, &file), 2),
        Verb::Stress(options) => (Box::pin(stress::stress(options, &matches)).await, 2),
        Verb::Verify(options) => (verify::verify(options).await, 2),
        Verb::Export(options) => (export::export(options).await, 2),
        Verb::Synth(options) => (synth::synth(&options), 2),
        Verb::Provision(options) => (provision::provision(options).await, 2),
        Verb::Deprovision(options) => (deprovision::deprovision(options).await, 2),
    };
    done.unwrap_or_else(|error| {
        // With its causes, in one line.
        output::notice!("worldseat: {error:#}");
        ExitCode::from(if error.is::<output::Unwritten>() { 2 } else { trouble })
    })
}

/// Writes the log to standard error: what `RUST_LOG` asks for, if it can be read, or WorldSeat's own lines from `level` on.
fn write_log(level: &str) {
    // A pool that says of each connection that it was closed says nothing when the server ends. That credentials are
    // missing is said once, by who needs them.
    let usual = || EnvFilter::new(format!("warn,worldseat={level},app={level},deadpool=error,aws_config=error"));
    let given = std::env::var_os(EnvFilter::DEFAULT_ENV).filter(|given| !given.is_empty());
    let filter = given.map_or_else(usual, |given| {
        given.to_str().and_then(|given| EnvFilter::try_new(given).ok()).unwrap_or_else(|| {
            let given = given.to_string_lossy();
            output::notice!("worldseat: RUST_LOG={given} is not a filter and changes nothing");
            usual()
        })
    });
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    // They would be printed with a macro that panics: a server whose log cannot be written goes on selling.
    log.log_internal_errors(false).init();
}

/// Variables that look like settings and are none: said, because a misspelt one changes nothing.
fn unknown_variables(command: &Command, given: impl Iterator<Item = OsString>) -> Vec<String> {
    fn names(command: &Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned()));
        own.chain(command.get_subcommands().flat_map(names)).collect()
    }
    /// What building, the tests and the benchmarks set.
    const OTHERS: [&str; 7] = [
        "WORLDSEAT_BIN",
        "WORLDSEAT_COMMIT",
        "WORLDSEAT_FOIL_MILLION",
        "WORLDSEAT_PICTURE",
        "WORLDSEAT_PORT",
        "WORLDSEAT_PYTHON",
        "WORLDSEAT_TMPDIR",
    ];
    let mut known = names(command);
    known.extend(OTHERS.map(str::to_owned));
    let ours = given.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with("WORLDSEAT_"));
    ours.filter(|name| !known.contains(name)).collect()
}

/// The verb, what its arguments were, and the file that took the place of their defaults; or how the program ends, if the
/// command line asks for no verb.
fn command_line() -> anyhow::Result<Result<(Verb, ArgMatches, File), ExitCode>> {
    for name in unknown_variables(&Cli::command(), std::env::vars_os().map(|(name, _)| name)) {
        output::notice!("worldseat: {name} is no setting of WorldSeat and changes nothing; see `worldseat config`");
    }
    let file = File::read(&Cli::command())?;
    let parsed = file.as_defaults(Cli::command()).try_get_matches();
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(told) => return told_by_clap(&told).map(Err),
    };
    let verb = matches.subcommand().map_or_else(ArgMatches::default, |(_, verb)| verb.clone());
    Ok(Ok((cli.verb, verb, file)))
}

/// Prints the help, the version, or what is wrong with the command line, in colours where a terminal reads it.
fn told_by_clap(told: &clap::Error) -> anyhow::Result<ExitCode> {
    let text = |colours: bool| {
        let text = told.render();
        if colours { text.ansi().to_string() } else { text.to_string() }
    };
    if told.use_stderr() {
        let _ = std::io::stderr().write_all(text(std::io::stderr().is_terminal()).as_bytes());
        return Ok(ExitCode::from(2));
    }
    output::to_stdout(|out| out.write_all(text(std::io::stdout().is_terminal()).as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_misspelt_variable_is_noticed() {
        let command = <super::Cli as clap::CommandFactory>::command();
        let given = ["WORLDSEAT_NOFOIL", "WORLDSEAT_NO_FOIL", "WORLDSEAT_CONFIG", "PATH"].map(Into::into);
        assert_eq!(super::unknown_variables(&command, given.into_iter()), ["WORLDSEAT_NOFOIL"]);
    }
}
