//! What every command prints. Standard output carries results: if they cannot be written, the command has failed. A pipe
//! whose reader has gone, such as `| head -1`, is no error. Standard error carries notices: if one cannot be written, there
//! is nobody to tell.

use onsale::text::is_steering;
use std::{
    borrow::Cow,
    io::{self, ErrorKind, Write},
};

/// Hands standard output to `write`, flushes it, and ends well if its reader has closed the pipe. A command that prints
/// much writes it here as a stream; [`say!`] prints one line.
///
/// # Errors
/// If standard output cannot be written, for example because the disk is full; and what `write` answers.
pub fn to_stdout<E: Into<anyhow::Error>>(write: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> anyhow::Result<()> {
    end_of(io::stdout().lock(), write)
}

fn end_of<E: Into<anyhow::Error>>(
    out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> anyhow::Result<()> {
    let mut out = Watched { out, failed: None };
    let written = write(&mut out).map_err(Into::into);
    let _ = out.flush();
    match out.failed {
        Some(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Some(error) => Err(Unwritten(error).into()),
        None => written,
    }
}

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output could not be written: {0}")]
pub struct Unwritten(io::Error);

/// A writer that remembers that it failed: `write` may wrap the error, or read something that fails too.
struct Watched<W> {
    out: W,
    failed: Option<io::Error>,
}

impl<W> Watched<W> {
    fn watch<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| {
            let again = || error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            if error.kind() != ErrorKind::Interrupted {
                self.failed.get_or_insert_with(again);
            }
        })
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.watch(done)
    }
    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.watch(done)
    }
}

/// Prints a line to standard output; answers as [`to_stdout`] does.
macro_rules! say {
    ($($words:tt)*) => {{
        let line = format!($($words)*);
        $crate::output::to_stdout(|out| writeln!(out, "{}", $crate::output::plain(&line)))
    }};
}

/// Prints a line to standard error, if it can be written.
macro_rules! notice {
    ($($words:tt)*) => {
        $crate::output::to_stderr(&format!("{}\n", format_args!($($words)*)))
    };
}

pub(crate) use {notice, say};

/// Prints to standard error, if it can be written. `eprintln!` would panic where it cannot.
pub fn to_stderr(words: &str) {
    let _ = io::stderr().write_all(plain(words).as_bytes());
}

/// Words from elsewhere must not steer the terminal: whatever is not to be read is written as its escape.
pub fn plain(words: &str) -> Cow<'_, str> {
    let steers = |c: char| (c.is_control() && c != '\n') || is_steering(c);
    if !words.contains(steers) {
        return words.into();
    }
    words.chars().map(|c| if steers(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
        let write = |out: &mut dyn Write| writeln!(out, "a line");
        assert!(end_of(Fails(ErrorKind::BrokenPipe), write).is_ok());
        let full = end_of(Fails(ErrorKind::StorageFull), write).unwrap_err();
        assert!(full.to_string().starts_with("standard output could not be written"), "{full:#}");
        // What stays in a buffer is written at the latest here.
        let buffered = io::BufWriter::new(Fails(ErrorKind::StorageFull));
        assert!(end_of(buffered, write).is_err());
        // An error of the writer that is wrapped, as `synth` does.
        let wrapped = |out: &mut dyn Write| write(out).map_err(evidence::NotSynthesised::Unwritten);
        assert!(end_of(Fails(ErrorKind::BrokenPipe), wrapped).is_ok());
        assert!(end_of(Fails(ErrorKind::StorageFull), wrapped).is_err());
    }

    #[test]
    fn other_errors_stay_what_they_are() {
        let fails = |_: &mut dyn Write| Err(anyhow::anyhow!("no such seat"));
        assert_eq!(end_of(io::sink(), fails).unwrap_err().to_string(), "no such seat");
    }
}
