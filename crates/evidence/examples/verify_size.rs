//! Writes a synthetic run, verifies it from the file, and prints the seconds and the most memory that each step took:
//! `cargo run --release -p evidence --example verify_size -- 1000000 96 [PLANT]`.
#![allow(clippy::unwrap_used, reason = "a measurement")]

use evidence::{RunDocument, SynthOptions, synth, verify};
use std::{env, fs, fs::File, time::Instant};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| args[at].parse().unwrap();
    let plant = args.get(2).map(|plant| plant.parse().unwrap());
    let options = SynthOptions { operations: number(0), seats: number(1), plant, seed: 1 };
    let path = env::temp_dir().join(format!("worldseat-verify-size-{}.json", std::process::id()));

    let mut step = Step::begin("synth");
    synth(&options, File::create(&path).unwrap()).unwrap();
    let bytes = fs::metadata(&path).unwrap().len();
    println!("{options:?}: {} MB", bytes / 1_000_000);
    step = step.then("read");
    let document = RunDocument::read(File::open(&path).unwrap()).unwrap();
    step = step.then("verify");
    let verification = verify(&document);
    step.then("");
    let verdict = verification.verdict.map_or_else(|| "no verdict".to_owned(), |verdict| verdict.verdict.to_string());
    println!("{verdict}; agrees: {}", verification.agrees);
    fs::remove_file(&path).unwrap();
}

struct Step(&'static str, Instant, f64);

impl Step {
    fn begin(name: &'static str) -> Self {
        Self(name, Instant::now(), cpu_seconds())
    }

    /// Prints what this step took, and begins the next.
    fn then(self, next: &'static str) -> Self {
        let Self(name, begun, cpu) = self;
        let (elapsed, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        println!("{name:7} {elapsed:6.2} s, {cpu:6.2} s of them on the processor, {} MB at most", most_mb());
        Self::begin(next)
    }
}

/// Seconds on the processor so far, its own and the kernel's for it: on a busy machine they say more than the clock.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap_or(0.0)).sum::<f64>() / 100.0
}

/// The most memory this process ever held (`VmHWM`).
fn most_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) * 1024 / 1_000_000
}
