//! `worldseat verify`: judges a recorded run again, from its operations and ledger rows alone.

use anyhow::{Context, anyhow};
use app::{dates::utc, service::Download};
use evidence::{RunDocument, Verification};
use onsale::Run;
use std::{fs::File, process::ExitCode, time::Duration};

/// What `worldseat verify` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "Exit code: 0 the run says what its record says; 1 it does not; 2 it cannot be read.")]
pub struct Options {
    /// A run.json, the address of one, or the address of a run's page. `-` reads standard input.
    #[arg(value_name = "FILE|URL")]
    source: String,
}

const TIMEOUT: Duration = Duration::from_mins(5);

/// Prints the verdict, and whatever the run claims that its record does not bear out.
pub async fn verify(options: Options) -> anyhow::Result<ExitCode> {
    // Reading blocks, from a file as from the network.
    tokio::task::spawn_blocking(move || {
        let document = read(&options.source).with_context(|| options.source.clone())?;
        let checked = evidence::verify(&document);
        print(&document, &checked);
        Ok(if checked.agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
    .await?
}

fn print(document: &RunDocument<'_>, checked: &Verification) {
    let Run { id, plan, engine, began_at_ms, .. } = &*document.run;
    let words = witness::explain_run(&document.run, &checked.verdict);
    super::say!("{}: {}", checked.verdict.verdict, words.headline);
    super::say!("{}", words.sentence);
    for note in &words.expert {
        super::say!("  {note}");
    }
    let seats =
        if plan.seats.len() == 1 { format!("seat {}", plan.seat()) } else { format!("{} seats", plan.seats.len()) };
    super::say!("run {id}: {} buyers, {seats}, {engine}, {}", plan.buyers, utc(*began_at_ms));
    if checked.agrees {
        super::say!("agrees: everything that the document claims was found again in its record.");
    } else {
        super::say!("does not agree:");
        for difference in &checked.differences {
            super::say!("  {difference}");
        }
    }
}

fn read(source: &str) -> anyhow::Result<RunDocument<'static>> {
    let document = if source == "-" {
        RunDocument::read(std::io::stdin().lock())
    } else if source.contains("://") {
        let file = Download::Run.file_name();
        let address = if source.ends_with(file) { source.to_owned() } else { format!("{source}/{file}") };
        let client = reqwest::blocking::Client::builder().timeout(TIMEOUT).build()?;
        RunDocument::read(client.get(&address).send()?.error_for_status()?)
    } else {
        RunDocument::read(File::open(source)?)
    };
    // Its line says its cause already.
    document.map_err(|unusable| anyhow!("{unusable}"))
}
