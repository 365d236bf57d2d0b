//! The store of runs.

use crate::common::{JUDGED, order, seat};
use crate::house::{House, wall_clock_ms};
use futures::future::try_join_all;
use onsale::{Backend, FloorId, Operation, Outcome, Read, Run, RunId, RunStore, SeatRow, Seen, Ticket};

#[tokio::test]
async fn a_run_is_kept_whole() {
    let house = House::new().await;
    let run = a_run(2_000, 2);
    assert_eq!(house.db.load_run(&run.id).await.unwrap(), None, "a run nobody saved");
    house.db.save_run(&house.floor, &run.id, &JUDGED, &document(&run)).await.unwrap();
    let kept = Some((house.floor.clone(), document(&run)));
    assert_eq!(house.db.load_run(&run.id).await.unwrap(), kept);
    assert_eq!(house.another(1).load_run(&run.id).await.unwrap(), kept, "by another server");

    // Saved again, in turn and at once: nothing changes.
    let parts = house.parts(&run.id).await;
    house.db.save_run(&house.floor, &run.id, &JUDGED, &document(&run)).await.unwrap();
    let document = document(&run);
    try_join_all((0..2).map(|_| house.db.save_run(&house.floor, &run.id, &JUDGED, &document))).await.unwrap();
    assert_eq!(house.parts(&run.id).await, parts);
    assert_eq!(house.db.load_run(&run.id).await.unwrap(), kept);
    // Counted once on its floor, and on no other backend.
    let judged = async |backend| house.db.judged_runs(&house.floor, backend).await.unwrap();
    assert_eq!(judged(Backend::Dsql).await, [("linearizable".to_owned(), 1)]);
    assert_eq!(judged(Backend::Naive).await, []);
}

/// Four at once save one run that nobody has saved yet.
#[tokio::test]
async fn a_run_saved_by_four_at_once_is_there_once() {
    let house = House::new().await;
    for _ in 0..5 {
        let run = a_run(60, 2);
        let document = document(&run);
        try_join_all((0..4).map(|_| house.db.save_run(&house.floor, &run.id, &JUDGED, &document))).await.unwrap();
        assert_eq!(house.parts(&run.id).await, 1);
        assert_eq!(house.db.load_run(&run.id).await.unwrap(), Some((house.floor.clone(), document)));
    }
}

#[tokio::test]
async fn a_run_with_a_missing_or_broken_part_is_an_error() {
    let house = House::new().await;
    let direct = house.server.direct().await;
    for damage in [
        "DELETE FROM runs WHERE run = $1 AND part = 0",
        "DELETE FROM runs WHERE run = $1 AND part = parts - 1",
        "UPDATE runs SET document = 'nothing' WHERE run = $1 AND part = 0",
        "UPDATE runs SET document = substr(document, 1, 1000) WHERE run = $1 AND part = parts - 1",
    ] {
        let mut run = a_run(60, 2);
        let noise = (0..800_000).map(|_| fastrand::alphanumeric()).collect::<String>();
        run.engine.settings.push(onsale::Setting::new("noise", noise));
        house.db.save_run(&house.floor, &run.id, &JUDGED, &document(&run)).await.unwrap();
        assert!(house.parts(&run.id).await >= 2, "a run this long needs several parts");
        assert!(house.db.load_run(&run.id).await.unwrap().is_some());
        direct.execute(damage, &[&run.id.as_str()]).await.unwrap();
        let failure = house.db.load_run(&run.id).await.unwrap_err();
        assert!(failure.to_string().contains("cannot be read back"), "{damage}: {failure}");
    }
}

fn document(run: &Run) -> Vec<u8> {
    serde_json::to_vec(run).unwrap()
}

/// A run as a burst leaves it, its times and tickets random.
fn a_run(buyers: usize, reads: usize) -> Run {
    let ticket = || Ticket::from_random(fastrand::u128(..));
    let read = || {
        let start_us = fastrand::u64(..10_000_000);
        let seen = if fastrand::bool() { Seen::Available } else { Seen::Sold(ticket()) };
        Read { start_us, end_us: start_us + 300, round: 7, seen }
    };
    let operation = |n: usize| {
        let wish = order(&FloorId::main(), seat("A1"), &format!("buyer-{n}"), n % 2);
        Operation {
            buyer: wish.buyer,
            region: wish.region,
            seat: wish.seat,
            ticket: wish.ticket,
            start_us: 1_000,
            connected_us: (!n.is_multiple_of(9)).then_some(1_200),
            end_us: fastrand::u64(..10_000_000),
            attempts: 2,
            conflicts: 1,
            schema_conflicts: 0,
            reads: (0..reads).map(|_| read()).collect(),
            outcome: if n == 0 { Outcome::Confirmed } else { Outcome::Rejected },
            reason: n.is_multiple_of(9).then(|| "“nothing” was sold".into()),
        }
    };
    let regions = standins::REGIONS.map(|region| region.parse().unwrap()).to_vec();
    Run {
        version: Run::VERSION,
        id: RunId::from_random(fastrand::u128(..)),
        began_at_ms: wall_clock_ms(),
        plan: onsale::Plan {
            backend: onsale::Backend::Dsql, // a label
            seats: vec![seat("A1")],
            buyers: u32::try_from(buyers).unwrap(),
            think_ms: 20,
            seed: u64::MAX,
            regions,
            connections_per_region: 64,
        },
        engine: onsale::Engine {
            stand_in: true,
            own: false,
            name: "PostgreSQL 15.18".to_owned(),
            consistency: "REPEATABLE READ".to_owned(),
            place: "this machine".to_owned(),
            settings: vec![onsale::Setting::new("fsync", "off")],
        },
        host: onsale::Host { worldseat: "the tests".to_owned(), machine: "this machine".to_owned() },
        openings: vec![onsale::Opening { seat: seat("A1"), round: 7, start_us: 0, end_us: 900 }],
        skew_us: 0,
        barrier_us: 1_000,
        end_us: 10_000_000,
        operations: (0..buyers).map(operation).collect(),
        ledger: vec![],
        seat_rows: vec![SeatRow::untouched(seat("A1"))],
    }
}
