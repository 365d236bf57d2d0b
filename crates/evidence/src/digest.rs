//! One number that stands for a whole run.

use onsale::Run;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fmt,
    io::{self, BufWriter, Write as _},
};

/// The SHA-256 of a run in its canonical form: its JSON in the order of the schema, without white space. Anybody can
/// compute it: `jq -cj .run run.json | sha256sum`.
///
/// It guards against accident and careless edits. It does not guard against somebody who edits a run and computes it
/// again: the run and the digest come from the same hand. What does is the deployment: ask it for the same run again
/// (`worldseat verify URL`), or compare the digest with the one on the run's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Of `run`. Nothing of it is kept in memory.
    pub fn of(run: &Run) -> Self {
        let mut hashing = BufWriter::new(Hashing::new(io::sink()));
        // A run holds nothing that JSON cannot write, and a sink takes everything; were it otherwise, the digest would
        // be one that no other agrees with.
        let _ = serde_json::to_writer(&mut hashing, run);
        let _ = hashing.flush();
        let (hashing, _) = hashing.into_parts();
        hashing.finish().1
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hands on what is written, and hashes it.
pub(crate) struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: io::Write> Hashing<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, hash: Sha256::new() }
    }

    pub(crate) fn finish(self) -> (W, Digest) {
        use fmt::Write as _;
        let mut text = String::from("sha256:");
        for byte in self.hash.finalize() {
            let _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
        }
        (self.out, Digest(text))
    }
}

impl<W: io::Write> io::Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
