//! A call to AWS in words: for a dry run, for progress and for errors.

use std::fmt;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it does to the account.
    pub kind: Kind,
    /// `dsql` or `dynamodb`, as in IAM actions.
    pub service: &'static str,
    /// Where it is sent.
    pub region: String,
    /// Its name in the API.
    pub operation: &'static str,
    /// What matters of its parameters.
    pub parameters: String,
}

/// What a call does to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only looks.
    Reads,
    /// It looks again and again until something has happened.
    Waits,
    /// It changes something.
    Changes,
}

impl Call {
    pub(crate) fn reads(
        service: &'static str,
        region: &str,
        operation: &'static str,
        about: impl Into<String>,
    ) -> Self {
        Self { kind: Kind::Reads, service, region: region.to_owned(), operation, parameters: about.into() }
    }

    pub(crate) fn waits(
        service: &'static str,
        region: &str,
        operation: &'static str,
        about: impl Into<String>,
    ) -> Self {
        Self { kind: Kind::Waits, ..Self::reads(service, region, operation, about) }
    }

    pub(crate) fn changes(
        service: &'static str,
        region: &str,
        operation: &'static str,
        about: impl Into<String>,
    ) -> Self {
        Self { kind: Kind::Changes, ..Self::reads(service, region, operation, about) }
    }

    /// The action that IAM must allow.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// The call in the middle of a sentence.
    pub fn title(&self) -> String {
        format!("{} in {}", self.action(), self.region)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, service, region, operation, parameters } = self;
        write!(f, "{:<7}  {service:<8}  {region:<9}  {operation:<18}  {parameters}", kind.to_string())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reads => "reads",
            Self::Waits => "waits",
            Self::Changes => "changes",
        })
    }
}
