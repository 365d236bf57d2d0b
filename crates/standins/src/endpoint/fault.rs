//! Connections cut at a chosen message, so that a client never learns how it ended.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// When, seen from the message, the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The server never gets the message: what it asked for certainly did not happen.
    BeforeForward,
    /// The server gets the message and the client is cut at the same time: a retry may overtake it.
    AfterForward,
    /// The server has answered, and the answer is thrown away: what was asked for certainly happened, if it could.
    AfterAnswer,
}

/// At which messages of the clients of an endpoint a connection is cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Bytes a client sends, such as `b"COMMIT"`.
    pub pattern: &'static [u8],
    /// Before or after the server got them.
    pub when: When,
    /// At every how many-th occurrence, counted over all connections; 1 is each, and so is 0.
    pub every: u64,
    /// After how many cuts this stops.
    pub times: u64,
}

impl Cut {
    /// Cuts one connection, the next whose client sends these bytes.
    pub fn once(pattern: &'static [u8], when: When) -> Self {
        Self { pattern, when, every: 1, times: 1 }
    }
}

/// The arrangement of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Spares every message the lock while nothing is arranged.
    armed: AtomicBool,
    plan: Mutex<Option<(Cut, u64)>>,
    made: AtomicU64,
}

impl Faults {
    pub(super) fn arm(&self, cut: Option<Cut>) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        *plan = cut.map(|cut| (cut, 0));
        self.armed.store(cut.is_some(), Ordering::Release);
    }

    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether this piece of what a client sends calls for a cut. `tail` carries the end of the piece before from
    /// one call to the next, so that a message in two pieces is found.
    pub(super) fn strike(&self, tail: &mut Vec<u8>, piece: &[u8]) -> Option<When> {
        if !self.armed.load(Ordering::Acquire) {
            tail.clear();
            return None;
        }
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let (cut, seen) = plan.as_mut()?;
        tail.extend_from_slice(piece);
        let width = cut.pattern.len().max(1);
        let found = tail.windows(width).any(|window| window == cut.pattern);
        tail.drain(..tail.len().saturating_sub(if found { 0 } else { width - 1 }));
        if !found {
            return None;
        }
        *seen += 1;
        if !seen.is_multiple_of(cut.every.max(1)) || cut.times == 0 {
            return None;
        }
        cut.times -= 1;
        let when = cut.when;
        if cut.times == 0 {
            *plan = None;
            self.armed.store(false, Ordering::Release);
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        Some(when)
    }
}
