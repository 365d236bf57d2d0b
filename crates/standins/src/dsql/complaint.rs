//! What a client is told when something fails, and the case in which it is told nothing.

use pgwire::error::{ErrorInfo, PgWireError};
use pgwire::messages::response::{ErrorResponse, NoticeResponse};

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

impl From<PgWireError> for Complaint {
    fn from(_: PgWireError) -> Self {
        Self::Gone
    }
}

/// What PostgreSQL refuses, in its words.
impl From<ErrorResponse> for Complaint {
    fn from(response: ErrorResponse) -> Self {
        let mut info = ErrorInfo::from(response);
        // With FATAL PostgreSQL takes its leave: Aurora DSQL's endpoint would not speak of its innards.
        if info.is_fatal() {
            return Self::Gone;
        }
        (info.file_name, info.line, info.routine) = (None, None, None);
        Self::Told(Box::new(info))
    }
}

/// Why PostgreSQL let nobody in, such as too many connections or a time zone that it does not know.
pub(super) fn startup_refused(response: ErrorResponse) -> Complaint {
    let info = ErrorInfo::from(response);
    fatal(&info.code, info.message)
}

/// What a client is told beside the answer.
pub(super) fn warning(code: &str, message: &str) -> NoticeResponse {
    let mut info = ErrorInfo::new("WARNING".to_owned(), code.to_owned(), message.to_owned());
    info.severity_nonlocalized = Some(info.severity.clone());
    info.into()
}
