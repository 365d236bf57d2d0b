//! A run's downloads: `/run/{id}/run.json` and the forms that other people's checkers read.

use super::{Problem, body::Asked, problem::invalid};
use app::{
    error::AppError,
    service::{Download, Service, heavy},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use evidence::NotExported;
use flate2::{Compression, write::GzEncoder};
use onsale::RunId;
use std::sync::Arc;

/// `GET /run/{id}/{file}`: one form of a run, or of its seat `?seat=`.
pub async fn download(
    State(service): State<Arc<Service>>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    Asked(wish): Asked,
) -> Result<Response, Problem> {
    let Path((id, file)) = path.map_err(|rejection| AppError::Invalid(rejection.body_text()))?;
    let Some(form) = Download::ALL.into_iter().find(|form| form.file_name() == file) else {
        let names = Download::ALL.map(Download::file_name).join(", ");
        return Err(AppError::NotFound(format!("A run has no such file. It has {names}.")).into());
    };
    let id: RunId = id.parse().map_err(invalid)?;
    let seat = wish.seat()?;
    if seat.is_some() && form.checker().is_none() {
        let what = format!("{file} is the whole run: seat selects one register of a file for another checker");
        return Err(AppError::Invalid(what).into());
    }
    let document = service.document(&id).await?;
    // A run of ten thousand buyers takes a while to write, and longer to compress: neither is done on the threads on
    // which the buyers of a burst run.
    let packed = accepts_gzip(&headers);
    let written = heavy(move || {
        if !packed {
            let mut bytes = Vec::new();
            return form.write(&document, seat, &mut bytes).map(|()| bytes);
        }
        let mut bytes = GzEncoder::new(Vec::new(), Compression::fast());
        form.write(&document, seat, &mut bytes)?;
        Ok(bytes.finish()?)
    });
    let bytes = written.await?.map_err(|error| match error {
        NotExported::UnknownSeat { .. } => AppError::NotFound(error.to_string()),
        NotExported::Unwritten(error) => AppError::Transport(error.to_string()),
    })?;
    // A run never changes, and neither does what was claimed of it.
    let headers = [
        (header::CONTENT_TYPE, form.media_type()),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::VARY, "accept-encoding"),
    ];
    // Which also keeps the middleware from compressing it once more.
    let encoding = packed.then_some([(header::CONTENT_ENCODING, "gzip")]);
    Ok((headers, encoding, bytes).into_response())
}

/// Whether the client takes gzip: it is named, and not with `q=0`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        named && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (accepted, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip, deflate, br, zstd", true),
            ("", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("gzip;q=x", false),
            ("x-gzipped", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepted.parse().unwrap())]);
            assert_eq!(accepts_gzip(&headers), takes, "{accepted}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
