//! The pool: questions that wait for a connection at the same time within one task.

use crate::{
    common::{JUDGED, seat},
    house::House,
};
use futures::{FutureExt, future::BoxFuture, poll};
use onsale::{Backend, BoxOffice, BuyerName, Database, Failure, Plan, Region, RunId, RunStore, Span};
use std::time::Duration;

/// Much longer than any question takes: a test that hangs ends here.
const WATCHDOG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_question_that_is_not_polled_keeps_no_connection_from_the_others() {
    let house = House::new().await;
    let db = house.another(1);
    let regions = db.regions();
    let (floor, buyer) = (&house.floor, "ada".parse::<BuyerName>().unwrap());
    let (run, plan) = (&RunId::from_random(fastrand::u128(..)), plan(&regions));
    let rounds = &[(seat("A1"), 1)];
    let only = db.connect(&regions[0]).await.unwrap();
    let mut asked: Vec<(&str, BoxFuture<'_, Result<(), Failure>>)> = vec![
        ("engine", db.engine().map(told).boxed()),
        ("check", db.check().map(told).boxed()),
        ("make_floor", db.make_floor(floor).map(told).boxed()),
        ("open_seat", db.open_seat(floor, seat("A1")).map(told).boxed()),
        ("reset", db.reset(floor, None).map(told).boxed()),
        ("seats", db.seats(floor).map(told).boxed()),
        ("seat_rows", db.seat_rows(floor, seat("A1")).map(told).boxed()),
        ("tickets", db.tickets(floor, &buyer).map(told).boxed()),
        ("counts", db.counts(floor, Span::SinceReset).map(told).boxed()),
        ("round_counts", db.round_counts(floor, rounds).map(told).boxed()),
        ("sales", db.sales(floor, seat("A1"), 1).map(told).boxed()),
        ("begin_run", db.begin_run(floor, run, &plan).map(told).boxed()),
        ("load_begun", db.load_begun(run).map(told).boxed()),
        ("save_run", db.save_run(floor, run, &JUDGED, b"a document").map(told).boxed()),
        ("load_run", db.load_run(run).map(told).boxed()),
        ("judged_runs", db.judged_runs(floor, Backend::Dsql).map(told).boxed()),
        ("append_record", db.append_record(run, 0, "{}").map(told).boxed()),
        ("load_record", db.load_record(run).map(told).boxed()),
        ("newest_records", db.newest_records(1).map(told).boxed()),
        ("load_records", db.load_records(1).map(told).boxed()),
    ];
    for (what, question) in &mut asked {
        assert!(poll!(question).is_pending(), "{what} waits for the only connection");
    }
    drop(only);
    // The one that waited longest is awaited last: until then nothing polls it.
    while let Some((what, question)) = asked.pop() {
        let answer = tokio::time::timeout(WATCHDOG, question).await;
        answer.unwrap_or_else(|_| panic!("{what} is not answered within {WATCHDOG:?}")).unwrap();
    }
}

fn told<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    answer.map(drop)
}

fn plan(regions: &[Region; 2]) -> Plan {
    Plan {
        backend: Backend::Dsql,
        seats: vec![seat("A1")],
        buyers: 2,
        think_ms: 0,
        seed: 1,
        regions: regions.to_vec(),
        connections_per_region: 1,
    }
}
