//! `history.edn`: a run in Jepsen's operation format, for Knossos' compare-and-set register.

use crate::Selection;
use crate::calls::{Action, Calls, Key, State};
use crate::events::{Event, Kind, events};
use onsale::Run;
use std::io::{self, BufWriter, Write};

/// Writes one operation map a line. Every `:value` is a `[key value]` tuple, a key for each seat and round, as
/// `jepsen.independent` has them; of one selected seat it is the value alone, as Knossos' own command line reads it. The
/// states of a register are `:older`, `:free` and the ticket that holds it:
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
pub(crate) fn write(run: &Run, calls: &Calls<'_>, selection: Selection, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    header(run, calls, selection, &mut out)?;
    let value = |key: Key, value: &str| match selection.seat {
        Some(_) => value.to_owned(),
        None => format!("[\"{key}\" {value}]"),
    };
    let mut index = 0;
    let is_selected = |seat| selection.seat.is_none_or(|selected| selected == seat) && !calls.moved.contains(&seat);
    for opening in run.openings.iter().filter(|opening| is_selected(opening.seat)) {
        let older = value(Key { seat: opening.seat, round: opening.round }, ":older");
        for kind in [Kind::Invoke, Kind::Ok] {
            let process = calls.list.len() + index / 2;
            line(&mut out, index, process, 0, kind, "write", &older, "the seat before the run")?;
            index += 1;
        }
    }
    for event in events(calls) {
        let (f, operand) = operation(&event);
        let (value, by) = (value(event.call.register, &operand), event.call.by.to_string());
        line(&mut out, index, event.process, event.at_us, event.kind, f, &value, &by)?;
        index += 1;
    }
    out.flush()
}

fn header(run: &Run, calls: &Calls<'_>, selection: Selection, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "; WorldSeat run {}, recorded on: {}", run.id, plain(&run.engine.to_string()))?;
    match selection.seat {
        Some(seat) => writeln!(out, "; The cas-register of seat {seat} alone.")?,
        None => writeln!(out, "; One cas-register for each seat and round.")?,
    }
    writeln!(out, "; docs/verify.md says how to check this file.")?;
    if selection.essential {
        writeln!(out, "; Buyers' reads of :free are left out: false holds of the whole history, true proves nothing.")?;
    }
    for seat in &calls.moved {
        writeln!(out, "; Seat {seat} is left out: its round was moved while the run was on.")?;
    }
    Ok(())
}

/// The function and its operand.
fn operation(event: &Event<'_>) -> (&'static str, String) {
    match event.call.action {
        Action::Open => ("write", ":free".into()),
        Action::Buy(ticket, _) => ("cas", format!("[:free \"{ticket}\"]")),
        Action::Read(_) if event.kind == Kind::Invoke => ("read", "nil".into()),
        Action::Read(State::Older) => ("read", ":older".into()),
        Action::Read(State::Free) => ("read", ":free".into()),
        Action::Read(State::Sold(ticket)) => ("read", format!("\"{ticket}\"")),
        Action::Read(State::Nobodys) => ("read", ":nobody".into()),
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
