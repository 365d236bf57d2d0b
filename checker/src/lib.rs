//! The witness in the visitor's browser. A run's page loads it when the visitor asks for it, and not before.

use evidence::{RunDocument, verify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

/// What came out.
#[wasm_bindgen(getter_with_clone)]
pub struct Checked {
    /// Whether the record bears out what was claimed of it, and is that of the page.
    pub agrees: bool,
    /// What came out, in a sentence.
    pub sentence: String,
}

/// Judges a `run.json` on this machine, and says whether the server said the same: when the run ended, and on the page
/// of the run `id` that shows `verdict`.
///
/// # Errors
/// If the document cannot be read, in one line.
#[wasm_bindgen]
pub fn check(document: &[u8], id: &str, verdict: &str) -> Result<Checked, JsError> {
    let document = RunDocument::read(document)?;
    let checked = verify(&document);
    let told = document.run.id.as_str();
    let Some(found) = checked.verdict.map(|found| found.verdict.to_string()) else {
        let contradictions = checked.contradictions.join("; ");
        let sentence = format!("The record contradicts itself, so there is no verdict: {contradictions}.");
        return Ok(Checked { agrees: false, sentence });
    };
    let mut differences = checked.differences;
    if told != id {
        differences.push(format!("this is the page of run {id}, the history is that of run {told}"));
    }
    if found != verdict {
        differences.push(format!("this page says {verdict}, the history gives {found}"));
    }
    let agrees = differences.is_empty();
    let sentence = if agrees {
        let (operations, sales) = (document.run.operations.len(), document.run.ledger.len());
        let (s, rows) = (if operations == 1 { "" } else { "s" }, if sales == 1 { "row" } else { "rows" });
        format!(
            "{found}, computed on your machine from {operations} operation{s} and {sales} ledger {rows}. \
             That is what the server claimed when the run ended, and what this page says."
        )
    } else {
        let differences = differences.join("; ");
        format!(
            "The record does not bear out what was claimed of it: {differences}. \
             From the record alone, computed on your machine: {found}."
        )
    };
    Ok(Checked { agrees, sentence })
}
