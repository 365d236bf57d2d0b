//! What a client is told when something fails, and the case in which it is told nothing.

use pgwire::error::ErrorInfo;
use pgwire::messages::response::ErrorResponse;
use tokio_postgres::error::{ErrorPosition, Severity};

/// Why a message of the client was not carried out.
#[derive(Debug)]
pub(super) enum Complaint {
    /// PostgreSQL's connection died, or the client's: nobody knows what happened, so nothing may be said.
    Gone,
    /// An error response.
    Told(Box<ErrorInfo>),
}

/// A conflict over rows, found at COMMIT. The text is the user guide's; classify by the SQLSTATE.
pub(super) fn oc000() -> Complaint {
    error("40001", "change conflicts with another transaction, please retry: (OC000)")
}

/// A conflict over the catalogue.
pub(super) fn oc001() -> Complaint {
    error("40001", "schema has been updated by another transaction, please retry: (OC001)")
}

/// Anything after a failed statement and before the end of its transaction.
pub(super) fn aborted() -> Complaint {
    error("25P02", "current transaction is aborted, commands ignored until end of transaction block")
}

/// What Aurora DSQL has not.
pub(super) fn unsupported(what: impl Into<String>) -> Complaint {
    error("0A000", what)
}

/// One of the limits of a transaction.
pub(super) fn over_limit(what: impl Into<String>) -> Complaint {
    error("54000", what)
}

pub(super) fn error(code: &str, message: impl Into<String>) -> Complaint {
    Complaint::Told(Box::new(ErrorInfo::new("ERROR".to_owned(), code.to_owned(), message.into())))
}

/// An error that ends the connection.
pub(super) fn fatal(code: &str, message: impl Into<String>) -> Complaint {
    Complaint::Told(Box::new(ErrorInfo::new("FATAL".to_owned(), code.to_owned(), message.into())))
}

impl Complaint {
    /// The SQLSTATE, if the client is told anything.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Gone => None,
            Self::Told(info) => Some(&info.code),
        }
    }

    pub(super) fn is_fatal(&self) -> bool {
        matches!(self, Self::Told(info) if info.severity == "FATAL")
    }

    /// The error response, unless nothing may be said.
    pub(super) fn response(self) -> Option<ErrorResponse> {
        match self {
            Self::Gone => None,
            Self::Told(mut info) => {
                info.severity_nonlocalized = Some(info.severity.clone());
                Some((*info).into())
            }
        }
    }
}

impl From<std::io::Error> for Complaint {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

impl From<tokio_postgres::Error> for Complaint {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            // Either the connection is lost, or the driver refused to send it, such as for a wrong number of parameters.
            let lost = error.is_closed()
                || std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            return if lost { Self::Gone } else { self::error("08P01", error.to_string()) };
        };
        // With FATAL PostgreSQL takes its leave: Aurora DSQL's endpoint would not speak of its innards.
        if matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) {
            return Self::Gone;
        }
        let mut info = ErrorInfo::new("ERROR".to_owned(), db.code().code().to_owned(), db.message().to_owned());
        info.detail = db.detail().map(str::to_owned);
        info.hint = db.hint().map(str::to_owned);
        info.position = match db.position() {
            Some(ErrorPosition::Original(place)) => Some(place.to_string()),
            _ => None,
        };
        info.schema = db.schema().map(str::to_owned);
        info.table = db.table().map(str::to_owned);
        info.column = db.column().map(str::to_owned);
        info.constraint = db.constraint().map(str::to_owned);
        Self::Told(Box::new(info))
    }
}
