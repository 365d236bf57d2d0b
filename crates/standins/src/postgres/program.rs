//! The programs that are started, with an environment of their own.

use std::ffi::OsStr;
use std::process::Command;

/// A program whose environment is this and nothing else. PostgreSQL takes its port, its data directory and much more from
/// variables that somebody set for another server; a locale, a time zone or a library to preload are no better.
pub(super) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}
