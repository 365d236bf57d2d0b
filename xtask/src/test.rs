//! `cargo xtask test`: every check, the quick ones first, and a table of what each took.

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::build::{self, Profile};
use crate::{browser, child, node, python, tools, wasm};

/// Runs the steps that were asked for and stops at the first that fails.
pub fn run(args: &TestArgs) -> Result<()> {
    let steps: Vec<_> = STEPS.iter().filter(|step| args.wants(step)).collect();
    if steps.is_empty() {
        bail!("nothing is left to run: --skip names all that --only asks for");
    }
    let mut rows = Vec::new();
    let mut outcome = Ok(());
    for (index, step) in steps.iter().enumerate() {
        let label = format!("[{}/{}] {}", index + 1, steps.len(), step.name);
        println!("{label} …");
        let start = Instant::now();
        outcome = (step.work)(args);
        let took = start.elapsed();
        let word = match &outcome {
            Ok(()) => "ok",
            Err(_) if child::interrupted() => "stopped",
            Err(_) => "FAILED",
        };
        println!("{label}: {word}, {:.1} s", took.as_secs_f64());
        rows.push((step.name, word, took));
        if outcome.is_err() {
            break;
        }
    }
    let not_run = steps.iter().skip(rows.len()).map(|step| (step.name, "not run", Duration::ZERO));
    let rows: Vec<_> = rows.iter().copied().chain(not_run).collect();
    println!("\n{}", table(&rows));
    outcome
}

/// What `cargo xtask test` may be told.
#[derive(Args)]
pub struct TestArgs {
    /// Only these groups, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GROUPS")]
    only: Vec<Group>,
    /// All but these groups
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GROUPS")]
    skip: Vec<Group>,
    /// Browser tests against the release build
    #[arg(long)]
    release: bool,
    /// Handed to `playwright test`
    #[arg(last = true, value_name = "PLAYWRIGHT ARGS")]
    playwright: Vec<String>,
}

/// What belongs together for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Formatting
    Fmt,
    /// Clippy on the host and for wasm32
    Clippy,
    /// Unit, property and integration tests
    Unit,
    /// Browser tests
    E2e,
}

struct Step {
    name: &'static str,
    groups: &'static [Group],
    work: fn(&TestArgs) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "tools for Rust", groups: &[Group::Fmt, Group::Clippy, Group::Unit, Group::E2e], work: rust_tools },
    Step { name: "format", groups: &[Group::Fmt], work: |_| cargo(&["fmt", "--all", "--check"]) },
    Step { name: "PostgreSQL", groups: &[Group::Unit, Group::E2e], work: |_| tools::postgresql() },
    Step { name: "PgBouncer", groups: &[Group::Unit], work: |_| tools::pgbouncer() },
    Step { name: "Python packages", groups: &[Group::Unit], work: |_| python::packages() },
    Step {
        name: "npm packages of clients",
        groups: &[Group::Unit],
        work: |_| node::packages("crates/standins/tests/clients"),
    },
    Step { name: "npm packages and browser", groups: &[Group::E2e], work: |_| browser::install() },
    Step {
        name: "clippy",
        groups: &[Group::Clippy],
        work: |_| cargo(&["clippy", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "clippy for wasm32", groups: &[Group::Clippy], work: |_| clippy_wasm() },
    Step {
        name: "unit, property and integration tests",
        groups: &[Group::Unit],
        work: |_| cargo(&["test", "--no-fail-fast"]),
    },
    Step { name: "site", groups: &[Group::E2e], work: |args| build::build_site(args.profile()) },
    Step { name: "server", groups: &[Group::E2e], work: |args| build::build_server(args.profile()).map(drop) },
    Step { name: "browser tests", groups: &[Group::E2e], work: browser_tests },
];

impl TestArgs {
    fn wants(&self, step: &Step) -> bool {
        let wanted = |group: &Group| (self.only.is_empty() || self.only.contains(group)) && !self.skip.contains(group);
        step.groups.iter().any(wanted)
    }

    fn profile(&self) -> Profile {
        if self.release { Profile::Release } else { Profile::Dev }
    }
}

fn rust_tools(_: &TestArgs) -> Result<()> {
    tools::wasm_target()?;
    tools::rust_components()
}

fn clippy_wasm() -> Result<()> {
    let target = ["--target", wasm::TARGET];
    cargo(
        &[&["clippy", "--package", "frontend", "--package", "checker"], &target[..], &["--", "-D", "warnings"]]
            .concat(),
    )?;
    // These two also run in the browser, and on their own.
    cargo(&[&["check", "--package", "onsale", "--package", "witness"], &target[..]].concat())
}

fn browser_tests(args: &TestArgs) -> Result<()> {
    browser::test(&build::server_binary(args.profile()), &args.playwright)
}

fn cargo(args: &[&str]) -> Result<()> {
    let mend = match args.first() {
        Some(&"fmt") => "run `cargo fmt --all`",
        Some(&"test") => "the tests named above tell what they expected",
        _ => "the messages above say what to mend",
    };
    child::run(child::cargo().args(args).env("WORLDSEAT_PYTHON", python::folder()), mend)
}

fn table(rows: &[(&str, &str, Duration)]) -> String {
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let mut out = String::new();
    let total = rows.iter().map(|(.., took)| took).sum::<Duration>();
    let last = ("all", "", total);
    for (name, word, took) in rows.iter().chain([&last]) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:width$}  {word:7}  {:>7.1} s", took.as_secs_f64());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[Group], skip: &[Group]) -> Vec<&'static str> {
        let args = TestArgs { only: only.to_vec(), skip: skip.to_vec(), release: false, playwright: Vec::new() };
        STEPS.iter().filter(|step| args.wants(step)).map(|step| step.name).collect()
    }

    #[test]
    fn only_and_skip_choose_steps_with_what_they_need() {
        use Group::{Clippy, E2e, Fmt, Unit};
        assert_eq!(names(&[], &[]).len(), STEPS.len());
        assert_eq!(names(&[Fmt], &[]), ["tools for Rust", "format"]);
        assert_eq!(names(&[], &[Clippy, Unit, E2e]), ["tools for Rust", "format"]);
        let unit = [
            "tools for Rust",
            "PostgreSQL",
            "PgBouncer",
            "Python packages",
            "npm packages of clients",
            "unit, property and integration tests",
        ];
        assert_eq!(names(&[Unit], &[]), unit);
        assert!(names(&[E2e], &[]).ends_with(&["site", "server", "browser tests"]));
        assert!(names(&[Fmt], &[Fmt]).is_empty());
    }

    #[test]
    fn the_table_adds_up() {
        let rows = [("format", "ok", Duration::from_millis(1500)), ("clippy", "FAILED", Duration::from_millis(500))];
        let expect = "format  ok           1.5 s\nclippy  FAILED       0.5 s\nall                  2.0 s\n";
        assert_eq!(table(&rows), expect);
    }
}
