//! `worldseat stress`: breaks a deployment at rising numbers of buyers and says whether its product held. Every number
//! it prints is counted here, from the run that the deployment hands out.

use super::{serve::starting, stop_signal};
use crate::{
    client::Client,
    config::{EngineOptions, trimmed},
    deployment::{Deployment, listen},
    output::{notice, plain, say},
};
use anyhow::bail;
use app::{visitor::random_bits, words::engine_line};
use clap::{ArgMatches, Args as _, Command, parser::ValueSource};
use evidence::{FOIL, PRODUCT, StressLine, StressPlan, StressResult, judge_stress};
use onsale::{Backend, RunId, SeatId};
use serde_json::json;
use std::{
    io::{IsTerminal, Write as _},
    net::Ipv4Addr,
    process::ExitCode,
};

/// What `worldseat stress` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = "\
Every level is done on every backend with every think time. The product must sell the seat exactly once each time; the
foil should oversell at least once, or the test could not have told a wrong database.

Exit code: 0 pass; 1 the product oversold, did not sell, or was caught otherwise, whether or not
the test came to its end; 2 the deployment could not be asked; 3 inconclusive: nobody raced, or the foil never oversold; 130 stopped
before its end.")]
pub struct Options {
    /// The deployment. Without it, the stand-ins and a server are started here for the test.
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Buyers at once, level by level, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "8,24,48,60")]
    #[arg(value_parser = trimmed(clap::value_parser!(u32)))]
    levels: Vec<u32>,
    /// Think times in milliseconds, separated by commas: the pause between reading and writing.
    #[arg(long, value_delimiter = ',', default_value = "0,20")]
    #[arg(value_parser = trimmed(clap::value_parser!(u32)))]
    think: Vec<u32>,
    /// How often each is done.
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// The seat.
    #[arg(long, default_value = "A1")]
    seat: SeatId,
    /// The floor. Without it, a new one that nobody else uses.
    #[arg(long)]
    floor: Option<onsale::FloorId>,
    /// The databases, of dsql (the product's), naive (the foil) and control; without it, the product and, where there is
    /// one, the foil.
    #[arg(long, value_delimiter = ',', value_parser = trimmed(str::parse::<Backend>))]
    backends: Vec<Backend>,
    /// Have the deployment record it: its Proof panel lists every test that was begun.
    #[arg(long)]
    record: bool,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    #[command(flatten, next_help_heading = "Without URL")]
    engines: EngineOptions,
}

/// Runs the test and prints its lines and its result, and what it could not do.
///
/// # Errors
/// If the flags contradict each other, or nothing could be started.
pub async fn stress(options: Options, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    check(&options, matches)?;
    let mut stop = std::pin::pin!(stop_signal()?);
    let mut own = None;
    let url = if let Some(url) = &options.url {
        url.clone()
    } else {
        notice!("{} …", starting(&options.engines)?);
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let deployment = tokio::select! {
            deployment = Deployment::start(listener, &options.engines) => deployment?,
            () = &mut stop => {
                notice!("stopped before the test began: nothing was done");
                return Ok(ExitCode::from(130));
            }
        };
        format!("http://{}", own.insert(deployment).addr)
    };
    let mut test = Test { plan: plan(&options), lines: vec![], reasons: vec![], under_way: false, record: None };
    let result = {
        let client = Client::new(&url, options.engines.record_key.clone())?;
        tokio::select! {
            done = test.run(&client, &options) => done,
            () = stop => Ok(()),
        }
    };
    if let Some(deployment) = own {
        deployment.stop().await;
    }
    test.conclude(&options, &url, result.err().as_ref())
}

/// With an address, the databases are the deployment's: a flag about others would be a silent mistake.
fn check(options: &Options, matches: &ArgMatches) -> anyhow::Result<()> {
    if options.url.is_none() {
        if options.record {
            bail!("--record needs the address of a server that goes on running: its Proof panel shows the result");
        }
        return Ok(());
    }
    let flags = EngineOptions::augment_args(Command::new("engines"));
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let other = flags.get_arguments().find(|arg| given(arg.get_id().as_str()) && arg.get_id() != "record_key");
    if let Some(name) = other.and_then(clap::Arg::get_long) {
        bail!("--{name} is about a deployment that is started here; with an address, the server there has its own");
    }
    Ok(())
}

