//! The history that ships with the project is rejected, for the reasons it was made for.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use common::{import, linearizable, texts};
use evidence::{KNOWN_BAD, RunDocument, known_bad, verify};
use onsale::{Backend, Host, Run};

const HISTORY: &str = "KB-1 1020-24100 confirmed free1040-1400 | KB-2 1060-24900 confirmed free1090-1500 \
    | KB-3 1080-1390 rejected sold1100-1380=KB-1 | KB-4 1100-31000 rejected free1130-1520 sold30500-30900=KB-2 \
    | KB-5 1130-27200 rejected sold26800-27150=KB-2 | KB-6 1150-23000 error free1180-1560 ; open 120-900 ; seat KB-2";

/// The history as it was written down.
fn by_hand() -> Run {
    let mut run = texts::run(HISTORY);
    run.id = texts::name("known-bad");
    run.began_at_ms = 1_767_225_600_000;
    run.plan.backend = Backend::Control;
    run.engine.name = "hand-made history: nothing was measured".into();
    run.engine.consistency = "none".into();
    run.engine.place = "crates/evidence/testdata/known-bad.json".into();
    run.host = Host { worldseat: "written by hand".into(), machine: "none".into() };
    run.barrier_us = 1_010;
    for (n, op) in run.operations.iter_mut().enumerate() {
        op.buyer = texts::name(&format!("buyer-{}", n + 1));
        op.region = run.plan.regions[n % 2].clone();
        op.conflicts = op.attempts - 1;
    }
    run.operations[4].connected_us = Some(26_700);
    run.operations[5].reason = Some("the connection was refused; nothing was sold".into());
    for (n, sale) in run.ledger.iter_mut().enumerate() {
        sale.run = Some(run.id.clone());
        sale.buyer = run.operations[n].buyer.clone();
        sale.region = run.operations[n].region.clone();
        sale.sold_at_ms = run.began_at_ms + 24;
    }
    let holder = run.seat_rows[0].holder.as_mut().unwrap();
    (holder.owner, holder.region) = (run.ledger[1].buyer.clone(), run.ledger[1].region.clone());
    run
}

#[test]
fn the_witness_rejects_it() {
    let verification = verify(&known_bad());
    assert_eq!(verification.differences, Vec::<String>::new());
    let told = texts::told(&verification.verdict.unwrap());
    assert_eq!(told, "Violated ✗ (1 double-sell): double-sell, stale-rejection");
}

#[test]
fn every_order_of_it_is_wrong() {
    let mut edn = Vec::new();
    evidence::export(&known_bad().run, evidence::Checker::Knossos, evidence::Selection::default(), &mut edn).unwrap();
    assert!(!linearizable(&import::edn(&String::from_utf8(edn).unwrap()), "nil"));
}

#[test]
fn it_says_what_it_is_and_is_the_one_written_down_here() {
    let run = by_hand();
    let document = RunDocument::of(&run);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/known-bad.json");
    if std::env::var_os("WRITE_TESTDATA").is_some() {
        document.write(std::fs::File::create(path).unwrap()).unwrap();
    }
    assert_eq!(known_bad(), document);
    assert!(KNOWN_BAD.contains("hand-made history: nothing was measured"));
}
