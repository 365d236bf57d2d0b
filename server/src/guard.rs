//! What is refused before anybody looks at it, and what a refusal of a server function says.

use crate::{
    address::is_of_site,
    api::{Fields, Problem},
    router::BODY_BYTES_MAX,
};
use app::{error::AppError, visitor::SiteAddress};
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use onsale::text;

/// Refuses a state-changing request whose Origin is another site.
pub async fn same_site(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let site = request.extensions().get::<SiteAddress>().cloned().unwrap_or_default();
    if changes && is_foreign(request.headers(), &site) {
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

/// Refuses a form whose text cannot be read, that has a field twice or one that no form of the page has: what reads it
/// next would read another text, take the last, and ignore the field.
pub async fn readable_form(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.uri().path().starts_with("/do/") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else { return Problem::too_long().into_response() };
    match form(&bytes) {
        Ok(()) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(problem) => problem.into_response(),
    }
}

fn form(bytes: &[u8]) -> Result<(), Problem> {
    let text = text::decode(bytes).map_err(|error| AppError::Invalid(format!("The form cannot be read: {error}")))?;
    let fields = Fields::of_form(&text)?;
    fields.only(&["backend", "floor", "seat", "buyer", "buyers", "think_ms", "confirmed"]).map(drop)
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
fn is_foreign(headers: &HeaderMap, site: &SiteAddress) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|from| from == "cross-site") {
        return true;
    }
    headers.get(header::ORIGIN).is_some_and(|origin| !is_of_site(origin, site))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_sites_are_foreign() {
        let site = SiteAddress { https: true, authority: "a.example".to_owned() };
        let table: [(&[(&str, &str)], bool); 5] = [
            (&[], false),
            (&[("origin", "https://a.example")], false),
            (&[("origin", "https://b.example")], true),
            (&[("origin", "null")], true),
            (&[("origin", "https://a.example"), ("sec-fetch-site", "cross-site")], true),
        ];
        for (headers, foreign) in table {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(is_foreign(&map, &site), foreign, "{headers:?}");
        }
    }
}
