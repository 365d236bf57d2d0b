//! A run's downloads: `/run/{id}/run.json` and the forms that other people's checkers read.

use super::{Problem, problem::invalid};
use app::{
    error::AppError,
    service::{Download, Service},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};
use onsale::RunId;
use std::sync::Arc;

/// `GET /run/{id}/{file}`.
pub async fn download(
    State(service): State<Arc<Service>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((id, file)) = path.map_err(|rejection| AppError::Invalid(rejection.body_text()))?;
    let Some(form) = Download::ALL.into_iter().find(|form| form.file_name() == file) else {
        let names = Download::ALL.map(Download::file_name).join(", ");
        return Err(AppError::NotFound(format!("A run has no such file. It has {names}.")).into());
    };
    let id: RunId = id.parse().map_err(invalid)?;
    let document = service.document(&id).await?;
    // A run of ten thousand buyers takes a while to write.
    let written = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        form.write(&document, &mut bytes).map(|()| bytes)
    });
    let bytes = written.await.map_err(|error| AppError::Transport(error.to_string()))?;
    let bytes = bytes.map_err(|error| AppError::Transport(error.to_string()))?;
    // A run never changes, and neither does what was claimed of it.
    let headers = [(header::CONTENT_TYPE, form.media_type()), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((headers, bytes).into_response())
}
