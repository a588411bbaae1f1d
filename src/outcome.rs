//! What AWS did, read from status, code and message by one table. Pure.
//!
//! The rows follow the services' error pages; what a refusal says is read by the grammar of
//! `message`.

mod message;

use std::fmt;

pub(crate) use self::message::clause;
use gainsay_iam::Layer;
use gainsay_model::Service;
use serde::{Deserialize, Serialize};

use crate::attempt::{Answer, Refused};

/// What AWS did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The call succeeded, or KMS said that it would have.
    Allowed,
    /// An authorization mechanism refused it.
    Denied(Denial),
    /// It was refused for another reason than authorization.
    Rejected,
    /// Something it names does not exist.
    Absent,
    /// The service was too busy.
    Throttled,
    /// No answer came.
    Unreachable,
    /// The credentials or the signature were not accepted.
    BadCredentials,
    /// The target does not have this operation or feature.
    NotImplemented,
    /// An answer that proves nothing.
    Unclear,
}

/// Codes with which AWS answers for more than one reason, and only the message says for which
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>).
const SEVERAL: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "InvalidArgument",
    "InvalidParameter",
    "InvalidParameterException",
    "InvalidParameterValue",
    "InvalidRequest",
    "InvalidRequestException",
    "ValidationError",
    "ValidationException",
];

/// Whether a code alone does not say why a call was refused.
#[must_use]
pub fn stands_for_several(code: &str) -> bool {
    SEVERAL.contains(&code)
}

/// The word for an outcome in records and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// The call succeeded, or KMS said that it would have.
    Allowed,
    /// An authorization mechanism refused it.
    Denied,
    /// It was refused for another reason than authorization.
    Rejected,
    /// Something it names does not exist.
    Absent,
    /// The service was too busy.
    Throttled,
    /// No answer came.
    Unreachable,
    /// The credentials or the signature were not accepted.
    BadCredentials,
    /// The target does not have this operation or feature.
    NotImplemented,
    /// An answer came that proves nothing.
    Unclear,
}

impl OutcomeKind {
    /// Its word in records and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Rejected => "rejected",
            Self::Absent => "absent",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::BadCredentials => "bad-credentials",
            Self::NotImplemented => "not-implemented",
            Self::Unclear => "unclear",
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Outcome {
    /// What the record has of it: everything but what a denial says.
    #[must_use]
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Allowed => OutcomeKind::Allowed,
            Self::Denied(_) => OutcomeKind::Denied,
            Self::Rejected => OutcomeKind::Rejected,
            Self::Absent => OutcomeKind::Absent,
            Self::Throttled => OutcomeKind::Throttled,
            Self::Unreachable => OutcomeKind::Unreachable,
            Self::BadCredentials => OutcomeKind::BadCredentials,
            Self::NotImplemented => OutcomeKind::NotImplemented,
            Self::Unclear => OutcomeKind::Unclear,
        }
    }
}

/// What a message says of an authorization refusal. All empty for a bare `Access Denied`, which
/// proves no layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denial {
    /// Who was refused.
    pub principal: Option<String>,
    /// The action that was refused.
    pub action: Option<String>,
    /// The resource it was refused on.
    pub resource: Option<String>,
    /// The mechanisms the message may mean.
    pub layers: Vec<Layer>,
}

/// In a few words, what came back from a call.
#[must_use]
pub fn came_back(answer: &Answer) -> String {
    match answer {
        Answer::Success { .. } => "a success".to_owned(),
        Answer::Refused(refused) => {
            let code = refused.code.as_deref().unwrap_or("no code");
            let message = refused.message.as_deref().unwrap_or_default();
            format!("{} {code} {message}", refused.status).trim_end().to_owned()
        }
        Answer::Malformed { status, message } => format!("{status} {message}"),
        Answer::Unreachable { message } | Answer::NotSent { message } => message.clone(),
    }
}

/// What an answer of a service means.
#[must_use]
pub fn classify(service: Service, answer: &Answer) -> Outcome {
    match answer {
        Answer::Success { .. } => Outcome::Allowed,
        Answer::Unreachable { .. } => Outcome::Unreachable,
        Answer::Malformed { .. } | Answer::NotSent { .. } => Outcome::Unclear,
        Answer::Refused(refused) => classify_refusal(service, refused),
    }
}

