//! `history.edn`: a run in Jepsen's operation format, for Knossos' compare-and-set register.

use crate::calls::{Action, Calls, Key, State, calls};
use crate::events::{Event, Kind, events};
use onsale::Run;
use std::io::{self, BufWriter, Write};

/// Writes one operation map a line. Every `:value` is a `[key value]` tuple, a key for each seat and round, as
/// `jepsen.independent` has them; the states of a register are `:older`, `:free` and the ticket that holds it:
/// - it begins as `:older`: one `:write`, before everything;
/// - its opening is a `:write` of `:free`, and a purchase a `:cas` from `:free` to its ticket;
/// - a rejection is an `:ok` read of the owner, because Knossos drops what `:fail`ed;
/// - a purchase that certainly did not happen `:fail`s, and one that nobody knows of is `:info`;
/// - after the run, the seats table and the ledger are read.
///
/// Times are nanoseconds since the run's clock began. `:by` says whose call it is; no checker needs it.
///
/// # Errors
/// What `out` answers.
pub fn write(run: &Run, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let calls = calls(run);
    header(run, &calls, &mut out)?;
    let mut index = 0;
    for opening in run.openings.iter().filter(|opening| !calls.moved.contains(&opening.seat)) {
        let key = Key { seat: opening.seat, round: opening.round };
        for kind in [Kind::Invoke, Kind::Ok] {
            let process = calls.list.len() + index / 2;
            line(
                &mut out,
                index,
                process,
                0,
                kind,
                "write",
                &format!("[\"{key}\" :older]"),
                "the seat before the run",
            )?;
            index += 1;
        }
    }
    for event in events(&calls) {
        let (f, value) = operation(&event);
        let by = event.call.by.to_string();
        line(&mut out, index, event.process, event.at_us, event.kind, f, &value, &by)?;
        index += 1;
    }
    out.flush()
}

fn header(run: &Run, calls: &Calls<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "; WorldSeat run {}, recorded on: {}", run.id, plain(&run.engine.to_string()))?;
    writeln!(out, "; One cas-register for each seat and round. docs/verify.md says how to check this file.")?;
    for seat in &calls.moved {
        writeln!(out, "; Seat {seat} is left out: its round was moved while the run was on.")?;
    }
    Ok(())
}

fn operation(event: &Event<'_>) -> (&'static str, String) {
    let key = event.call.register;
    match event.call.action {
        Action::Open => ("write", format!("[\"{key}\" :free]")),
        Action::Buy(ticket, _) => ("cas", format!("[\"{key}\" [:free \"{ticket}\"]]")),
        Action::Read(_) if event.kind == Kind::Invoke => ("read", format!("[\"{key}\" nil]")),
        Action::Read(State::Older) => ("read", format!("[\"{key}\" :older]")),
        Action::Read(State::Free) => ("read", format!("[\"{key}\" :free]")),
        Action::Read(State::Sold(ticket)) => ("read", format!("[\"{key}\" \"{ticket}\"]")),
        Action::Read(State::Nobodys) => ("read", format!("[\"{key}\" :nobody]")),
    }
}

#[allow(clippy::too_many_arguments)] // The fields of one line.
fn line(
    out: &mut impl Write,
    index: usize,
    process: usize,
    at_us: u64,
    kind: Kind,
    f: &str,
    value: &str,
    by: &str,
) -> io::Result<()> {
    let (word, time_ns) = (kind.as_str(), u128::from(at_us) * 1000);
    let by = by.replace('\\', "\\\\").replace('"', "\\\"");
    writeln!(
        out,
        "{{:index {index}, :process {process}, :time {time_ns}, :type :{word}, :f :{f}, :value {value}, :by \"{by}\"}}"
    )
}

/// On one line, whatever the server called itself.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
