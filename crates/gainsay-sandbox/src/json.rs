//! The JSON protocol of KMS, `CloudTrail` and the other services that watch an account
//! (<https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>).

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::authorize::Refusal;

/// An answer: status and body.
pub(super) type JsonAnswer = (u16, Value);

/// What an operation answers, or how it is refused.
pub(super) type Answered = Result<Value, JsonAnswer>;

/// Reads an input. A member that the operation's struct does not list is a feature that is not
/// modelled, so it is refused.
pub(super) fn parse<Input: DeserializeOwned>(body: &[u8]) -> Result<Input, JsonAnswer> {
    serde_json::from_slice(body).map_err(|problem| match problem.to_string() {
        text if text.starts_with("unknown field") => not_modelled(format!("this input: {text}")),
        text => error(400, "SerializationException", text),
    })
}

pub(super) fn error(status: u16, code: &str, message: impl Into<String>) -> JsonAnswer {
    (status, json!({ "__type": code, "message": message.into() }))
}

pub(super) fn not_modelled(what: impl std::fmt::Display) -> JsonAnswer {
    error(501, "NotImplemented", format!("the sandbox does not model {what}"))
}

/// A refusal by policy, with the status and the code that every service of the protocol gives it
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>).
pub(super) fn refused(refusal: Refusal) -> JsonAnswer {
    match refusal {
        Refusal::Denied(message) => error(400, "AccessDeniedException", message),
        Refusal::Undecidable(message) => error(501, "NotImplemented", message),
    }
}
