//! `worldseat verify`: judges a recorded run again, from its operations and ledger rows alone.

use crate::{
    client::{is_this_machine, with_scheme},
    output::say,
};
use anyhow::{Context, anyhow, bail};
use app::{dates::utc, service::Download};
use evidence::{RunDocument, Verification};
use onsale::{Run, RunId};
use reqwest::Url;
use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// What `worldseat verify` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(
    after_help = "Exit code: 0 the run says what its record says; 1 it does not, or its record contradicts itself; 2 it cannot be read."
)]
pub struct Options {
    #[command(flatten)]
    input: Input,
}

/// The run that `verify` judges and `export` writes.
#[derive(clap::Args, Clone, Debug)]
pub struct Input {
    /// A run.json, the address of one, or the address of a run's page, with or without http:// before HOST:PORT. `-` reads
    /// standard input.
    #[arg(value_name = "FILE|URL")]
    pub(super) source: PathBuf,
    /// Read at most this much JSON, in MiB. A million operations are about 300 MiB, and need about 500 MB of memory.
    #[arg(long, default_value_t = 1024, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    max_mib: u32,
}

const TIMEOUT: Duration = Duration::from_mins(5);
/// So much of a refusal is read.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;

/// Prints the verdict, and whatever the run claims that its record does not bear out.
pub async fn verify(options: Options) -> anyhow::Result<ExitCode> {
    // Reading blocks, from a file as from the network.
    tokio::task::spawn_blocking(move || {
        let (document, asked) = read(&options.input).with_context(|| options.input.source.display().to_string())?;
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
    if !checked.contradictions.is_empty() {
        say!("No verdict: the record contradicts itself.")?;
        for contradiction in &checked.contradictions {
            say!("  {contradiction}")?;
        }
    }
    if !checked.differences.is_empty() {
        say!("does not agree: the document claims what its record does not bear out.")?;
        for difference in &checked.differences {
            say!("  {difference}")?;
        }
    }
    if let Some(verdict) = &checked.verdict {
        if !checked.agrees {
            say!("From the record alone:")?;
        }
        let words = witness::explain_run(&document.run, verdict);
        say!("{}: {}", verdict.verdict, words.headline)?;
        say!("{}", words.sentence)?;
        for note in &words.expert {
            say!("  {note}")?;
        }
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
pub(super) fn read(options: &Input) -> anyhow::Result<(RunDocument<'static>, Option<RunId>)> {
    let bytes_max = u64::from(options.max_mib) << 20;
    match Source::of(&options.source)? {
        Source::Input => Ok((document(std::io::stdin().lock(), bytes_max)?, None)),
        Source::File(path) => {
            let file = File::open(&path)?;
            if file.metadata()?.is_dir() {
                bail!("this is a directory: give the run.json in it");
            }
            Ok((document(file, bytes_max)?, None))
        }
        Source::Address(address, asked) => {
            let mut client = reqwest::blocking::Client::builder().timeout(TIMEOUT);
            if is_this_machine(&address) {
                client = client.no_proxy();
            }
            let response = client.build()?.get(address).send()?;
            let status = response.status();
            if status.is_success() {
                return Ok((document(response, bytes_max)?, asked));
            }
            let told: Option<serde_json::Value> = serde_json::from_reader(response.take(REFUSAL_BYTES_MAX)).ok();
            match told.as_ref().and_then(|told| told["error"].as_str()) {
                Some(error) => bail!("{error}"),
                None => bail!("the server answered {status}; a run's address ends with /run/ID"),
            }
        }
    }
}

/// Reads a document of `bytes_max` at most.
fn document(from: impl Read, bytes_max: u64) -> anyhow::Result<RunDocument<'static>> {
    let read = RunDocument::read(Limited { from, read: 0, bytes_max });
    // Its line says its cause already.
    read.map_err(|unusable| anyhow!("{unusable}"))
}

/// A reader that fails at its limit, where [`Read::take`] would end as if nothing were missing, and names the place at
/// which it failed.
struct Limited<R> {
    from: R,
    read: u64,
    bytes_max: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read > self.bytes_max {
            let mib = self.bytes_max >> 20;
            return Err(io::Error::other(format!("it is longer than {mib} MiB; --max-mib N reads N MiB of JSON")));
        }
        let read = self.from.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, format!("{error}, after {} bytes", self.read)),
        })?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Where a document comes from.
#[derive(Debug)]
enum Source {
    Input,
    File(PathBuf),
    /// The address of the document, and the run that the address names.
    Address(Url, Option<RunId>),
}

impl Source {
    /// `-`, a file, or an address with or without `http://`, as `stress` takes it. A file that exists is meant.
    fn of(given: &Path) -> anyhow::Result<Self> {
        let Some(text) = given.to_str() else { return Ok(Self::File(given.to_owned())) };
        if text == "-" {
            return Ok(Self::Input);
        }
        match text.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
                let (address, run) = address(text)?;
                Ok(Self::Address(address, run))
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => {
                let path = text.parse::<Url>()?.to_file_path();
                path.map(Self::File).map_err(|()| anyhow!("this names no file of this machine: give its path"))
            }
            Some((scheme, _)) if !given.exists() => {
                bail!("{scheme}:// is not read: give a file, or an address that begins with http:// or https://")
            }
            _ if given.exists() => Ok(Self::File(given.to_owned())),
            _ if has_port(text) => {
                let (address, run) = address(&with_scheme(text))?;
                Ok(Self::Address(address, run))
            }
            _ if text.contains("/run/") => {
                bail!("there is no such file; if this is an address, write https://{text} or http://{text}")
            }
            _ => Ok(Self::File(given.to_owned())),
        }
    }
}

/// Whether this begins as HOST:PORT does.
fn has_port(text: &str) -> bool {
    let place = text.split(['/', '?', '#']).next().unwrap_or_default();
    place.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
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

    #[test]
    fn a_source_is_a_file_or_an_address_or_is_told_how_to_be_one() {
        let cases = [
            ("-", "Input"),
            ("run.json", "File(\"run.json\")"),
            ("file:///tmp/a%20b.json", "File(\"/tmp/a b.json\")"),
            ("FILE:///tmp/run.json", "File(\"/tmp/run.json\")"),
            ("file://elsewhere/run.json", "give its path"),
            ("127.0.0.1:3000/run/abc", "http://127.0.0.1:3000/run/abc/run.json"),
            ("localhost:3000/run/abc/run.json", "http://localhost:3000/run/abc/run.json"),
            ("[::1]:3000/run/abc?page=2", "http://[::1]:3000/run/abc/run.json"),
            ("HTTPS://h/run/abc", "https://h/run/abc/run.json"),
            ("ftp://h/run.json", "ftp:// is not read: give a file, or an address"),
            ("worldseat.example/run/abc", "write https://worldseat.example/run/abc"),
            ("C:\\runs\\run.json", "File("),
        ];
        for (given, found) in cases {
            let source = match Source::of(Path::new(given)) {
                Ok(Source::Address(address, _)) => address.to_string(),
                Ok(source) => format!("{source:?}"),
                Err(error) => format!("{error:#}"),
            };
            assert!(source.contains(found), "{given}: {source}");
        }
        let here = tempfile::tempdir().unwrap();
        let exists = here.path().join("odd:80");
        std::fs::write(&exists, "").unwrap();
        assert!(matches!(Source::of(&exists).unwrap(), Source::File(_)), "a file that exists is meant");
    }
}