/// The codes of one key of `DeleteObjects`, whose answer is 200. Of the codes a key may have only
/// these are known (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Error.html> lists those of
/// all operations); any other proves nothing.
const ONE_KEY: &[(&str, Means)] = &[
    ("AccessDenied", Means::Denial),
    ("NoSuchVersion", Means::Is(OutcomeKind::Absent)),
    ("SlowDown", Means::Is(OutcomeKind::Throttled)),
    ("ServiceUnavailable", Means::Is(OutcomeKind::Throttled)),
];

fn classify_one_key(service: Service, refused: &Refused) -> Outcome {
    let code = refused.code.as_deref().unwrap_or_default();
    match ONE_KEY.iter().find(|(known, _)| *known == code) {
        Some((_, means)) if service == Service::S3 && refused.status == 200 => match means {
            Means::Denial => message::denial(refused.message.as_deref().unwrap_or_default()),
            Means::Is(kind) => from_kind(*kind),
        },
        _ => Outcome::Unclear,
    }
}

fn classify_refusal(service: Service, refused: &Refused) -> Outcome {
    if refused.of_one_key {
        return classify_one_key(service, refused);
    }
    let Some(code) = refused.code.as_deref() else {
        // Only S3 answers without a body, and only to HEAD: the status is all there is.
        return match (service, refused.status) {
            (Service::S3, 403) => Outcome::Denied(Denial::default()),
            (Service::S3, 404) => Outcome::Absent,
            (Service::S3, 501) => Outcome::NotImplemented,
            (_, 429 | 503) => Outcome::Throttled,
            _ => Outcome::Unclear,
        };
    };
    let row =
        CODES.iter().find(|row| row.service.is_none_or(|only| only == service) && row.code == code);
    match row {
        Some(row) if row.status.contains(&refused.status) => match row.means {
            Means::Denial => message::denial(refused.message.as_deref().unwrap_or_default()),
            Means::Is(kind) => from_kind(kind),
        },
        None if (400..500).contains(&refused.status) => Outcome::Rejected,
        // A known code under another status is not the service's own answer.
        _ => Outcome::Unclear,
    }
}

const fn from_kind(kind: OutcomeKind) -> Outcome {
    match kind {
        OutcomeKind::Allowed => Outcome::Allowed,
        OutcomeKind::Rejected => Outcome::Rejected,
        OutcomeKind::Absent => Outcome::Absent,
        OutcomeKind::Throttled => Outcome::Throttled,
        OutcomeKind::Unreachable => Outcome::Unreachable,
        OutcomeKind::BadCredentials => Outcome::BadCredentials,
        OutcomeKind::NotImplemented => Outcome::NotImplemented,
        OutcomeKind::Unclear | OutcomeKind::Denied => Outcome::Unclear,
    }
}

/// A code of a service under its status, and what it means.
struct Row {
    service: Option<Service>,
    code: &'static str,
    status: &'static [u16],
    means: Means,
}

enum Means {
    /// A denial, of which the message says more.
    Denial,
    /// An outcome that has nothing more to it.
    Is(OutcomeKind),
}

const fn row(
    service: Option<Service>,
    code: &'static str,
    status: &'static [u16],
    kind: OutcomeKind,
) -> Row {
    Row { service, code, status, means: Means::Is(kind) }
}

const fn denied(service: Service, code: &'static str, status: &'static [u16]) -> Row {
    Row { service: Some(service), code, status, means: Means::Denial }
}

const S3: Option<Service> = Some(Service::S3);
const CONTROL: Option<Service> = Some(Service::S3Control);
const KMS: Option<Service> = Some(Service::Kms);
const STS: Option<Service> = Some(Service::Sts);
const IAM: Option<Service> = Some(Service::Iam);
const TRAIL: Option<Service> = Some(Service::CloudTrail);

