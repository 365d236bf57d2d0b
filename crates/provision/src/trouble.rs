//! Why something could not be done: one line that names the call or the thing, and the mend.

use crate::Call;
use aws_sdk_dsql::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// Its text is one readable line.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The settings contradict themselves; nothing was sent.
    #[error("{0}")]
    Settings(String),
    /// Nobody says who we are; nothing was sent.
    #[error(
        "no AWS credentials were found ({0}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a profile \
         that signs in by SSO needs `aws sso login` first"
    )]
    Credentials(String),
    /// AWS refused a call, or did not hear it.
    #[error("{}: {said}: {}", call.title(), mend(*cause, call))]
    Call {
        /// The call.
        call: Box<Call>,
        /// Why, as far as there is something to do about it.
        cause: Cause,
        /// What was answered.
        said: String,
    },
    /// Something is there that we did not make so; nothing was changed.
    #[error("{thing} {what}; nothing was changed: {mend}")]
    Wrong {
        /// What it is about.
        thing: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        mend: String,
    },
    /// AWS takes longer than we wait, or what we wait for cannot come.
    #[error("{thing} {what}: {mend}")]
    Stuck {
        /// What was waited for.
        thing: String,
        /// What became of it.
        what: String,
        /// What to do.
        mend: String,
    },
}

/// Why a call failed, as far as there is something to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// AWS does not believe that we are who we say.
    Credentials,
    /// We may not.
    Permission,
    /// The account has as many as it may have.
    Quota,
    /// Too many calls in too short a time, or AWS is unwell.
    Busy,
    /// Nobody heard us.
    Unreachable,
    /// Anything else.
    Refused,
}

impl Trouble {
    pub(crate) fn wrong(thing: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Wrong { thing: thing.into(), what: what.into(), mend: mend.into() }
    }

    pub(crate) fn stuck(thing: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Stuck { thing: thing.into(), what: what.into(), mend: mend.into() }
    }

    /// What became of a call. `E` and `R` are the SDK's: both services share them.
    pub(crate) fn call<E, R>(call: Call, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug,
    {
        let (cause, said) = match &error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code().unwrap_or("an error without a code");
                let message = answer.err().message().unwrap_or_default();
                (cause(code), [code, message].join(" ").trim().to_owned())
            }
            SdkError::DispatchFailure(failure) => {
                (Cause::Unreachable, failure.as_connector_error().map_or_else(String::new, |e| with_causes(e)))
            }
            SdkError::TimeoutError(_) => (Cause::Unreachable, "no answer in time".to_owned()),
            _ => (Cause::Refused, with_causes(&error)),
        };
        Self::Call { call: Box::new(call), cause, said: one_line(&said) }
    }

    /// Whether it says only that we could not look: then nothing is known about what exists.
    pub fn is_blindness(&self) -> bool {
        match self {
            Self::Credentials(_) => true,
            Self::Call { cause, .. } => {
                matches!(cause, Cause::Credentials | Cause::Permission | Cause::Unreachable | Cause::Busy)
            }
            _ => false,
        }
    }
}

/// By the code, which is part of the API; never by the sentence.
fn cause(code: &str) -> Cause {
    match code {
        "AccessDeniedException" | "AccessDenied" | "OptInRequired" => Cause::Permission,
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidAccessKeyId" => Cause::Credentials,
        "ServiceQuotaExceededException" | "LimitExceededException" => Cause::Quota,
        "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "InternalServerException"
        | "InternalServerError"
        | "ServiceUnavailable" => Cause::Busy,
        _ => Cause::Refused,
    }
}

fn mend(cause: Cause, call: &Call) -> String {
    match cause {
        Cause::Credentials => {
            "these credentials do not count: renew them (`aws sts get-caller-identity` tells whose they are)".to_owned()
        }
        Cause::Permission => format!("have {} allowed; --dry-run prints the whole policy", call.action()),
        Cause::Quota => format!(
            "the account has as many as it may have: delete one, or ask for more under Service Quotas in {}",
            call.region
        ),
        Cause::Busy => "run the same command again in a minute; it continues where this one stopped".to_owned(),
        Cause::Unreachable => format!(
            "is there a network, does {} have {}, and is --endpoint-url (or AWS_ENDPOINT_URL) right if it is set?",
            call.region, call.service
        ),
        Cause::Refused => {
            "mend what it says and run the same command again; it continues where this one stopped".to_owned()
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some repeat what they wrap.
        if !texts.iter().any(|told| told.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    one_line(&texts.join(": "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
