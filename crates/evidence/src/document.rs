//! The run as a document: `run.json`.

use crate::{Digest, Unusable, read};
use onsale::{Run, Scoreboard};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    io::{self, BufWriter, Read, Write},
};
use witness::{Reason, Rule, RunVerdict, judge_run};

/// A run, and what the deployment that recorded it said of it. docs/verify.md describes every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDocument<'a> {
    /// Everything recorded: verdicts are computed from this and from nothing else.
    pub run: Cow<'a, Run>,
    /// What was said of it.
    pub claims: Claims,
}

impl<'a> RunDocument<'a> {
    /// What the document calls itself.
    pub const SCHEMA: &'static str = "worldseat-run";
    /// The version written, and the only one read: the run's own.
    pub const VERSION: u32 = Run::VERSION;

    /// The document of `run`, with what the witness says of it here and now.
    pub fn of(run: &'a Run) -> Self {
        Self { run: Cow::Borrowed(run), claims: Claims::of(run, &judge_run(run)) }
    }

    /// Writes the document in one line, as a stream.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let (schema, version) = (Self::SCHEMA, Self::VERSION);
        let mut out = BufWriter::new(out);
        serde_json::to_writer(&mut out, &Written { schema, version, run: &self.run, claims: &self.claims })?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

impl RunDocument<'static> {
    /// Reads a document as a stream: the run is kept in memory, its text is not. Fields that the schema does not know are
    /// passed over, and the digest does not cover them.
    ///
    /// # Errors
    /// [`Unusable`], in one line that names what is wrong and the way out.
    pub fn read(from: impl Read) -> Result<Self, Unusable> {
        read::document(from)
    }
}

/// What the deployment said of a run when it recorded it. Nothing here is believed: [`crate::verify()`] compares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The verdict as it was printed.
    pub verdict: String,
    /// `Σ max(0, confirmed − 1)` over the run's seats.
    pub double_sells: u64,
    /// The broken rules, worst first.
    pub rules: Vec<Rule>,
    /// Why nothing could be said, if so.
    pub inconclusive_because: Option<Reason>,
    /// The numbers.
    pub scoreboard: Scoreboard,
    /// Whether the tickets that buyers were told are the ledger's.
    pub tickets_agree: bool,
    /// Whether **✓ reconciled** was printed: the tickets agree, and the floor's own count is the scoreboard's. `null` if
    /// the floor was not asked. That count is not in the run, so only the tickets can be checked again.
    pub reconciled: Option<bool>,
    /// Of the run as it was recorded.
    pub digest: Digest,
}

impl Claims {
    /// What is said of `run`, on which the witness said `verdict`.
    pub fn of(run: &Run, verdict: &RunVerdict) -> Self {
        Self {
            verdict: verdict.verdict.to_string(),
            double_sells: verdict.double_sells,
            rules: verdict.findings.iter().map(|finding| finding.rule).collect(),
            inconclusive_because: verdict.inconclusive_because,
            scoreboard: Scoreboard::of(run),
            tickets_agree: verdict.reconciliation.tickets_agree(),
            reconciled: None,
            digest: Digest::of(run),
        }
    }
}

/// The document's fields in their order: whoever reads it learns first whether to read on.
#[derive(Serialize)]
struct Written<'a> {
    schema: &'static str,
    version: u32,
    run: &'a Run,
    claims: &'a Claims,
}
