//! How long a verdict takes: `cargo bench -p witness --bench judge`.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;
use common::{Database, run};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onsale::Scoreboard;
use std::time::Duration;
use witness::judge_run;

fn million(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1,000,000 operations");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for seats in [1, 96, 16_667, 1_000_000] {
        for (name, database) in
            [("valid", Database::Right), ("one double sale", Database::WrongOnce), ("foil", Database::Foil)]
        {
            if seats == 1_000_000 && database == Database::Foil {
                continue; // One buyer a seat; one more for the double sale.
            }
            let run = run(1_000_000 + usize::from(seats == 1_000_000), seats, database);
            group.bench_function(BenchmarkId::new(name, seats), |bench| bench.iter(|| judge_run(&run)));
        }
        let run = run(1_000_000, seats, Database::Right);
        group.bench_function(BenchmarkId::new("scoreboard", seats), |bench| bench.iter(|| Scoreboard::of(&run)));
    }
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("96 seats, valid");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    for operations in [1_000, 10_000, 100_000, 1_000_000] {
        let run = run(operations, 96, Database::Right);
        group.throughput(Throughput::Elements(operations as u64));
        group.bench_function(BenchmarkId::from_parameter(operations), |bench| bench.iter(|| judge_run(&run)));
    }
}

fn burst(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("60 buyers, one seat");
    for (name, database) in
        [("valid", Database::Right), ("one double sale", Database::WrongOnce), ("foil", Database::Foil)]
    {
        let run = run(60, 1, database);
        group.bench_function(name, |bench| bench.iter(|| judge_run(&run)));
    }
}

criterion_group!(benches, burst, growth, million);
criterion_main!(benches);
