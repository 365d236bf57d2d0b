//! Waiting for AWS, and saying so.

use crate::{Pace, Trouble};
use std::time::{Duration, Instant};

/// Where progress goes, a line at a time.
pub type Say<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// How the waiting is done and told.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    say: Say<'a>,
    pace: Pace,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(say: Say<'a>, pace: Pace) -> Self {
        Self { say, pace }
    }

    pub(crate) fn say(&self, line: &str) {
        (self.say)(line);
    }
}

/// What a look showed.
pub(crate) enum Seen<T> {
    /// What was waited for.
    Done(T),
    /// Its state until then.
    NotYet(String),
}

/// Looks until it is done. Says what it waits for when that is new, when its state changes, and now and then.
pub(crate) async fn until<T, F>(watch: Watch<'_>, thing: &str, goal: &str, mut look: F) -> Result<T, Trouble>
where
    F: AsyncFnMut() -> Result<Seen<T>, Trouble>,
{
    let start = Instant::now();
    let mut told: Option<(String, Instant)> = None;
    loop {
        let status = match look().await? {
            Seen::Done(found) => {
                if told.is_some() {
                    watch.say(&format!("  {thing}: {goal}, {} s", start.elapsed().as_secs()));
                }
                return Ok(found);
            }
            Seen::NotYet(status) => status,
        };
        if told.as_ref().is_none_or(|(old, at)| *old != status || at.elapsed() >= TELL_EVERY) {
            watch.say(&format!("  {thing}: {status}, waiting for {goal}, {} s", start.elapsed().as_secs()));
            told = Some((status.clone(), Instant::now()));
        }
        if start.elapsed() >= watch.pace.wait_at_most {
            let what = format!("is still {status} after {} s of waiting for {goal}", start.elapsed().as_secs());
            return Err(Trouble::stuck(thing, what, "run the same command again; it goes on waiting"));
        }
        tokio::time::sleep(watch.pace.poll_every).await;
    }
}

const TELL_EVERY: Duration = Duration::from_secs(15);
