//! Documents that nobody would write: valid ones with bytes changed, and with values replaced by the most extreme of their
//! kind. Whatever is in them, they are read or refused, and what was read is judged and exported, without a panic.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use common::texts;
use evidence::{Checker, RunDocument, Selection, export};
use fastrand::Rng;
use serde_json::{Value, json};

/// Runs that hold everything a run can hold.
const RUNS: [&str; 3] = [
    "a 10-40 confirmed free11-15 | b 10-60 rejected free12-16 sold50-55=a | c 11-45 rejected sold42-44=a \
     | d 12-30 error | e 12-70 unknown free13-20 ; open 1-8",
    "a 10-40 confirmed free11-15 | b 10-60 confirmed free12-16 | B2:c 10-40 rejected free11-12@5 \
     sold30-31=x ; open 1-20 B2:2-20 ; ledger a b B2:x* ; seat a B2:x",
    "a 0-0 unknown | b 3-3 unknown ; open 0-0 B2:0-0 ; ledger a b@5 ; seat a ; skew 0",
];

/// What stands at the edges of a type, and what is not of the type at all.
fn extremes() -> Vec<Value> {
    vec![
        json!(0),
        json!(1),
        json!(-1),
        json!(u64::MAX),
        json!(u64::MAX - 1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u32::MAX),
        json!(u16::MAX),
        json!(4.0),
        json!(1e308),
        json!(null),
        json!(true),
        json!(""),
        json!("\u{feff}é\u{202e}\u{0}"),
        json!("A65535"),
        json!("available"),
        json!({ "sold": "a" }),
        json!([]),
        json!({}),
    ]
}

fn documents() -> Vec<Value> {
    let documents = RUNS.map(|text| {
        let mut out = Vec::new();
        RunDocument::of(&texts::run(text)).write(&mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    });
    documents.into()
}

/// Words that stand somewhere in a run.
const WORDS: [&str; 10] = ["a", "b", "x", "A1", "B2", "confirmed", "rejected", "unknown", "available", "us-east-1"];

/// Changes one value, anywhere in the tree.
fn change(value: &mut Value, random: &mut Rng, extremes: &[Value]) {
    let inside = match value {
        Value::Array(list) => list.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    // Rather a leaf than a whole branch: a changed branch is refused at once.
    if inside > 0 && random.usize(..12) > 0 {
        let at = random.usize(..inside);
        let next = match value {
            Value::Array(list) => list.get_mut(at),
            Value::Object(fields) => fields.values_mut().nth(at),
            _ => None,
        };
        return change(next.unwrap(), random, extremes);
    }
    match (value, random.usize(..8)) {
        (Value::Array(list), 0) if !list.is_empty() => _ = list.remove(random.usize(..list.len())),
        (Value::Array(list), 1 | 2) if !list.is_empty() => list.push(list[random.usize(..list.len())].clone()),
        (Value::Array(list), 3) => list.reverse(),
        (Value::Object(fields), 0..=2) if !fields.is_empty() => {
            let name = fields.keys().nth(random.usize(..fields.len())).unwrap().clone();
            fields.remove(&name);
        }
        (Value::Number(number), 0..=6) => {
            let near = number.as_u64().unwrap_or(0).wrapping_add(random.u64(..3)).wrapping_sub(1);
            *number = [near, near, 0, 1, u64::from(u32::MAX), u64::MAX - 1, u64::MAX][random.usize(..7)].into();
        }
        (Value::String(text), 0..=5) => WORDS[random.usize(..WORDS.len())].clone_into(text),
        (Value::Bool(yes), _) => *yes = !*yes,
        (value, _) => *value = extremes[random.usize(..extremes.len())].clone(),
    }
}

/// Changes a few bytes: one replaced, one left out, one doubled, the rest cut off.
fn damage(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..=random.usize(..3) {
        if bytes.is_empty() {
            return;
        }
        let at = random.usize(..bytes.len());
        match random.usize(..4) {
            0 => bytes[at] = random.u8(..),
            1 => _ = bytes.remove(at),
            2 => bytes.insert(at, b"\"{}[]:,0\\\xff\x00"[random.usize(..11)]),
            _ => bytes.truncate(at.max(1)),
        }
    }
}

/// Reads, judges, explains and exports; says whether it was read.
fn use_document(bytes: &[u8]) -> bool {
    let document = match RunDocument::read(bytes) {
        Ok(document) => document,
        Err(refused) => {
            let refused = refused.to_string();
            assert!(!refused.is_empty() && !refused.contains('\n'), "{refused}");
            return false;
        }
    };
    evidence::verify(&document);
    // Most of these contradict themselves and get no verdict there; judging must not panic either.
    let words = witness::explain_run(&document.run, &witness::judge_run(&document.run));
    assert!(!words.headline.is_empty());
    witness::reconcile(&document.run, Some(&[]));
    document.write(std::io::sink()).unwrap();
    let run = &document.run;
    for checker in Checker::ALL {
        for seat in [None, run.plan.seats.first().copied()] {
            export(run, checker, Selection { seat, essential: seat.is_some() }, std::io::sink()).unwrap();
        }
    }
    true
}

fn search(seeds: impl Iterator<Item = u64>) {
    let (documents, extremes) = (documents(), extremes());
    let (mut read, mut all) = (0_u64, 0_u64);
    for seed in seeds {
        let mut random = Rng::with_seed(seed);
        let mut document = documents[random.usize(..documents.len())].clone();
        for _ in 0..=random.usize(..4) {
            change(&mut document, &mut random, &extremes);
        }
        let mut bytes = document.to_string().into_bytes();
        if random.usize(..4) == 0 {
            damage(&mut bytes, &mut random);
        }
        let outcome = std::panic::catch_unwind(|| use_document(&bytes));
        let was_read = outcome.unwrap_or_else(|_| panic!("seed {seed}: {}", String::from_utf8_lossy(&bytes)));
        read += u64::from(was_read);
        all += 1;
    }
    println!("{all} documents, {read} of them read");
    assert!(read * 20 > all, "too few of them get past the reader: {read} of {all}");
}

#[test]
fn no_document_makes_a_panic() {
    search(0..4_000);
}

/// `cargo test --test random_documents -- --ignored --nocapture`: ten minutes, other seeds each time.
#[test]
#[ignore = "takes ten minutes"]
fn no_document_makes_a_panic_for_long() {
    let first = fastrand::u64(..u64::MAX / 2);
    let end = std::time::Instant::now() + std::time::Duration::from_mins(10);
    println!("from seed {first}");
    search((first..).take_while(|_| std::time::Instant::now() < end));
}

/// What such a search has found; a new finding becomes a file beside the others.
#[test]
fn what_was_found_once_is_not_found_again() {
    let folder = format!("{}/testdata/found", env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "{folder} is empty");
    for file in files {
        use_document(&std::fs::read(&file).unwrap());
    }
}
