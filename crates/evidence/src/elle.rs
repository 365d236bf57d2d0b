//! `history.jsonl`: a run in the form of Elle's `rw-register`, for elle-cli.

use crate::calls::{Action, Calls, State, Told};
use crate::events::{Event, Kind, events};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write};

/// Writes one operation a line. A purchase is a transaction that reads its register as `null` and writes its ticket, a
/// read is a transaction that reads; registers begin as `null`, which is free, and every ticket is written once, as Elle
/// wants it. Elle's registers cannot be opened, so openings and reads of earlier rounds are left out.
///
/// Elle takes only transactions that were `:ok` for writers. What stands in the ledger happened, whatever its buyer was
/// told: it is `:ok`, and it ends after everything, because nobody knows when.
///
/// Times are nanoseconds since the run's clock began. `by` says whose call it is; no checker needs it.
///
/// # Errors
/// What `out` answers.
pub(crate) fn write(mut calls: Calls<'_>, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    calls.list.retain(|call| !matches!(call.action, Action::Open | Action::Read(State::Older)));
    for call in &mut calls.list {
        if let Action::Buy(ticket, Told::Later) = call.action {
            (call.action, call.end_us) = (Action::Buy(ticket, Told::Yes), Some(calls.over_us));
        }
    }
    for (index, event) in events(&calls).iter().enumerate() {
        serde_json::to_writer(&mut out, &operation(index, event))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[derive(Serialize)]
struct Operation {
    index: usize,
    process: usize,
    time: u64,
    r#type: &'static str,
    f: &'static str,
    value: Value,
    by: String,
}

fn operation(index: usize, event: &Event<'_>) -> Operation {
    let key = event.call.register.to_string();
    let value = match event.call.action {
        Action::Buy(ticket, _) => json!([["r", key, null], ["w", key, ticket]]),
        Action::Read(State::Sold(ticket)) if event.kind != Kind::Invoke => json!([["r", key, ticket]]),
        // No ticket is called so: nobody can have written it.
        Action::Read(State::Nobodys) if event.kind != Kind::Invoke => json!([["r", key, "?"]]),
        _ => json!([["r", key, null]]),
    };
    let time = event.at_us.saturating_mul(1000);
    let (process, r#type, by) = (event.process, event.kind.as_str(), event.call.by.to_string());
    Operation { index, process, time, r#type, f: "txn", value, by }
}
