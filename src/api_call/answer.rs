//! What a service answers to a call.

use gainsay_iam::{Decision, Layer, Principal};
use gainsay_model::Service;
use serde::Serialize;

use super::CallQuestion;
use crate::{
    attempt::{Operation, Refused},
    outcome::clause,
};

/// What a service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The error code; null for a success.
    pub code: Option<String>,
    /// The message; null for a success, and where AWS's words are not known.
    pub message: Option<String>,
}

impl CallAnswer {
    pub(super) fn success(status: u16) -> Self {
        Self { status, code: None, message: None }
    }

    /// The refusal of a question in AWS's words, by the service that was called; nothing where the
    /// question is not decided. Status and code are those of each service's common errors
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>,
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>).
    pub(super) fn refused(
        operation: &Operation,
        principal: &str,
        question: &CallQuestion,
    ) -> Option<Self> {
        question.decision?;
        if operation.short_name().starts_with("Head") {
            // An answer to HEAD has no body, and so neither.
            return Some(Self { status: 403, code: None, message: None });
        }
        let (status, code) = match operation.service {
            // The answer is none of the whole: each key has a result of its own.
            Service::S3 if operation.name == "s3:DeleteObjects" => (200, "AccessDenied"),
            Service::S3 | Service::S3Control | Service::Sts | Service::Iam => (403, "AccessDenied"),
            Service::Kms
            | Service::CloudTrail
            | Service::Logs
            | Service::CloudWatch
            | Service::AccessAnalyzer
            | Service::Macie
            | Service::Config => (400, "AccessDeniedException"),
        };
        Some(Self { status, code: Some(code.to_owned()), message: message(principal, question) })
    }
}

impl From<&Refused> for CallAnswer {
    fn from(refused: &Refused) -> Self {
        Self {
            status: refused.status,
            code: refused.code.clone(),
            message: refused.message.clone(),
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>: who is
/// anonymous or of another account is told nothing; KMS says of another account's key only what
/// may be; STS names no clause.
fn message(principal: &str, question: &CallQuestion) -> Option<String> {
    let CallQuestion { action, resource, .. } = question;
    let quote = if action.starts_with("s3:") { "\"" } else { "" };
    let who = format!(
        "User: {principal} is not authorized to perform: {action} on resource: \
         {quote}{resource}{quote}"
    );
    let caller = question.input.as_ref().map(|input| &input.request.principal);
    let account = caller.and_then(Principal::account);
    if caller.is_some() && account != question.resource_account.as_deref() {
        let on_key = resource.starts_with("arn:aws:kms:") && account.is_some();
        return Some(if on_key {
            format!(
                "{who} because the resource does not exist in this Region, no resource-based \
                 policies allow access, or a resource-based policy explicitly denies access"
            )
        } else {
            "Access Denied".to_owned()
        });
    }
    if action.starts_with("sts:") {
        return Some(who);
    }
    let explicit = question.decision == Some(Decision::ExplicitDeny);
    let layer = if explicit {
        question.setting.or_else(|| question.by.first().map(|reason| reason.layer))?
    } else {
        question.silent.first().copied().unwrap_or(Layer::Identity)
    };
    Some(format!("{who} {}", clause(layer, explicit, action)?))
}
