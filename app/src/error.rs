//! What a visitor or client may read when something is wrong: what happened, to which thing, and what to do.

use leptos::prelude::FromServerFnError;
use onsale::{Failure, InvalidId, RunId, SeatId};
use serde::{Deserialize, Serialize};
use server_fn::{codec::JsonEncoding, error::ServerFnErrorErr};

/// The one error that leaves the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    /// The input is wrong; the text says what is allowed.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The record of a run contradicts itself; the text says how.
    #[error("{0}")]
    NoVerdict(String),
    /// Another buyer has the seat.
    #[error("Seat {seat} was taken a moment ago. Choose another one.")]
    Taken {
        /// The chair.
        seat: SeatId,
    },
    /// Too many bursts and resets wait for the same seat.
    #[error("{seat} is busy: too many bursts or resets already wait. Try again in {wait_s} s.")]
    Busy {
        /// The seat, or "the floor".
        seat: String,
        /// Seconds until a place is expected to be free.
        wait_s: u64,
    },
    /// A database is away.
    #[error("{database} does not answer right now. Try again in a moment.")]
    Unavailable {
        /// Which.
        database: String,
    },
    /// More requests wait for a database than its connection pool serves.
    #[error("All connections to {database} are in use. Try again in a few seconds.")]
    Overloaded {
        /// Which.
        database: String,
    },
    /// A database answered, and refused. The text has its own words.
    #[error("{0}")]
    Refused(String),
    /// A change whose answer was lost.
    #[error("{database} did not answer. It may have been done: look before you try again.")]
    MayBeDone {
        /// Which.
        database: String,
    },
    /// A purchase whose answer was lost.
    #[error("{database} did not answer. Seat {seat} may be yours: look under My tickets before you buy again.")]
    Unknown {
        /// Which.
        database: String,
        /// The chair.
        seat: SeatId,
    },
    /// A run that was begun, and has no result.
    #[error(
        "Run {run} was begun with {buyers} buyers at seat {seat} and has no result: its server ended first, lost its database, or is still at it. What it sold stands in the ledger, and the witness of the floor counts it."
    )]
    Unfinished {
        /// Its name.
        run: RunId,
        /// The chair, the first of a rush.
        seat: SeatId,
        /// How many there were.
        buyers: u32,
    },
    /// A burst ran, and nobody can say how it ended.
    #[error(
        "The burst ran, but {database} did not let its ledger be read back within 30 s. What it sold stands there; this page cannot say what."
    )]
    NotReadBack {
        /// Which.
        database: String,
    },
    /// The request came from another site.
    #[error("This request came from another site. Open WorldSeat itself and try again.")]
    Foreign,
    /// The server cannot be reached, or did not understand the request.
    #[error("{0}")]
    Transport(String),
}

impl AppError {
    /// The HTTP status that says the same.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Foreign => 403,
            Self::NotFound(_) | Self::Unfinished { .. } => 404,
            Self::Taken { .. } => 409,
            Self::Busy { .. }
            | Self::Unavailable { .. }
            | Self::Overloaded { .. }
            | Self::Refused(_)
            | Self::MayBeDone { .. }
            | Self::Unknown { .. }
            | Self::NotReadBack { .. } => 503,
            Self::Transport(_) => 502,
            Self::NoVerdict(_) => 500,
        }
    }
}

impl From<InvalidId> for AppError {
    fn from(invalid: InvalidId) -> Self {
        Self::Invalid(invalid.0)
    }
}

#[cfg(feature = "ssr")]
impl From<burst::Unfinished> for AppError {
    fn from(unfinished: burst::Unfinished) -> Self {
        match unfinished {
            burst::Unfinished::NotStarted(failure) => failure.into(),
            burst::Unfinished::NotReadBack(failure) => Self::NotReadBack { database: failure.database().to_owned() },
        }
    }
}

impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        #[cfg(feature = "ssr")]
        tracing::warn!(%failure, "a database failed");
        let database = failure.database().to_owned();
        match failure {
            Failure::Indeterminate { .. } => Self::MayBeDone { database },
            Failure::PoolTimeout { .. } => Self::Overloaded { database },
            Failure::Refused { .. } => Self::Refused(format!("{database} refused: {}", failure.said())),
            Failure::InvalidValue { .. } => Self::Invalid(format!("{database} refused a value: {}", failure.said())),
            Failure::Conflict { .. }
            | Failure::SchemaChanged { .. }
            | Failure::Transient { .. }
            | Failure::Unavailable { .. } => Self::Unavailable { database },
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => {
                Self::Transport("The server does not answer. Check your connection and try again.".to_owned())
            }
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => Self::Invalid(text),
            // On the server this is the request; the browser's side reads answers without this function.
            ServerFnErrorErr::Deserialization(text) => Self::Invalid(format!("The form could not be read: {text}")),
            other => Self::Transport(format!("The server's answer could not be read: {other}")),
        }
    }
}
