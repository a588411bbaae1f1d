//! A refusal that somebody got, explained by policies: `gainsay explain --message`.
//!
//! The refusal is read from the message itself or from a record of AWS `CloudTrail`; who asked for
//! what is looked up in environments, or put beside policies that are given alone; and what the
//! message says decided is compared with what the policies say. Of the condition keys of the
//! request only those are known that message or record tell: what reads another one is possible,
//! and never certain.

mod given;
mod judge;
mod message;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests;
mod trail;

use gainsay_iam::{Explanation, Layer};
use serde::Serialize;

pub use self::{
    given::{Given, PoliciesError, in_environment, with_policies},
    judge::{Finding, Judged, Place, judge},
    message::ReadError,
};

/// A refused call, as far as the message or record tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RefusedCall {
    /// Who was refused: an ARN, or `anonymous`.
    pub principal: Option<String>,
    /// The ARN of the role behind a session, where a record has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// The ARN of the resource.
    pub resource: Option<String>,
    /// The mechanisms that the message may mean; none where it names none.
    pub layers: Vec<Layer>,
    /// Whether a statement refused it; null where the message does not say.
    pub explicit: Option<bool>,
    /// The ARN of the policy, where the message names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The condition keys that are known of the request, besides those that follow from the
    /// caller.
    pub context: Vec<(String, Vec<String>)>,
}

/// What some policies say of a refused call.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The architecture whose policies they are; null for policies that were given alone.
    pub architecture: Option<String>,
    /// What is found.
    #[serde(flatten)]
    pub judged: Judged,
    /// Every layer, statement and element.
    pub explanation: Explanation,
}

/// Reads a refusal from a message of AWS, as it is or as the AWS CLI and the SDKs print it, or
/// from a record of `CloudTrail`.
///
/// # Errors
/// It is neither, or tells of no refusal.
pub fn read(text: &str) -> Result<RefusedCall, ReadError> {
    let text = text.trim();
    if text.starts_with(['{', '[']) { trail::read(text) } else { message::read(text) }
}
