//! A run as a file: ours, and the forms that other people's checkers read.

use evidence::RunDocument;
use std::io;

/// One form of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Download {
    /// Everything.
    Run,
    /// For Jepsen's Knossos.
    Edn,
    /// For Elle.
    Jsonl,
    /// For Porcupine.
    Porcupine,
}

impl Download {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Run, Self::Edn, Self::Jsonl, Self::Porcupine];

    /// The last part of its address.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Run => "run.json",
            Self::Edn => "history.edn",
            Self::Jsonl => "history.jsonl",
            Self::Porcupine => "porcupine.json",
        }
    }

    /// What it is for.
    pub fn words(self) -> &'static str {
        match self {
            Self::Run => "everything recorded; worldseat verify reads it",
            Self::Edn => "operations for Jepsen’s Knossos",
            Self::Jsonl => "reads and writes for Elle",
            Self::Porcupine => "calls for Porcupine",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Run | Self::Porcupine => "application/json",
            Self::Edn => "application/edn",
            Self::Jsonl => "application/jsonl",
        }
    }

    /// Writes the run in this form; as a document it says what was claimed when it ended.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn write(self, document: &RunDocument<'_>, out: impl io::Write) -> io::Result<()> {
        let run = &*document.run;
        match self {
            Self::Run => document.write(out),
            Self::Edn => evidence::edn::write(run, out),
            Self::Jsonl => evidence::elle::write(run, out),
            Self::Porcupine => evidence::porcupine::write(run, out),
        }
    }
}
