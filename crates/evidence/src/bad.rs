//! The known-bad history: a run that is wrong, shipped with the project, so that everybody can see the witness refuse it.

use crate::RunDocument;

/// The text of the known-bad history, in the form of run.json. It was made by hand and says so: six buyers, two of them
/// told "confirmed" for one chair and both in the ledger, and one told "sold" before either sale could have begun. Its
/// claims are honest: it claims to be violated.
pub const KNOWN_BAD: &str = include_str!("../testdata/known-bad.json");

/// The known-bad history. The witness must reject it.
pub fn known_bad() -> RunDocument<'static> {
    // It ships with the crate, and a test reads it.
    RunDocument::read(KNOWN_BAD.as_bytes()).unwrap_or_else(|unusable| unreachable!("{unusable}"))
}
