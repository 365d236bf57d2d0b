//! The witness in the visitor's browser. A run's page loads it when the visitor asks for it, and not before.

use evidence::{RunDocument, verify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

/// Judges a `run.json` on this machine, and says in one sentence what came out and whether the server said the same.
///
/// # Errors
/// If the document cannot be read, in one line.
#[wasm_bindgen]
pub fn check(document: &[u8]) -> Result<String, JsError> {
    let document = RunDocument::read(document)?;
    let checked = verify(&document);
    let operations = document.run.operations.len();
    let sales = document.run.ledger.len();
    let verdict = checked.verdict.verdict;
    let sentence = if checked.agrees {
        format!(
            "{verdict}, computed on your machine from {operations} operations and {sales} ledger rows. That is what the server claimed when the run ended."
        )
    } else {
        let differences = checked.differences.join("; ");
        format!(
            "{verdict}, computed on your machine. The record does not bear out what was claimed of it: {differences}."
        )
    };
    Ok(sentence)
}
