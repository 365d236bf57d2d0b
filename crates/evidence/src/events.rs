//! Calls as a sequence of begins and ends: the shape of a Jepsen history.

use crate::calls::{Action, Call, Calls, Told};

/// The begins and ends of `calls` in the order of time; those of the same microsecond are concurrent, so the begins come
/// first. Calls that nobody answered end last of all, as crashed ones.
pub(crate) fn events<'a>(calls: &'a Calls<'a>) -> Vec<Event<'a>> {
    let begin =
        |(process, call): (usize, &'a Call<'a>)| Event { process, call, at_us: call.start_us, kind: Kind::Invoke };
    let end = |(process, call): (usize, &'a Call<'a>)| Event {
        process,
        call,
        at_us: call.end_us.unwrap_or(calls.over_us),
        kind: match call.action {
            Action::Buy(_, Told::No) => Kind::Fail,
            Action::Buy(_, Told::Nothing | Told::Later) => Kind::Info,
            _ => Kind::Ok,
        },
    };
    let numbered = || calls.list.iter().enumerate();
    let mut events: Vec<_> = numbered().map(begin).chain(numbered().map(end)).collect();
    events.sort_by_key(|event| (event.at_us, event.kind != Kind::Invoke));
    events
}

/// One begin or end.
#[derive(Clone, Copy)]
pub(crate) struct Event<'a> {
    /// Each call is a process of its own: a buyer's later reads overlap with its purchase, and a process does one thing
    /// at a time. So no crashed process is ever used again.
    pub process: usize,
    pub call: &'a Call<'a>,
    pub at_us: u64,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}
