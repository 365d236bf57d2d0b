//! A name for each request, and a line in the log for each that is refused or fails.

use app::visitor::random_bits;
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::Response,
};
use std::time::Instant;
use tracing::Instrument;

/// The header that carries a request's name.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why a request was refused, in the words of its answer; the answer carries it to the log.
#[derive(Clone)]
pub struct Refusal(pub String);

/// Names the request, in the log and in its answer. A name that a client or a proxy gave it is kept, if it is harmless.
pub async fn log(request: Request, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).filter(|id| is_harmless(id)).cloned();
    let id = given.unwrap_or_else(made_up);
    let name = id.to_str().unwrap_or_default().to_owned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", id = name);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID, id);
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let _in_span = span.enter();
        let why = response.extensions().get::<Refusal>().map_or("", |Refusal(why)| why);
        let (status, ms) = (status.as_u16(), began.elapsed().as_millis());
        if response.status() >= StatusCode::INTERNAL_SERVER_ERROR {
            tracing::warn!(%method, path, status, ms, why, "request failed");
        } else {
            tracing::info!(%method, path, status, ms, why, "request refused");
        }
    }
    response
}

/// Letters, digits, dots, dashes and underscores, at most 64: nothing that could break a line of the log or a header.
fn is_harmless(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=64).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

fn made_up() -> HeaderValue {
    let id = format!("{:016x}", random_bits() >> 64);
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_name_is_kept_only_if_it_is_harmless() {
        for (id, harmless) in [
            ("7f3a-2_b.c", true),
            (&"a".repeat(64), true),
            (&"a".repeat(65), false),
            ("", false),
            ("a b", false),
            ("<script>", false),
            ("é", false),
        ] {
            assert_eq!(is_harmless(&HeaderValue::from_bytes(id.as_bytes()).unwrap()), harmless, "{id}");
        }
        assert!(is_harmless(&made_up()) && made_up() != made_up());
    }
}
