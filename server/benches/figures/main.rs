//! The figures of docs/benchmarks.md, measured on this machine in one run: `cargo xtask bench`. Prints them as a table and
//! never fails because of one.

// A bench stops by panicking, like a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss, clippy::print_stdout)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod over_http;
mod sales;
mod witness_time;

use std::time::{Duration, Instant};

#[tokio::main]
async fn main() {
    // Cargo hands over its own flags; a name as the first word picks a part.
    let part = std::env::args().nth(1).filter(|word| !word.starts_with('-')).unwrap_or_default();
    let wanted = |name: &str| part.is_empty() || part == name;
    println!("| what | figure | beside it |\n|---|---|---|");
    if wanted("http") {
        over_http::measure().await;
    }
    if wanted("sales") {
        sales::measure().await;
    }
    if wanted("witness") {
        witness_time::measure().await;
    }
}

/// One line of the table.
fn row(what: &str, figure: &str, beside: &str) {
    println!("| {what} | {figure} | {beside} |");
}

/// The middle of several measurements.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Milliseconds, as a figure.
fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The median of `times` runs of `work`, in milliseconds, after one to warm up.
async fn median_ms(times: usize, work: impl AsyncFn()) -> f64 {
    work().await;
    let mut all = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        work().await;
        all.push(ms(began.elapsed()));
    }
    median(all)
}
