//! The check of a run that somebody hands you: everything is counted and judged again.

use crate::{Claims, RunDocument, contradictions};
use onsale::Scoreboard;
use serde::Serialize;
use serde_json::{Map, Value};
use witness::{RunVerdict, judge_run};

/// Judges the run again, from its operations and ledger rows alone, and compares the outcome with every claim.
///
/// Two kinds of change are caught. One that changes the verdict or a number contradicts the claims, and one that the
/// recorder could not have written contradicts the rest of the record. What could have been recorded just so, such as an
/// operation that ends a microsecond later, contradicts the digest alone; [`crate::Digest`] says what that is worth.
pub fn verify(document: &RunDocument<'_>) -> Verification {
    let run = &*document.run;
    let verdict = judge_run(run);
    let found = Claims::of(run, &verdict);
    let differences = compare(&document.claims, &found);
    let contradictions = contradictions(run);
    Verification {
        verdict: contradictions.is_empty().then_some(verdict),
        scoreboard: found.scoreboard,
        agrees: differences.is_empty() && contradictions.is_empty(),
        differences,
        contradictions,
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The witness's verdict, computed here. A run that contradicts itself has none.
    pub verdict: Option<RunVerdict>,
    /// The numbers, counted here.
    pub scoreboard: Scoreboard,
    /// Whether every claim was confirmed and the record does not contradict itself. A violated run agrees if it was
    /// claimed to be violated.
    pub agrees: bool,
    /// What the document claims and the record does not bear out, a sentence each.
    pub differences: Vec<String>,
    /// How the record contradicts itself, a sentence each: see [`contradictions`].
    pub contradictions: Vec<String>,
}

fn compare(claimed: &Claims, found: &Claims) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, claimed: String, found: String| {
        if claimed != found {
            differences.push(format!("{what}: the document claims {claimed}, the record gives {found}"));
        }
    };
    differ("verdict", claimed.verdict.clone(), found.verdict.clone());
    differ("doubleSells", claimed.double_sells.to_string(), found.double_sells.to_string());
    differ("rules", rules(claimed), rules(found));
    differ("inconclusiveBecause", said(claimed.inconclusive_because), said(found.inconclusive_because));
    let (board_claimed, board_found) = (fields(&claimed.scoreboard), fields(&found.scoreboard));
    for (name, value) in &board_found {
        let claimed = board_claimed.get(name).unwrap_or(&Value::Null);
        differ(&format!("scoreboard.{name}"), claimed.to_string(), value.to_string());
    }
    differ("ticketsAgree", claimed.tickets_agree.to_string(), found.tickets_agree.to_string());
    if claimed.reconciled == Some(true) && !found.tickets_agree {
        differ("reconciled", "true".into(), "false: the tickets do not agree with the ledger".into());
    }
    differ("digest", claimed.digest.to_string(), found.digest.to_string());
    differences
}

fn rules(claims: &Claims) -> String {
    let names: Vec<_> = claims.rules.iter().map(|rule| rule.name()).collect();
    if names.is_empty() { "none broken".into() } else { names.join(", ") }
}

fn said(reason: Option<witness::Reason>) -> String {
    serde_json::to_value(reason).map_or_else(|_| String::new(), |value| value.to_string())
}

/// The scoreboard's fields by the names of the API.
fn fields(board: &Scoreboard) -> Map<String, Value> {
    match serde_json::to_value(board) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
