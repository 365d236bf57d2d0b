//! A run in the forms that other people's software reads, and the check of a run that somebody hands you. Pure: it reads
//! and writes streams that it is given, and runs in the browser too.

mod bad;
mod bounded;
mod calls;
mod digest;
mod document;
mod edn;
mod elle;
mod events;
mod export;
mod first;
mod foreign;
mod plausible;
mod porcupine;
mod read;
mod stress;
mod synth;
mod verify;

pub use bad::{KNOWN_BAD, known_bad};
pub use digest::Digest;
pub use document::{Claims, RunDocument};
pub use export::{Checker, NotExported, Selection, UnknownChecker, export};
pub use foreign::Foreign;
pub use plausible::contradictions;
pub use read::Unusable;
pub use stress::{FOIL, PRODUCT, StressLine, StressPlan, StressResult, StressTest, judge_stress};
pub use synth::{NotSynthesised, Plant, SynthOptions, synth};
pub use verify::{Verification, verify};
