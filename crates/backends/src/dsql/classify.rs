//! What a PostgreSQL error means for a purchase: by SQLSTATE, never by its text.

use onsale::Failure;
use std::{error::Error, fmt};
use tokio_postgres::error::SqlState;

/// Where in the transaction the error met us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before COMMIT was sent: whatever it was, nothing stands.
    Statement,
    /// COMMIT was sent.
    Commit,
}

/// The failure that `error` means at `stage`.
pub fn classify(database: &'static str, stage: Stage, error: tokio_postgres::Error) -> Failure {
    let code = error.code().cloned();
    let source = Box::new(Said(error));
    match kind(stage, code.as_ref()) {
        // A data conflict (OC000) and a changed catalogue (OC001) are both 40001; the marker only sorts the count.
        Kind::Conflict if source.0.as_db_error().is_some_and(|said| said.message().contains("OC001")) => {
            Failure::SchemaChanged { database, source }
        }
        Kind::Conflict => Failure::Conflict { database, source },
        Kind::Transient => Failure::Transient { database, source },
        Kind::Unavailable => Failure::Unavailable { database, source },
        Kind::Indeterminate => Failure::Indeterminate { database, source },
    }
}

/// The driver's error in words: its own for what a server refused are "db error".
#[derive(Debug)]
struct Said(tokio_postgres::Error);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_db_error() {
            Some(refusal) => write!(f, "{} (SQLSTATE {})", refusal.message(), refusal.code().code()),
            None => self.0.fmt(f),
        }
    }
}

impl Error for Said {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Conflict,
    Transient,
    Unavailable,
    Indeterminate,
}

/// `code` is `None` when the connection died instead of answering.
fn kind(stage: Stage, code: Option<&SqlState>) -> Kind {
    match (stage, code) {
        // PostgreSQL says so at the statement, Aurora DSQL at COMMIT.
        (_, Some(code)) if *code == SqlState::T_R_SERIALIZATION_FAILURE => Kind::Conflict,
        (Stage::Statement, Some(code)) if *code == SqlState::T_R_DEADLOCK_DETECTED => Kind::Conflict,
        // "server unavailable" on Aurora DSQL: the whole transaction is to be run again.
        (Stage::Statement, Some(code)) if *code == SqlState::INTERNAL_ERROR => Kind::Transient,
        (Stage::Statement, _) => Kind::Unavailable,
        (Stage::Commit, _) => Kind::Indeterminate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sqlstate_has_a_meaning() {
        use Kind::{Conflict, Indeterminate, Transient, Unavailable};
        use Stage::{Commit, Statement};
        let table = [
            (Statement, Some("40001"), Conflict),
            (Commit, Some("40001"), Conflict),
            (Statement, Some("40P01"), Conflict),
            (Statement, Some("57P01"), Unavailable),
            (Statement, Some("XX000"), Transient),
            (Statement, Some("53300"), Unavailable),
            (Statement, None, Unavailable),
            (Commit, Some("XX000"), Indeterminate),
            (Commit, Some("57P01"), Indeterminate),
            (Commit, None, Indeterminate),
        ];
        for (stage, state, expect) in table {
            let state = state.map(SqlState::from_code);
            assert_eq!(kind(stage, state.as_ref()), expect, "{stage:?} {state:?}");
        }
    }
}
