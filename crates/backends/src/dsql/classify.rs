//! What a PostgreSQL error means for a purchase: by SQLSTATE, never by its text.

use super::{
    remedy::{Names, Step, remedy},
    said::Said,
};
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
    classify_said(database, stage, error.code(), Said::new(&error))
}

/// The same where the words may be others than the error's: those with which the server had ended the connection.
/// `code` decides, and is `None` if the connection died instead of answering.
pub(super) fn classify_said(database: &'static str, stage: Stage, code: Option<&SqlState>, said: Said) -> Failure {
    let kind = kind(stage, code);
    let source = Box::new(said.advised(|code| remedy(Step::Statement, code, Names::default())));
    match kind {
        // A data conflict (OC000) and a changed catalogue (OC001) are both 40001; the marker only sorts the count.
        Kind::Conflict if source.schema_changed() => Failure::SchemaChanged { database, source },
        Kind::Conflict => Failure::Conflict { database, source },
        Kind::Transient => Failure::Transient { database, source },
        Kind::Unavailable => Failure::Unavailable { database, source },
        Kind::Refused => Failure::Refused { database, source },
        Kind::InvalidValue => Failure::InvalidValue { database, source },
        Kind::Indeterminate => Failure::Indeterminate { database, source },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Conflict,
    Transient,
    Unavailable,
    Refused,
    InvalidValue,
    Indeterminate,
}

/// `code` is `None` when the connection died instead of answering.
pub(super) fn kind(stage: Stage, code: Option<&SqlState>) -> Kind {
    match (stage, code.map(SqlState::code)) {
        // PostgreSQL says so at the statement, Aurora DSQL at COMMIT.
        (_, Some("40001")) | (Stage::Statement, Some("40P01")) => Kind::Conflict,
        (Stage::Commit, _) => Kind::Indeterminate,
        // "server unavailable" on Aurora DSQL: the whole transaction is to be run again.
        (_, Some("XX000")) => Kind::Transient,
        // The server is silent, stops or starts: it comes back by itself.
        (_, None | Some("57P01" | "57P02" | "57P03")) => Kind::Unavailable,
        (_, Some(code)) if code.starts_with("08") && code != "08P01" => Kind::Unavailable,
        // Of the statements' parameters only names are of somebody's choice.
        (_, Some(code)) if code.starts_with("22") || code == "23514" => Kind::InvalidValue,
        (_, Some(_)) => Kind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sqlstate_has_a_meaning() {
        use Kind::{Conflict, Indeterminate, InvalidValue, Refused, Transient, Unavailable};
        use Stage::{Commit, Statement};
        let table = [
            (Statement, Some("40001"), Conflict),
            (Commit, Some("40001"), Conflict),
            (Statement, Some("40P01"), Conflict),
            (Statement, Some("XX000"), Transient),
            (Statement, None, Unavailable),
            (Statement, Some("57P01"), Unavailable),
            (Statement, Some("57P02"), Unavailable),
            (Statement, Some("57P03"), Unavailable),
            (Statement, Some("08006"), Unavailable),
            (Statement, Some("08P01"), Refused),
            (Statement, Some("53300"), Refused),
            (Statement, Some("53100"), Refused),
            (Statement, Some("57014"), Refused),
            (Statement, Some("25P03"), Refused),
            (Statement, Some("55P03"), Refused),
            (Statement, Some("25006"), Refused),
            (Statement, Some("26000"), Refused),
            (Statement, Some("42501"), Refused),
            (Statement, Some("23505"), Refused),
            (Statement, Some("23514"), InvalidValue),
            (Statement, Some("22P05"), InvalidValue),
            (Statement, Some("22021"), InvalidValue),
            (Statement, Some("22001"), InvalidValue),
            (Commit, Some("XX000"), Indeterminate),
            (Commit, Some("57P01"), Indeterminate),
            (Commit, Some("57014"), Indeterminate),
            (Commit, Some("22P05"), Indeterminate),
            (Commit, Some("40P01"), Indeterminate),
            (Commit, None, Indeterminate),
        ];
        for (stage, state, expect) in table {
            let state = state.map(SqlState::from_code);
            assert_eq!(kind(stage, state.as_ref()), expect, "{stage:?} {state:?}");
        }
    }
}
