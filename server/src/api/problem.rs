//! An error as a client of the API reads it.

use app::error::AppError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use onsale::InvalidId;
use serde_json::json;

/// `{error: "what is wrong and what is allowed"}` with the status that says the same.
pub struct Problem(pub AppError);

impl<E: Into<AppError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(json!({ "error": self.0.to_string() }))).into_response();
        if let AppError::Busy { wait_s, .. } = self.0
            && let Ok(seconds) = HeaderValue::from_str(&wait_s.to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// Names that do not parse are the client's mistake.
pub fn invalid(error: InvalidId) -> Problem {
    Problem(AppError::from(error))
}
