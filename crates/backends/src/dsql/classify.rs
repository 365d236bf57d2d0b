//! What a PostgreSQL error means for a purchase: by SQLSTATE, never by its text.

use onsale::Failure;
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
    let source = Box::new(error);
    match kind(stage, code.as_ref()) {
        Kind::Conflict => Failure::Conflict { database, source },
        Kind::Unavailable => Failure::Unavailable { database, source },
        Kind::Indeterminate => Failure::Indeterminate { database, source },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Conflict,
    Unavailable,
    Indeterminate,
}

/// `code` is `None` when the connection died instead of answering.
fn kind(stage: Stage, code: Option<&SqlState>) -> Kind {
    match (stage, code) {
        // PostgreSQL says so at the statement, Aurora DSQL at COMMIT.
        (_, Some(code)) if *code == SqlState::T_R_SERIALIZATION_FAILURE => Kind::Conflict,
        (Stage::Statement, Some(code)) if *code == SqlState::T_R_DEADLOCK_DETECTED => Kind::Conflict,
        (Stage::Statement, _) => Kind::Unavailable,
        (Stage::Commit, _) => Kind::Indeterminate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sqlstate_has_a_meaning() {
        use Kind::{Conflict, Indeterminate, Unavailable};
        use Stage::{Commit, Statement};
        let table = [
            (Statement, Some("40001"), Conflict),
            (Commit, Some("40001"), Conflict),
            (Statement, Some("40P01"), Conflict),
            (Statement, Some("57P01"), Unavailable),
            (Statement, Some("XX000"), Unavailable),
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
