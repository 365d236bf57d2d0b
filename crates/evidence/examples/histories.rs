//! Writes every recorded history, and a few synthetic ones, in every form, for xtask/third-party.sh:
//! `cargo run -p evidence --example histories -- FOLDER`. Each gets a folder of its own, with our verdict in verdict.txt:
//! `valid` or `violated`, and the rules.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a script's helper")]

use evidence::{KNOWN_BAD, Plant, RunDocument, SynthOptions, edn, elle, porcupine, synth, verify};
use onsale::Run;
use std::{borrow::Cow, env, fs, fs::File, path::Path};

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
    edn::write(&document.run, file("history.edn")).unwrap();
    elle::write(&document.run, file("history.jsonl")).unwrap();
    porcupine::write(&document.run, file("porcupine.json")).unwrap();
    let findings = verify(document).verdict.findings;
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule.name()).collect();
    let word = if rules.is_empty() { "valid" } else { "violated" };
    fs::write(folder.join("verdict.txt"), format!("{word} {}\n", rules.join(" "))).unwrap();
}