fn plan(options: &Options) -> StressPlan {
    StressPlan {
        levels: options.levels.clone(),
        think_ms: options.think.clone(),
        rounds: options.rounds,
        seat: options.seat,
        backends: options.backends.clone(),
        no_foil: false,
    }
}

struct Test {
    plan: StressPlan,
    lines: Vec<StressLine>,
    /// Why buyers of each line met an error, with how many did.
    reasons: Vec<Vec<(String, usize)>>,
    /// The burst after those lines was asked for.
    under_way: bool,
    record: Option<RunId>,
}

impl Test {
    async fn run(&mut self, client: &Client, options: &Options) -> anyhow::Result<()> {
        self.plan.no_foil = !client.has(FOIL).await?;
        if self.plan.backends.is_empty() {
            self.plan.backends.push(PRODUCT);
            if !self.plan.no_foil {
                self.plan.backends.push(FOIL);
            }
        }
        if self.plan.lines() == Some(0) {
            bail!("nothing to do: give at least one level, one think time and one round");
        }
        if options.record {
            self.record = Some(client.begin_stress(&self.plan).await?);
        }
        let floor = options.floor.clone().unwrap_or_else(|| onsale::FloorId::from_random(random_bits()));
        if !options.json {
            say!("WorldSeat stress test → {}", client.base())?;
        }
        let bursts: Vec<_> = self.plan.bursts().collect();
        for (done, (backend, buyers, think_ms)) in bursts.iter().enumerate() {
            let doing = burst_words((*backend, *buyers, *think_ms));
            let progress = Progress::show(&format!("{}/{}  {doing}", done + 1, bursts.len()));
            let wish = json!({
                "backend": backend, "floor": floor, "seat": self.plan.seat, "concurrency": buyers, "thinkMs": think_ms,
            });
            self.under_way = true;
            let document = client.burst(wish, self.record.as_ref()).await?;
            self.under_way = false;
            drop(progress);
            let checked = evidence::verify(&document);
            let Some(verdict) = checked.verdict.filter(|_| checked.agrees) else {
                let wrong = [checked.contradictions, checked.differences].concat().join("\n  ");
                bail!("what the deployment claims of run {} is not what it recorded:\n  {wrong}", document.run.id);
            };
            let run = document.run.into_owned();
            let reasons = burst::reasons(&run.operations);
            self.reasons.push(reasons.into_iter().map(|(reason, buyers)| (reason.to_owned(), buyers)).collect());
            self.lines.push(StressLine {
                backend: *backend,
                engine: engine_line(*backend, &run.engine),
                buyers: *buyers,
                think_ms: *think_ms,
                scoreboard: checked.scoreboard,
                verdict: verdict.verdict,
                run: run.id,
            });
            if !options.json {
                self.print_last()?;
            }
        }
        if let Some(id) = &self.record {
            self.compare(client, id).await?;
        }
        Ok(())
    }

    /// The line just done, under a heading where its backend is new.
    fn print_last(&self) -> anyhow::Result<()> {
        let Some((line, before)) = self.lines.split_last() else { return Ok(()) };
        if before.last().is_none_or(|last| last.backend != line.backend) {
            let expect = if line.is_of(PRODUCT) { "expected: one ticket every time" } else { "expected: oversold" };
            say!("\n{}\n{expect}", line.engine)?;
            say!("  think  buyers  confirmed  oversold  max retries  conflicts  raced      ms  verdict")?;
        }
        let StressLine { think_ms, buyers, scoreboard: board, verdict, .. } = line;
        say!(
            "{think_ms:>4} ms {buyers:>7} {:>10} {:>9} {:>12} {:>10} {:>6} {:>7}  {verdict}",
            board.confirmed,
            board.oversold,
            board.max_retries,
            board.conflicts,
            board.contenders,
            board.duration_ms
        )?;
        for (reason, buyers) in self.reasons.last().into_iter().flatten() {
            say!("         {buyers} × {reason}")?;
        }
        Ok(())
    }

