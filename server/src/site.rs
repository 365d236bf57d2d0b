//! The static files: embedded in a release, read from the folder in development.

use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, Uri, header},
    response::IntoResponse,
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// The file at `uri`, in the smallest encoding the browser takes; else the page that says it is not there.
pub async fn file(uri: Uri, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let Some((file, encoding)) = best(path, &headers) else {
        return (StatusCode::NOT_FOUND, format!("There is no {} here.\n", uri.path())).into_response();
    };
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..12]));
    let mut response = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::VARY, "accept-encoding")
        // The names are stable, so a browser asks each time; the answer is short if nothing changed.
        .header(header::CACHE_CONTROL, "no-cache");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return response.status(StatusCode::NOT_MODIFIED).body(Body::empty()).unwrap_or_default();
    }
    response = response.header(header::CONTENT_TYPE, mime(path));
    if let Some(encoding) = encoding {
        response = response.header(header::CONTENT_ENCODING, encoding);
    }
    response.body(Body::from(file.data)).unwrap_or_default()
}

fn best(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let packed = |encoding: &'static str, suffix: &str| {
        accepts.contains(encoding).then(|| Some((Site::get(&format!("{path}{suffix}"))?, Some(encoding)))).flatten()
    };
    packed("br", ".br").or_else(|| packed("gzip", ".gz")).or_else(|| Some((Site::get(path)?, None)))
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
