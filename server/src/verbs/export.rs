//! `worldseat export`: a run in the form that somebody else's checker reads.

use super::verify;
use crate::output::to_stdout;
use anyhow::{Context, bail};
use evidence::{Checker, Selection};
use onsale::SeatId;
use std::{fs::File, path::PathBuf, process::ExitCode};

/// What `worldseat export` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(
    after_help = "Exit code: 0 the file was written; 2 the run cannot be read, has no such seat, or cannot be written.

Examples:
  worldseat export run.json --for porcupine > porcupine.json
  worldseat export http://127.0.0.1:3000/run/ID --for knossos --seat A1 --out A1.edn
  worldseat synth --operations 60 --seats 1 --plant double-sell | worldseat export - --for elle --essential

docs/verify.md says how to run each checker on the file."
)]
pub struct Options {
    #[command(flatten)]
    input: verify::Input,
    /// The checker that will read the file: porcupine, knossos or elle.
    #[arg(long = "for", value_name = "CHECKER")]
    checker: Checker,
    /// Export the calls at this seat only. For Knossos their values are then plain, as its command line reads them.
    #[arg(long)]
    seat: Option<SeatId>,
    /// Leave out the buyers' reads of "available": a checker answers sooner. If it answers that the rest is wrong, the whole
    /// history is; if it answers that the rest is right, that proves nothing.
    #[arg(long)]
    essential: bool,
    /// Write to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the run, to standard output or to a file.
pub async fn export(options: Options) -> anyhow::Result<ExitCode> {
    // Reading blocks, from a file as from the network.
    tokio::task::spawn_blocking(move || {
        let Options { input, checker, seat, essential, out } = options;
        let (document, asked) = verify::read(&input).with_context(|| input.source.display().to_string())?;
        let run = &document.run;
        if let Some(asked) = asked.filter(|asked| *asked != run.id) {
            bail!("run {asked} was asked for, this is the document of {}", run.id);
        }
        let selection = Selection { seat, essential };
        match out {
            None => to_stdout(|to| evidence::export(run, checker, selection, to))?,
            Some(path) => File::create(&path)
                .map_err(anyhow::Error::from)
                .and_then(|file| Ok(evidence::export(run, checker, selection, file)?))
                .with_context(|| path.display().to_string())?,
        }
        Ok(ExitCode::SUCCESS)
    })
    .await?
}
