//! A run as a file: ours, and the forms that other people's checkers read.

use evidence::{Checker, NotExported, RunDocument, Selection, export};
use onsale::SeatId;
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

    /// The checker that reads it; `None` is our own.
    pub fn checker(self) -> Option<Checker> {
        match self {
            Self::Run => None,
            Self::Edn => Some(Checker::Knossos),
            Self::Jsonl => Some(Checker::Elle),
            Self::Porcupine => Some(Checker::Porcupine),
        }
    }

    /// Writes the run in this form. As a document it is always whole, and says what was claimed when it ended.
    ///
    /// # Errors
    /// [`NotExported`]: the run has no such seat, or what `out` answers.
    pub fn write(
        self,
        document: &RunDocument<'_>,
        seat: Option<SeatId>,
        out: impl io::Write,
    ) -> Result<(), NotExported> {
        match self.checker() {
            None => Ok(document.write(out)?),
            Some(checker) => export(&document.run, checker, Selection { seat, essential: false }, out),
        }
    }
}
