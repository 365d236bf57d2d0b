//! `worldseat synth`: a synthetic run of almost any size, for benchmarks, for tests, and for people who test other checkers.

use crate::output::to_stdout;
use evidence::{Plant, SynthOptions};
use std::process::ExitCode;

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
    to_stdout(|out| evidence::synth(&SynthOptions { operations, seats, plant, seed }, out))?;
    Ok(ExitCode::SUCCESS)
}
