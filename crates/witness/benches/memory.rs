//! How much memory a verdict takes beside the run: `cargo bench -p witness --bench memory`, on Linux.
#![allow(missing_docs, clippy::unwrap_used, reason = "a small program")]

mod common;
use common::{Database, run};
use std::{env, fs, process::Command};
use witness::judge_run;

const OPERATIONS: usize = 1_000_000;

/// Each case in a process of its own, so that none finds memory that another has freed.
fn main() {
    let cases = [("valid", Database::Right), ("one double sale", Database::WrongOnce), ("foil", Database::Foil)];
    let mut arguments = env::args().skip_while(|argument| argument != "--case").skip(1);
    if let (Some(name), Some(seats)) = (arguments.next(), arguments.next()) {
        let database = cases.iter().find(|case| case.0 == name).unwrap().1;
        return measure(&name, seats.parse().unwrap(), database);
    }
    if !env::args().any(|argument| argument == "--bench") {
        return; // Built or listed by `cargo test`, not run by `cargo bench`.
    }
    for seats in ["1", "96", "16667", "1000000"] {
        for (name, _) in cases {
            if seats != "1000000" || name != "foil" {
                let status = Command::new(env::current_exe().unwrap()).args(["--case", name, seats]).status();
                assert!(status.unwrap().success());
            }
        }
    }
}

fn measure(name: &str, seats: usize, database: Database) {
    // One more for the double sale where every buyer wants a seat of his own.
    let run = run(OPERATIONS + usize::from(seats == OPERATIONS), seats, database);
    // Makes the present size the peak.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_kb();
    let verdict = judge_run(&run);
    let bytes = (peak_kb() - before) * 1024;
    println!(
        "{OPERATIONS} operations, {seats} seats, {name}: {}; {} MB beside the run's {} MB, {} bytes an operation",
        verdict.verdict,
        bytes / 1_000_000,
        before / 1000,
        bytes / OPERATIONS,
    );
}

fn peak_kb() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
