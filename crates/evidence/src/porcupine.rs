//! `porcupine.json`: a run in the shape of Porcupine's operations.

use crate::calls::{Action, Call, Calls, State, Told};
use onsale::Ticket;
use serde::Serialize;
use std::io::{self, BufWriter, Write};

/// Writes an array with one operation a line: client, input, output, call and return, in nanoseconds since the run's
/// clock began. `xtask/third-party/porcupine` holds the model: a register for each key that is older, then free, then
/// sold. A return is a nanosecond later than its stamp, so that calls which touch in one microsecond overlap however
/// they are sorted. A purchase that nobody knows of returns after everything, and its model may ignore it.
///
/// # Errors
/// What `out` answers.
pub(crate) fn write(calls: &Calls<'_>, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut before = "[\n";
    for (client_id, call) in calls.list.iter().enumerate() {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut out, &Operation::of(client_id, call, calls.over_us))?;
        before = ",\n";
    }
    out.write_all(if calls.list.is_empty() { b"[]\n".as_slice() } else { b"\n]\n" })?;
    out.flush()
}

/// One call and its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation<'a> {
    client_id: usize,
    input: Input<'a>,
    output: Output<'a>,
    call: u64,
    r#return: u64,
    by: String,
}

/// What was asked: `open`, `buy` with a ticket, or `read`.
#[derive(Serialize)]
struct Input<'a> {
    key: String,
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a Ticket>,
}

/// What was answered: to an opening and a purchase `yes`, `no` or `unknown`; to a read `older`, `free`, `sold` with the
/// ticket, or `nobody` for a seat that was sold though the ledger holds no sale of it.
#[derive(Serialize)]
struct Output<'a> {
    told: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a Ticket>,
}

impl<'a> Operation<'a> {
    fn of(client_id: usize, call: &Call<'a>, over_us: u64) -> Self {
        let (op, asked, told, held) = match call.action {
            Action::Open => ("open", None, "yes", None),
            Action::Buy(ticket, Told::Yes) => ("buy", Some(ticket), "yes", None),
            Action::Buy(ticket, Told::No) => ("buy", Some(ticket), "no", None),
            Action::Buy(ticket, Told::Nothing | Told::Later) => ("buy", Some(ticket), "unknown", None),
            Action::Read(State::Older) => ("read", None, "older", None),
            Action::Read(State::Free) => ("read", None, "free", None),
            Action::Read(State::Sold(ticket)) => ("read", None, "sold", Some(ticket)),
            Action::Read(State::Nobodys) => ("read", None, "nobody", None),
        };
        let ns = |us: u64| us.saturating_mul(1000);
        Self {
            client_id,
            input: Input { key: call.register.to_string(), op, ticket: asked },
            output: Output { told, ticket: held },
            call: ns(call.start_us),
            r#return: ns(call.end_us.unwrap_or(over_us)).saturating_add(1),
            by: call.by.to_string(),
        }
    }
}
