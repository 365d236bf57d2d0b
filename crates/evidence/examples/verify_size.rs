//! Writes a synthetic run, verifies it from the file, and prints seconds and the most memory that each step took:
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

    let begun = Instant::now();
    synth(&options, File::create(&path).unwrap()).unwrap();
    let bytes = fs::metadata(&path).unwrap().len();
    println!("{options:?}: {} MB", bytes / 1_000_000);
    println!("synth   {:6.2} s  {} MB at most", begun.elapsed().as_secs_f64(), most_mb());

    let begun = Instant::now();
    let document = RunDocument::read(File::open(&path).unwrap()).unwrap();
    println!("read    {:6.2} s  {} MB at most", begun.elapsed().as_secs_f64(), most_mb());

    let begun = Instant::now();
    let verification = verify(&document);
    println!("verify  {:6.2} s  {} MB at most", begun.elapsed().as_secs_f64(), most_mb());
    println!("{}; agrees: {}", verification.verdict.verdict, verification.agrees);
    fs::remove_file(&path).unwrap();
}

/// The most memory this process ever held (`VmHWM`).
fn most_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) / 1024
}
