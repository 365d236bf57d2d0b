//! One request of the DynamoDB protocol: which operation, on what, and its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dynoxide::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connections::{Connection, Gate};
use crate::When;
use crate::replication::Replication;

/// Every operation's name follows this in the header that names it.
const TARGET: &str = "DynamoDB_20120810.";

/// What a request to one region meets.
pub(super) struct Site {
    pub(super) region: usize,
    pub(super) replication: Arc<Replication>,
    pub(super) gate: Arc<Gate>,
}

/// Answers one request. In memory the engine works for microseconds, so it is called where we are; with kept items
/// each put waits for the disk, so another thread waits for it.
pub(super) async fn answer(
    State(site): State<Arc<Site>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
    request: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix(TARGET).unwrap_or_default();
    let cut = site.gate.strike(operation);
    if cut.is_some() {
        connection.cut();
    }
    if cut == Some(When::BeforeForward) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let performed = if site.replication.keeps_data() {
        let operation = operation.to_owned();
        tokio::task::spawn_blocking(move || perform(&site, &operation, &request))
            .await
            .unwrap_or_else(|lost| Err(DynoxideError::InternalServerError(lost.to_string())))
    } else {
        perform(&site, operation, &request)
    };
    let (status, body) = match performed {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, error.to_json())
        }
    };
    let type_and_id = [(header::CONTENT_TYPE, "application/x-amz-json-1.0".to_owned()), (REQUEST_ID, request_id())];
    (status, type_and_id, body).into_response()
}

fn perform(site: &Site, operation: &str, request: &[u8]) -> Result<String, DynoxideError> {
    let engine = site.replication.engine(site.region);
    match operation {
        "PutItem" => write(&site.replication.put(site.region, read(request)?)?),
        "GetItem" => write(&engine.get_item(read(request)?)?),
        "Query" => write(&engine.query(read(request)?)?),
        "Scan" => write(&engine.scan(read(request)?)?),
        "BatchGetItem" => write(&engine.batch_get_item(read(request)?)?),
        "TransactGetItems" => write(&engine.transact_get_items(read(request)?)?),
        "CreateTable" => write(&site.replication.create(site.region, request)?),
        "DescribeTable" => write(&engine.describe_table(read(request)?)?),
        "ListTables" => write(&engine.list_tables(read(request)?)?),
        "DescribeTimeToLive" => write(&engine.describe_time_to_live(read(request)?)?),
        other => Err(DynoxideError::ValidationException(format!(
            "This stand-in for DynamoDB global tables replicates PutItem only; it has no {other:?}"
        ))),
    }
}

/// Reads a request. The engine's readers mark what DynamoDB calls a validation error with a prefix.
pub(crate) fn read<T: DeserializeOwned>(request: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(request).map_err(|error| {
        let words = error.to_string();
        match words.strip_prefix("VALIDATION:").or_else(|| words.strip_prefix("VALIDATION_REQUEST:")) {
            Some(words) => {
                DynoxideError::ValidationException(words.split(" at line ").next().unwrap_or(words).to_owned())
            }
            None => DynoxideError::SerializationException(words),
        }
    })
}

fn write(answer: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-amzn-requestid");

fn request_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("STANDIN{:045}", LAST.fetch_add(1, Ordering::Relaxed) + 1)
}
