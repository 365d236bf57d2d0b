//! What the exports mean, found out without any rule of ours: read back, and searched in every order.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "shared by several test binaries")]

pub mod import;

#[path = "../../../witness/tests/common/mod.rs"]
pub mod texts;

use std::collections::{BTreeMap, HashSet};

/// One call as read back from an export. It precedes another if its end is before the other's start.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub key: String,
    pub action: Action,
    pub start: u64,
    /// `None`: nobody knows whether it took effect.
    pub end: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Whatever it was, it is this now.
    Write(String),
    /// It was the first, and is the second now.
    Cas(String, String),
    /// It is this.
    Read(String),
}

/// Whether the calls on every register can be put in an order that explains every answer, from `initial` on.
pub fn linearizable(calls: &[Call], initial: &str) -> bool {
    let mut registers: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        registers.entry(&call.key).or_default().push(call);
    }
    registers.values().all(|calls| {
        assert!(calls.len() <= 64, "too many calls to search");
        search(calls, 0, initial, &mut HashSet::new())
    })
}

/// Wing and Gong's search: any call may be next that no other call must precede. Calls of no known effect may be left out.
fn search(calls: &[&Call], done: u64, state: &str, seen: &mut HashSet<(u64, String)>) -> bool {
    let left = || (0..calls.len()).filter(|at| done & (1 << at) == 0);
    if left().all(|at| calls[at].end.is_none()) {
        return true;
    }
    if !seen.insert((done, state.to_owned())) {
        return false;
    }
    let first_end = left().filter_map(|at| calls[at].end).min().unwrap_or(u64::MAX);
    left().filter(|&at| calls[at].start <= first_end).any(|at| {
        let next = match &calls[at].action {
            Action::Write(value) => Some(value.as_str()),
            Action::Cas(from, to) => (from == state).then_some(to.as_str()),
            Action::Read(value) => (value == state).then_some(state),
        };
        next.is_some_and(|next| search(calls, done | (1 << at), next, seen))
    })
}