/// The codes. S3: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>; KMS and
/// STS: their API references, "Common Errors" and the errors of each operation.
const CODES: &[Row] = &[
    denied(Service::S3, "AccessDenied", &[403]),
    denied(Service::S3Control, "AccessDenied", &[403]),
    denied(Service::Kms, "AccessDeniedException", &[400]),
    denied(Service::Sts, "AccessDenied", &[403]),
    denied(Service::Iam, "AccessDenied", &[403]),
    denied(Service::CloudTrail, "AccessDeniedException", &[400]),
    row(KMS, "DryRunOperationException", &[400], OutcomeKind::Allowed),
    row(S3, "NoSuchKey", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchBucket", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchVersion", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchUpload", &[404], OutcomeKind::Absent),
    row(S3, "NotFound", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchBucketPolicy", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchTagSet", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchAnnotation", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchPublicAccessBlockConfiguration", &[404], OutcomeKind::Absent),
    row(S3, "OwnershipControlsNotFoundError", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchLifecycleConfiguration", &[404], OutcomeKind::Absent),
    row(S3, "ReplicationConfigurationNotFoundError", &[404], OutcomeKind::Absent),
    row(S3, "NoSuchConfiguration", &[404], OutcomeKind::Absent),
    row(CONTROL, "NoSuchBucket", &[404], OutcomeKind::Absent),
    row(CONTROL, "NoSuchResource", &[404], OutcomeKind::Absent),
    row(CONTROL, "NoSuchAccessPoint", &[404], OutcomeKind::Absent),
    row(CONTROL, "NoSuchAccessPointPolicy", &[404], OutcomeKind::Absent),
    row(CONTROL, "NoSuchPublicAccessBlockConfiguration", &[404], OutcomeKind::Absent),
    row(CONTROL, "NotFoundException", &[404], OutcomeKind::Absent),
    row(CONTROL, "AccessGrantsInstanceNotExistsError", &[404], OutcomeKind::Absent),
    row(CONTROL, "NoSuchAccessGrantsLocationError", &[404], OutcomeKind::Absent),
    row(KMS, "NotFoundException", &[400], OutcomeKind::Absent),
    row(S3, "KMS.NotFoundException", &[400], OutcomeKind::Absent),
    row(STS, "NoSuchEntity", &[404], OutcomeKind::Absent),
    row(IAM, "NoSuchEntity", &[404], OutcomeKind::Absent),
    row(TRAIL, "TrailNotFoundException", &[400], OutcomeKind::Absent),
    row(None, "SlowDown", &[503], OutcomeKind::Throttled),
    row(None, "ServiceUnavailable", &[503], OutcomeKind::Throttled),
    row(None, "Throttling", &[400, 429, 503], OutcomeKind::Throttled),
    row(None, "ThrottlingException", &[400, 429], OutcomeKind::Throttled),
    row(S3, "RequestTimeout", &[400], OutcomeKind::Unclear),
    row(None, "RequestLimitExceeded", &[400, 503], OutcomeKind::Throttled),
    row(None, "TooManyRequestsException", &[429], OutcomeKind::Throttled),
    row(None, "InvalidAccessKeyId", &[403], OutcomeKind::BadCredentials),
    row(None, "SignatureDoesNotMatch", &[403], OutcomeKind::BadCredentials),
    row(None, "RequestTimeTooSkewed", &[403], OutcomeKind::BadCredentials),
    row(None, "RequestExpired", &[400], OutcomeKind::BadCredentials),
    row(None, "ExpiredToken", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "ExpiredTokenException", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "InvalidToken", &[400], OutcomeKind::BadCredentials),
    row(None, "InvalidClientTokenId", &[403], OutcomeKind::BadCredentials),
    row(None, "UnrecognizedClientException", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "InvalidSignatureException", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "IncompleteSignature", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "IncompleteSignatureException", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "MissingAuthenticationToken", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "MissingAuthenticationTokenException", &[400, 403], OutcomeKind::BadCredentials),
    row(None, "AuthorizationHeaderMalformed", &[400], OutcomeKind::BadCredentials),
    row(None, "AuthorizationQueryParametersError", &[400], OutcomeKind::BadCredentials),
    row(None, "NotImplemented", &[501], OutcomeKind::NotImplemented),
    row(None, "UnknownOperationException", &[400], OutcomeKind::NotImplemented),
    row(None, "InvalidAction", &[400], OutcomeKind::NotImplemented),
    row(None, "InternalError", &[500], OutcomeKind::Unclear),
    row(None, "InternalFailure", &[500], OutcomeKind::Unclear),
    row(None, "KMSInternalException", &[500], OutcomeKind::Unclear),
    row(None, "PermanentRedirect", &[301], OutcomeKind::Unclear),
    row(None, "TemporaryRedirect", &[307], OutcomeKind::Unclear),
    row(None, "IllegalLocationConstraintException", &[400], OutcomeKind::Unclear),
];

#[cfg(test)]
mod tests;
