//! The verbs of the command line, one a file.

pub mod config;
pub mod deprovision;
pub mod provision;
pub mod serve;
pub mod stress;
pub mod synth;
pub mod verify;

use onsale::text::is_steering;
use std::borrow::Cow;

/// Prints a line; whoever does not read it to its end, such as `head`, has seen enough.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), "{}", $crate::verbs::plain(&format!($($words)*)));
    }};
}
pub(crate) use say;

/// Words from elsewhere must not steer the terminal: whatever is not to be read is written as its escape.
pub fn plain(words: &str) -> Cow<'_, str> {
    let steers = |c: char| (c.is_control() && c != '\n') || is_steering(c);
    if !words.contains(steers) {
        return words.into();
    }
    words.chars().map(|c| if steers(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Resolves once, at Ctrl-C or SIGTERM.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
