//! What a failed request leaves behind: judged by the SDK's variants and DynamoDB's error codes, never by a sentence.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use onsale::{BoxedError, Failure, Region};
use std::error::Error;
use std::io;

/// Whether a request that failed may have been carried out all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never left: certainly not done.
    NotSent,
    /// DynamoDB answered that there were too many requests: certainly not done.
    Throttled,
    /// DynamoDB answered that it would not: certainly not done.
    Refused,
    /// It may have been done.
    Doubtful,
}

/// Judges a failed request.
pub(super) fn fate<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Fate {
    match error {
        SdkError::ConstructionFailure(_) => Fate::NotSent,
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(|e| was_refused(e)) => {
            Fate::NotSent
        }
        SdkError::ServiceError(answer) if answer.err().code().is_some_and(|code| THROTTLES.contains(&code)) => {
            Fate::Throttled
        }
        SdkError::ServiceError(answer) if answer.err().code().is_some_and(|code| REFUSALS.contains(&code)) => {
            Fate::Refused
        }
        // Timeouts, cut connections, unreadable answers, internal errors (HTTP 5xx), codes that nobody told us about.
        _ => Fate::Doubtful,
    }
}

/// Codes by which DynamoDB says that it did not carry out a request because there were too many.
const THROTTLES: &[&str] = &["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];

/// Other codes by which DynamoDB says that it did not carry out a request (all are HTTP 400).
const REFUSALS: &[&str] = &[
    "AccessDeniedException",
    "ConditionalCheckFailedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "ItemCollectionSizeLimitExceededException",
    "MissingAuthenticationTokenException",
    "ReplicatedWriteConflictException",
    "ResourceNotFoundException",
    "TransactionConflictException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Only `connect` gives this error, and without a connection nothing was sent.
fn was_refused(error: &(dyn Error + 'static)) -> bool {
    chain(error)
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused))
}

/// [`Failure::Unavailable`]: certainly not done.
pub(super) fn unavailable(database: &'static str, request: Request, source: impl Into<BoxedError>) -> Failure {
    Failure::Unavailable { database, source: Box::new(FailedRequest { request, source: source.into() }) }
}

/// [`Failure::Indeterminate`]: it may have been done.
pub(super) fn indeterminate(database: &'static str, request: Request, source: impl Into<BoxedError>) -> Failure {
    Failure::Indeterminate { database, source: Box::new(FailedRequest { request, source: source.into() }) }
}

/// What to do about a refusal of the set-up or of a check, by DynamoDB's code; `None` if nobody answered.
pub(super) fn mend(request: &'static str, code: Option<&str>) -> String {
    match code {
        Some("AccessDeniedException") => format!("the credentials need dynamodb:{request} on this table"),
        Some("ResourceNotFoundException") => {
            "run `worldseat provision dynamodb`, or name the tables there are with --dynamodb-tables".to_owned()
        }
        Some("ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException") => {
            "renew the AWS credentials, and see that this machine's clock is right".to_owned()
        }
        Some(_) => "see DynamoDB's documentation of this error".to_owned(),
        None => "are there AWS credentials, is the endpoint right, and is the network open to it?".to_owned(),
    }
}

/// A thing that is not as it must be, with the mend.
#[derive(Debug, thiserror::Error)]
#[error("{what}; {mend}")]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) mend: String,
    #[source]
    pub(super) source: Option<BoxedError>,
}

/// What was asked, and of which region.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) name: &'static str,
    pub(super) region: Region,
}

#[derive(Debug, thiserror::Error)]
#[error("{} in {}: {}", request.name, request.region, told(source.as_ref()))]
struct FailedRequest {
    request: Request,
    #[source]
    source: BoxedError,
}

/// The whole chain of causes: the SDK's own words for the outermost are "service error" or "dispatch failure".
pub(super) fn told(error: &(dyn Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::types::error as dynamo;

    type PutError = SdkError<PutItemError, HttpResponse>;

    fn answered(status: u16) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), "".into())
    }

    fn service(error: PutItemError, status: u16) -> PutError {
        SdkError::service_error(error, answered(status))
    }

    fn coded(code: &str, status: u16) -> PutError {
        service(PutItemError::generic(ErrorMetadata::builder().code(code).build()), status)
    }

    fn dispatch(kind: io::ErrorKind) -> PutError {
        SdkError::dispatch_failure(ConnectorError::io(io::Error::from(kind).into()))
    }

    #[test]
    fn by_variant_and_code() {
        let meta = |code| ErrorMetadata::builder().code(code).build();
        let throttled = dynamo::ThrottlingException::builder().meta(meta("ThrottlingException")).build();
        let missing = dynamo::ResourceNotFoundException::builder().meta(meta("ResourceNotFoundException")).build();
        let internal = dynamo::InternalServerError::builder().meta(meta("InternalServerError")).build();
        let cases: [(PutError, Fate); 13] = [
            (SdkError::construction_failure("no key"), Fate::NotSent),
            (dispatch(io::ErrorKind::ConnectionRefused), Fate::NotSent),
            (dispatch(io::ErrorKind::ConnectionReset), Fate::Doubtful),
            (dispatch(io::ErrorKind::BrokenPipe), Fate::Doubtful),
            (SdkError::dispatch_failure(ConnectorError::timeout("connect".into())), Fate::Doubtful),
            (SdkError::timeout_error("3 s"), Fate::Doubtful),
            (SdkError::response_error("half an answer", answered(200)), Fate::Doubtful),
            (service(PutItemError::ThrottlingException(throttled), 400), Fate::Throttled),
            (service(PutItemError::ResourceNotFoundException(missing), 400), Fate::Refused),
            (service(PutItemError::InternalServerError(internal), 500), Fate::Doubtful),
            (coded("ValidationException", 400), Fate::Refused),
            (coded("ServiceUnavailable", 503), Fate::Doubtful),
            (coded("NeverHeardOf", 400), Fate::Doubtful),
        ];
        for (error, expected) in cases {
            assert_eq!(fate(&error), expected, "{error:?}");
        }
    }

    #[test]
    fn the_source_names_the_region_and_every_cause() {
        let request = Request { name: "PutItem", region: "us-east-1".parse().unwrap() };
        let failure = unavailable("DynamoDB", request, dispatch(io::ErrorKind::ConnectionRefused));
        let text = failure.to_string();
        assert!(text.contains("DynamoDB") && text.contains("us-east-1") && text.contains("refused"), "{text}");
    }
}
