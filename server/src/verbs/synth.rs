//! `worldseat synth`: a synthetic run of almost any size, for benchmarks, for tests, and for people who test other checkers.

use evidence::{NotSynthesised, Plant, SynthOptions};
use std::{io::ErrorKind, process::ExitCode};

/// What `worldseat synth` can be told.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// How many operations.
    #[arg(long, default_value_t = 1000)]
    operations: u32,
    /// Over how many seats.
    #[arg(long, default_value_t = 96)]
    seats: u32,
    /// Plant one violation: double-sell, lost-sale, phantom or stale-rejection.
    #[arg(long)]
    plant: Option<Plant>,
    /// The same seed writes the same run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Writes the run to standard output.
pub fn synth(options: &Options) -> anyhow::Result<ExitCode> {
    let Options { operations, seats, plant, seed } = *options;
    match evidence::synth(&SynthOptions { operations, seats, plant, seed }, std::io::stdout().lock()) {
        // Whoever reads has had enough of it.
        Err(NotSynthesised::Unwritten(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.map(|()| ExitCode::SUCCESS).map_err(Into::into),
    }
}
