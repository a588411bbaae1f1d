//! Why an API call is not decided.

use std::io;

use gainsay_iam::{EvaluationInputError, ResponseError};
use gainsay_model::BuildError;

use super::CallAnswer;

/// Why an API call is not decided.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It is no JSON, or of another shape.
    #[error("the call cannot be read: {0}")]
    Malformed(String),
    /// A member is not as it must be.
    #[error("`{member}`: {problem}")]
    Member {
        /// The member, as a path.
        member: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No operation has the name.
    #[error("no operation is called `{0}`; `gainsay schema scenario` and scenarios name them")]
    Operation(String),
    /// The operation does not take the member.
    #[error("`{operation}` has no `{member}`; it takes {takes}")]
    Parameter {
        /// The operation.
        operation: &'static str,
        /// The member.
        member: String,
        /// What it takes.
        takes: String,
    },
    /// The operation needs more.
    #[error("`{operation}` needs {what}")]
    Missing {
        /// The operation.
        operation: &'static str,
        /// The members that are missing.
        what: String,
    },
    /// The principal or a policy cannot be used.
    #[error("{place}{source}")]
    Policy {
        /// Where it is: empty, or ending with a colon.
        place: String,
        /// What is wrong with it.
        source: Box<EvaluationInputError>,
    },
    /// What the call acts on is not as AWS has it.
    #[error(transparent)]
    Build(Box<BuildError>),
    /// The call acts on a key of which nothing is said.
    #[error("the call uses the key `{0}`, of which `keys` says nothing")]
    UnknownKey(String),
    /// Something in it is not modelled.
    #[error("not modelled: {0}")]
    NotModelled(String),
    /// What the call acts on cannot be made.
    #[error("{what} cannot be made for the call: {answer}")]
    NotMade {
        /// What was to be made.
        what: String,
        /// What came back.
        answer: String,
    },
    /// The service refuses the call whatever the policies say.
    #[error("whatever the policies say, the answer is {status} {code}: {message}",
        status = .0.status, code = .0.code.as_deref().unwrap_or("without a code"),
        message = .0.message.as_deref().unwrap_or("without a message"))]
    Rejected(CallAnswer),
    /// The call makes no request.
    #[error("the call cannot be sent: {0}")]
    NotSent(String),
    /// The process has no threads or files left.
    #[error("the call cannot be made: {source}")]
    Runtime {
        /// What the system says.
        source: io::Error,
    },
}

impl From<BuildError> for CallError {
    fn from(error: BuildError) -> Self {
        Self::Build(Box::new(error))
    }
}

impl CallError {
    /// The stable code, such as `malformed`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Member { .. } => "malformed",
            Self::Operation(_) => "unknown-operation",
            Self::Parameter { .. } => "unknown-parameter",
            Self::Missing { .. } => "missing-parameter",
            Self::Policy { source, .. } => source.code(),
            Self::Build(_) => "resource",
            Self::UnknownKey(_) => "unknown-key",
            Self::NotModelled(_) => "not-modelled",
            Self::NotMade { .. } => "not-made",
            Self::Rejected(_) => "rejected",
            Self::NotSent(_) => "not-sent",
            Self::Runtime { .. } => "runtime",
        }
    }

    pub(super) fn to_response(&self) -> ResponseError {
        ResponseError { code: self.code(), message: self.to_string() }
    }

    /// What the service answers, where that is known.
    pub(super) fn answer(&self) -> Option<CallAnswer> {
        if let Self::Rejected(answer) = self { Some(answer.clone()) } else { None }
    }

    pub(super) fn member(member: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Member { member: member.into(), problem: problem.into() }
    }
}