    /// What the deployment recorded must be what was counted here.
    async fn compare(&self, client: &Client, id: &RunId) -> anyhow::Result<()> {
        let recorded = client.stress(id).await?;
        if recorded.lines != self.lines {
            bail!("{} recorded something else than was counted here: compare {0}/api/stress/{id}", client.base());
        }
        Ok(())
    }

    /// Prints the result, and by name what was not done.
    fn conclude(&self, options: &Options, url: &str, error: Option<&anyhow::Error>) -> anyhow::Result<ExitCode> {
        let result = judge_stress(&self.plan, &self.lines);
        let not_done: Vec<_> = self.plan.bursts().skip(self.lines.len()).collect();
        if options.json {
            let not_done = not_done.iter().map(
                |(backend, buyers, think_ms)| json!({ "backend": backend, "buyers": buyers, "thinkMs": think_ms }),
            );
            let reasons = self.lines.iter().zip(&self.reasons).flat_map(|(line, reasons)| {
                reasons.iter().map(|(reason, buyers)| json!({ "run": line.run, "buyers": buyers, "reason": reason }))
            });
            let answer = json!({
                "plan": self.plan, "lines": self.lines, "reasons": reasons.collect::<Vec<_>>(), "result": result.to_string(), "recorded": self.record,
                "notDone": not_done.collect::<Vec<_>>(), "error": error.map(|error| format!("{error:#}")),
            });
            say!("{answer:#}")?;
        } else if error.is_none() || !self.lines.is_empty() || self.record.is_some() {
            say!("\nRESULT: {result}")?;
            if !not_done.is_empty() {
                self.say_not_done(&not_done, options.url.is_some())?;
            }
            if result == StressResult::Pass {
                say!("The product sold the seat once every time.{}", self.foil_words())?;
            }
            if let (Some(id), Some(_)) = (&self.record, &options.url) {
                say!("Recorded: {url}/proof#{id}")?;
            }
        }
        if let Some(error) = error {
            notice!("worldseat: {error:#}");
        }
        Ok(match (result.exit_code(), error) {
            // The product has failed; that the test could not go on takes nothing from it.
            (1, _) => ExitCode::from(1),
            (_, Some(_)) => ExitCode::from(2),
            (code, None) => ExitCode::from(code),
        })
    }

    fn say_not_done(&self, not_done: &[(Backend, u32, u32)], elsewhere: bool) -> anyhow::Result<()> {
        /// More than that nobody reads.
        const NAMED: usize = 10;
        say!("Not done, {} of {}:", not_done.len(), self.lines.len() + not_done.len())?;
        for (n, burst) in not_done.iter().take(NAMED).enumerate() {
            let fate = match (n == 0 && self.under_way, elsewhere) {
                (false, _) => "",
                (true, true) => " (under way; the deployment takes it to its end, if it can)",
                (true, false) => " (under way; it ended with its databases)",
            };
            say!("  {}{fate}", burst_words(*burst))?;
        }
        if not_done.len() > NAMED {
            say!("  and {} more", not_done.len() - NAMED)?;
        }
        Ok(())
    }

    fn foil_words(&self) -> String {
        if self.plan.no_foil {
            return " It has no foil beside it: nothing shows here that this test can tell a wrong database."
                .to_owned();
        }
        let most = self.lines.iter().filter(|line| line.is_of(FOIL)).map(|line| line.scoreboard.oversold);
        most.max()
            .map_or_else(String::new, |most| format!(" The foil oversold it, by up to {most}, so the test could tell."))
    }
}

fn burst_words((backend, buyers, think_ms): (Backend, u32, u32)) -> String {
    format!("{backend}, {buyers} buyers, think time {think_ms} ms")
}

/// What is being done, on a terminal only, and gone when it is done.
struct Progress(bool);

impl Progress {
    fn show(doing: &str) -> Self {
        let shown = std::io::stderr().is_terminal();
        if shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K{} …", plain(doing));
        }
        Self(shown)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.0 {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
