//! Writes every recorded history, and a few synthetic ones, in every form, for xtask/third-party.sh,
//! that of Knossos one file for each register:
//! `cargo run -p evidence --example histories -- FOLDER`. Each gets a folder of its own, with our verdict in verdict.txt:
//! `valid` or `violated`, and the rules.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a script's helper")]

use evidence::{Checker, KNOWN_BAD, Plant, RunDocument, Selection, SynthOptions, export, synth};
use onsale::Run;
use std::{borrow::Cow, env, fs, fs::File, path::Path};
use witness::judge_run;

fn main() {
    let folder = env::args().nth(1).expect("a folder to write to");
    let folder = Path::new(&folder);
    write(folder, "known-bad", &RunDocument::read(KNOWN_BAD.as_bytes()).unwrap());
    for side in ["good", "bad"] {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../witness/testdata").join(side);
        for entry in fs::read_dir(recorded).unwrap() {
            let path = entry.unwrap().path();
            let run: Run = serde_json::from_reader(File::open(&path).unwrap()).unwrap();
            let name = format!("{side}-{}", path.file_stem().unwrap().to_string_lossy());
            let document = RunDocument { claims: RunDocument::of(&run).claims, run: Cow::Owned(run) };
            write(folder, &name, &document);
        }
    }
    for plant in Plant::ALL.map(Some).into_iter().chain([None]) {
        let mut text = Vec::new();
        synth(&SynthOptions { operations: 24, seats: 4, plant, seed: 1 }, &mut text).unwrap();
        let name = plant.map_or("synthetic".to_owned(), |plant| format!("synthetic-{plant}"));
        write(folder, &name, &RunDocument::read(&text[..]).unwrap());
    }
}

fn write(folder: &Path, name: &str, document: &RunDocument<'_>) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| File::create(folder.join(name)).unwrap();
    document.write(file("run.json")).unwrap();
    let write = |checker, selection, name: &str| export(&document.run, checker, selection, file(name)).unwrap();
    write(Checker::Porcupine, Selection::default(), "porcupine.json");
    write(Checker::Elle, Selection::default(), "history.jsonl");
    fs::create_dir_all(folder.join("registers")).unwrap();
    for &seat in &document.run.plan.seats {
        let selection = Selection { seat: Some(seat), essential: false };
        write(Checker::Knossos, selection, &format!("registers/{seat}.edn"));
    }
    let findings = judge_run(&document.run).findings;
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule.name()).collect();
    // What no register can express; docs/verify.md says which runs those are.
    let word = if rules.iter().all(|rule| *rule == "unopened") { "valid" } else { "violated" };
    fs::write(folder.join("verdict.txt"), format!("{word} {}\n", rules.join(" "))).unwrap();
}
