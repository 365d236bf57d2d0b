//! An error as a client of the API reads it.

use crate::request_log::Refusal;
use app::error::AppError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use onsale::InvalidId;
use serde_json::json;

/// `{error: "what is wrong and what is allowed"}` with the status that says the same.
#[derive(Debug)]
pub enum Problem {
    /// The service's word.
    App(AppError),
    /// The request is not one that the service could be asked.
    Request(StatusCode, String),
}

impl Problem {
    /// The body is longer than anybody may send.
    pub fn too_long() -> Self {
        let allowed = crate::router::BODY_BYTES_MAX / 1024;
        Self::Request(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is too long: at most {allowed} kB are allowed."))
    }

    /// The call exists, but not with this method.
    pub fn wrong_method() -> Self {
        let error = "This call takes the other method: reading is GET, changing is POST.";
        Self::Request(StatusCode::METHOD_NOT_ALLOWED, error.to_owned())
    }
}

impl<E: Into<AppError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, error, wait_s) = match self {
            Self::App(error) => (status(&error), error.to_string(), wait_s(&error)),
            Self::Request(status, error) => (status, error, None),
        };
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        response.extensions_mut().insert(Refusal(error));
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // What is left of the body is not read: the connection cannot carry another request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait_s) = wait_s {
            response.headers_mut().insert(header::RETRY_AFTER, wait_s);
        }
        response
    }
}

/// The status that says the same as the error.
fn status(error: &AppError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Seconds after which a client of an overloaded database may try again.
const OVERLOAD_WAIT_S: u64 = 3;

/// When to come again, as Retry-After says it.
fn wait_s(error: &AppError) -> Option<HeaderValue> {
    match error {
        AppError::Busy { wait_s, .. } => Some(HeaderValue::from(*wait_s)),
        AppError::Overloaded { .. } => Some(HeaderValue::from(OVERLOAD_WAIT_S)),
        _ => None,
    }
}

/// Names that do not parse are the client's mistake.
pub fn invalid(error: InvalidId) -> Problem {
    Problem::from(error)
}
