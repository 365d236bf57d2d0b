//! What is refused before anybody looks at it, and what a refusal of a server function says.

use crate::{api::Problem, router::BODY_BYTES_MAX};
use app::error::AppError;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses a state-changing request whose Origin is another site.
pub async fn same_site(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_foreign(request.headers()) {
        return Problem::from(AppError::Foreign).into_response();
    }
    next.run(request).await
}

/// Refuses a body that says it is too long, before any of it is read. One that does not say is cut off where it is read.
pub async fn short(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > BODY_BYTES_MAX as u64) {
        return Problem::too_long().into_response();
    }
    next.run(request).await
}

/// Leptos answers 500 to whatever a server function refuses; the error itself knows better. The refusal then reads as
/// the API's do, so that the page needs one way to read both.
pub async fn true_status(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || !response.headers().contains_key("serverfnerror") {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    match serde_json::from_slice::<AppError>(&body) {
        Ok(error) => Problem::from(error).into_response(),
        Err(_) => Response::from_parts(parts, Body::from(body)),
    }
}

/// A browser names the page that sends a request in Origin; scripts and command lines send none.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &header::HeaderValue| value.to_str().unwrap_or("?"));
    if text(header::HeaderName::from_static("sec-fetch-site")) == Some("cross-site") {
        return true;
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let origin = origin.split_once("://").map_or(origin, |(_, host)| host);
    text(header::HOST) != Some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_sites_are_foreign() {
        let table: [(&[(&str, &str)], bool); 6] = [
            (&[("host", "a.example")], false),
            (&[("host", "a.example"), ("origin", "https://a.example")], false),
            (&[("host", "a.example:3000"), ("origin", "http://a.example:3000")], false),
            (&[("host", "a.example"), ("origin", "https://b.example")], true),
            (&[("host", "a.example"), ("origin", "null")], true),
            (&[("host", "a.example"), ("sec-fetch-site", "cross-site")], true),
        ];
        for (headers, foreign) in table {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(is_foreign(&map), foreign, "{headers:?}");
        }
    }
}
