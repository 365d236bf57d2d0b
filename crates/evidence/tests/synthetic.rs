//! Synthetic runs are what they claim to be, whatever their size.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

#[path = "../../witness/tests/common/seeds.rs"]
mod seeds;

use evidence::{Plant, RunDocument, SynthOptions, synth, verify};
use proptest::prelude::*;
use witness::{Reason, Verdict};

fn written(options: &SynthOptions) -> Vec<u8> {
    let mut out = Vec::new();
    synth(options, &mut out).unwrap();
    out
}

fn options(operations: u32, seats: u32, plant: Option<Plant>) -> SynthOptions {
    SynthOptions { operations, seats, plant, seed: 7 }
}

fn check(options: &SynthOptions) {
    let bytes = written(options);
    let document = RunDocument::read(&bytes[..]).unwrap();
    let verification = verify(&document);
    let said = [verification.differences, verification.contradictions].concat();
    assert_eq!(said, Vec::<String>::new(), "{options:?}");
    let judged = verification.verdict.unwrap();
    assert_eq!(document.run.operations.len(), options.operations as usize);
    assert_eq!(document.run.plan.seats.len(), options.seats as usize);
    let rules: Vec<_> = judged.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, options.plant.map(Plant::rule).into_iter().collect::<Vec<_>>(), "{options:?}");
    let expect = match options.plant {
        Some(plant) => Verdict::Violated { double_sells: (plant == Plant::DoubleSell).into() },
        None if options.operations > options.seats => Verdict::Linearizable,
        None => Verdict::Inconclusive,
    };
    assert_eq!(judged.verdict, expect, "{options:?}");
    assert!(expect != Verdict::Inconclusive || judged.inconclusive_because == Some(Reason::NobodyRaced));
    let mut again = Vec::new();
    document.write(&mut again).unwrap();
    assert!(bytes == again, "what is written in a stream is what a document writes: {options:?}");
}

seeds::properties! {
    150 seeds of fn valid_without_a_plant_and_violated_by_that_rule_alone_with_one(
        seats in 1..40u32,
        more in 1..200u32,
        plant in prop::option::of(prop::sample::select(Plant::ALL.to_vec())),
        seed in any::<u64>(),
    ) {
        check(&SynthOptions { operations: seats + more, seats, plant, seed });
        check(&SynthOptions { operations: more.min(seats), seats, plant: None, seed });
    }
}

#[test]
fn the_same_seed_writes_the_same_bytes_and_another_seed_others() {
    let a = options(500, 20, Some(Plant::Phantom));
    assert_eq!(written(&a), written(&a));
    assert_ne!(written(&a), written(&SynthOptions { seed: 8, ..a }));
}

#[test]
fn seats_go_on_in_the_next_row() {
    let document = RunDocument::read(&written(&options(3, 65_537, None))[..]).unwrap();
    let seats: Vec<_> = document.run.plan.seats.iter().skip(65_534).map(ToString::to_string).collect();
    assert_eq!(seats, ["A65535", "B1", "B2"]);
}

#[test]
fn what_cannot_be_written_is_refused_in_a_line() {
    let refused = |options: SynthOptions| synth(&options, std::io::sink()).unwrap_err().to_string();
    assert!(refused(options(0, 1, None)).starts_with("0 operations: "));
    assert!(refused(options(u32::MAX, 1, None)).ends_with("a synthetic run has 1 to 20000000"));
    assert!(refused(options(1, 0, None)).starts_with("0 seats: "));
    assert!(refused(options(1, SynthOptions::SEATS_MAX + 1, None)).ends_with("1 to 1703910, A1 to Z65535"));
    assert!(refused(options(5, 5, Some(Plant::LostSale))).starts_with("a lost-sale needs two buyers of one seat"));
    for plant in Plant::ALL {
        assert_eq!(plant.to_string().parse::<Plant>().unwrap(), plant);
    }
    assert!(
        "overbooking"
            .parse::<Plant>()
            .unwrap_err()
            .to_string()
            .starts_with("'overbooking' is not a plant: double-sell,")
    );
}
