//! `worldseat verify`: judges a recorded run again, from its operations and ledger rows alone.

use crate::{client::is_this_machine, output::say};
use anyhow::{Context, anyhow, bail};
use app::{dates::utc, service::Download};
use evidence::{RunDocument, Verification};
use onsale::{Run, RunId};
use reqwest::Url;
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
        let (document, asked) = read(&options.source).with_context(|| options.source.clone())?;
        let mut checked = evidence::verify(&document);
        let told = &document.run.id;
        if let Some(asked) = asked.filter(|asked| asked != told) {
            checked.agrees = false;
            checked.differences.insert(0, format!("run: {asked} was asked for, this is the document of {told}"));
        }
        print(&document, &checked)?;
        Ok(if checked.agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
    .await?
}

fn print(document: &RunDocument<'_>, checked: &Verification) -> anyhow::Result<()> {
    let Run { id, plan, engine, began_at_ms, .. } = &*document.run;
    if !checked.agrees {
        say!("does not agree: the document claims what its record does not bear out.")?;
        for difference in &checked.differences {
            say!("  {difference}")?;
        }
        say!("From the record alone:")?;
    }
    let words = witness::explain_run(&document.run, &checked.verdict);
    say!("{}: {}", checked.verdict.verdict, words.headline)?;
    say!("{}", words.sentence)?;
    for note in &words.expert {
        say!("  {note}")?;
    }
    let seats =
        if plan.seats.len() == 1 { format!("seat {}", plan.seat()) } else { format!("{} seats", plan.seats.len()) };
    say!("run {id}: {} buyers, {seats}, {engine}, {}", plan.buyers, utc(*began_at_ms))?;
    if checked.agrees {
        say!("agrees: everything that the document claims was found again in its record.")?;
    }
    Ok(())
}

/// The document; and the run that it must be about, where the address names one.
fn read(source: &str) -> anyhow::Result<(RunDocument<'static>, Option<RunId>)> {
    let mut asked = None;
    let document = if source == "-" {
        RunDocument::read(std::io::stdin().lock())
    } else if source.contains("://") {
        let (address, run) = address(source)?;
        asked = run;
        let mut client = reqwest::blocking::Client::builder().timeout(TIMEOUT);
        if is_this_machine(&address) {
            client = client.no_proxy();
        }
        let client = client.build()?;
        let response = client.get(address).send()?;
        let status = response.status();
        if !status.is_success() {
            let told = response.json::<serde_json::Value>().ok();
            match told.as_ref().and_then(|told| told["error"].as_str()) {
                Some(error) => bail!("{error}"),
                None => bail!("the server answered {status}; a run's address ends with /run/ID"),
            }
        }
        RunDocument::read(response)
    } else {
        RunDocument::read(File::open(source)?)
    };
    // Its line says its cause already.
    Ok((document.map_err(|unusable| anyhow!("{unusable}"))?, asked))
}

/// Where the run.json is: beside or below any address of the run, such as that of its page; elsewhere at the address
/// itself.
fn address(source: &str) -> anyhow::Result<(Url, Option<RunId>)> {
    let mut url: Url = source.parse()?;
    let parts: Vec<String> = url.path().split('/').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
    let page = match &parts[..] {
        [page @ .., download] if Download::ALL.iter().any(|known| known.file_name() == download) => page,
        page => page,
    };
    let [.., "run", id] = &page.iter().map(String::as_str).collect::<Vec<_>>()[..] else { return Ok((url, None)) };
    let asked = id.parse().ok();
    url.set_path(&format!("{}/{}", page.join("/"), Download::Run.file_name()));
    url.set_query(None);
    url.set_fragment(None);
    Ok((url, asked))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_address_of_a_run_leads_to_its_document() {
        for (source, found, run) in [
            ("http://h:1/run/abc", "http://h:1/run/abc/run.json", Some("abc")),
            ("http://h:1/run/abc/", "http://h:1/run/abc/run.json", Some("abc")),
            ("http://h:1/run/abc?from=1&to=2#timeline", "http://h:1/run/abc/run.json", Some("abc")),
            ("http://h:1/run/abc/run.json", "http://h:1/run/abc/run.json", Some("abc")),
            ("http://h:1/run/abc/history.edn", "http://h:1/run/abc/run.json", Some("abc")),
            ("https://h/sub/run/abc", "https://h/sub/run/abc/run.json", Some("abc")),
            ("https://h/files/mine.json?key=1", "https://h/files/mine.json?key=1", None),
            ("https://h/files/run.json", "https://h/files/run.json", None),
        ] {
            let (url, asked) = address(source).unwrap();
            assert_eq!((url.as_str(), asked.map(|id| id.to_string()).as_deref()), (found, run), "{source}");
        }
        assert!(address("http://").is_err());
    }
}
