//! What AWS did, read from status, code and message by one table. Pure.
//!
//! The rows follow the service's error pages and the message grammar of
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>. Clauses are matched anywhere in
//! the message, never at its end: AWS appends policy ARNs and links to them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    attempt::{Answer, Refused, Service},
    iam::Layer,
};

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
    /// See [`Outcome::Allowed`].
    Allowed,
    /// See [`Outcome::Denied`].
    Denied,
    /// See [`Outcome::Rejected`].
    Rejected,
    /// See [`Outcome::Absent`].
    Absent,
    /// See [`Outcome::Throttled`].
    Throttled,
    /// See [`Outcome::Unreachable`].
    Unreachable,
    /// See [`Outcome::BadCredentials`].
    BadCredentials,
    /// See [`Outcome::NotImplemented`].
    NotImplemented,
    /// See [`Outcome::Unclear`].
    Unclear,
}

impl OutcomeKind {
    /// The word.
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
    /// The word for it.
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

/// What a message says of an authorization refusal. All empty for a bare `Access Denied`, which proves no layer.
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

/// Reads an answer.
#[must_use]
pub fn classify(service: Service, answer: &Answer) -> Outcome {
    match answer {
        Answer::Success { .. } => Outcome::Allowed,
        Answer::Unreachable { .. } => Outcome::Unreachable,
        Answer::Malformed { .. } | Answer::NotSent { .. } => Outcome::Unclear,
        Answer::Refused(refused) => classify_refusal(service, refused),
    }
}

/// The result of one key of `DeleteObjects`, whose answer is 200. Of the codes a key may have only these are known
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Error.html> lists those of all operations); any other proves nothing.
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
            Means::Denial => denial(refused.message.as_deref().unwrap_or_default()),
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
    let row = CODES
        .iter()
        .find(|row| row.service.is_none_or(|only| only == service) && row.code == code);
    match row {
        Some(row) if row.status.contains(&refused.status) => match row.means {
            Means::Denial => denial(refused.message.as_deref().unwrap_or_default()),
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

/// One row: a code of a service under its status, and what it means.
struct Row {
    service: Option<Service>,
    code: &'static str,
    status: &'static [u16],
    means: Means,
}

enum Means {
    /// Read the message.
    Denial,
    /// This.
    Is(OutcomeKind),
}

const fn row(service: Option<Service>, code: &'static str, status: &'static [u16], kind: OutcomeKind) -> Row {
    Row {
        service,
        code,
        status,
        means: Means::Is(kind),
    }
}

const fn denied(service: Service, code: &'static str, status: &'static [u16]) -> Row {
    Row {
        service: Some(service),
        code,
        status,
        means: Means::Denial,
    }
}

const S3: Option<Service> = Some(Service::S3);
const CONTROL: Option<Service> = Some(Service::S3Control);
const KMS: Option<Service> = Some(Service::Kms);
const STS: Option<Service> = Some(Service::Sts);
const IAM: Option<Service> = Some(Service::Iam);
const TRAIL: Option<Service> = Some(Service::CloudTrail);

/// The codes. S3: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>; KMS and STS: their API references,
/// "Common Errors" and the errors of each operation.
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
    row(
        None,
        "MissingAuthenticationTokenException",
        &[400, 403],
        OutcomeKind::BadCredentials,
    ),
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

/// Messages under AccessDenied that no policy is behind: an expired URL, headers that were not signed.
const PROTOCOL: &[&str] = &[
    "request has expired",
    "headers present in the request which were not signed",
    "anonymous users cannot initiate multipart uploads",
    // A form that its own policy does not cover, or whose policy has expired.
    "invalid according to policy:",
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>: whoever asks.
    "key in the request must be owned by the same account as the bucket",
];

/// The message `Access Denied`, and nothing more, is what other organizations, anonymous callers and old paths get.
fn denial(message: &str) -> Outcome {
    let Grammar {
        principal,
        action,
        resource,
        rest,
    } = grammar(message);
    // Where the message names an action and a resource, only what stands after them is AWS's own reason: an object's key may say anything.
    let lower = rest.to_lowercase();
    if action.is_none() && PROTOCOL.iter().any(|clause| lower.contains(clause)) {
        return Outcome::Rejected;
    }
    if action.as_deref().is_some_and(|action| contradicts(&lower, action)) {
        return Outcome::Unclear;
    }
    let on_key = resource.as_deref().is_some_and(|resource| resource.starts_with("arn:aws:kms:"));
    let denial = Denial {
        principal,
        action,
        resource,
        layers: layers(&lower, on_key),
    };
    // S3 always says these two words; an answer without a message is not whole.
    let bare = lower.trim().trim_end_matches('.') == "access denied";
    if bare || denial.action.is_some() || !denial.layers.is_empty() {
        Outcome::Denied(denial)
    } else {
        // AccessDenied with a text that is not AWS's grammar: a proxy, a firewall, an emulator.
        Outcome::Unclear
    }
}

/// Whether what stands after a refused action is not AWS's reason for it: a second refusal, or a clause about another action.
fn contradicts(lower: &str, action: &str) -> bool {
    let mut clauses = lower.split(" allows the ").skip(1);
    let action = action.to_lowercase();
    let of_this = |clause: &str| clause.strip_prefix(&action).is_some_and(|rest| rest.starts_with(" action"));
    lower.contains("is not authorized to perform") || !clauses.all(of_this)
}

/// The mechanisms that a message may mean: those of every clause in it, for AWS gives one reason, and two prove neither. None where a
/// clause leaves it open.
fn layers(lower: &str, on_key: bool) -> Vec<Layer> {
    let found = CLAUSES.iter().filter(|(clause, _)| lower.contains(clause));
    let found: Vec<&[Layer]> = found.map(|(_, layers)| *layers).collect();
    if found.iter().any(|layers| layers.is_empty()) {
        return Vec::new();
    }
    let mut layers: Vec<Layer> = Vec::new();
    for meant in found {
        // No Block Public Access stands before a key: there the clause means one mechanism.
        let meant = if on_key && meant.contains(&Layer::Resource) {
            &[Layer::KeyPolicy]
        } else {
            meant
        };
        let new: Vec<Layer> = meant.iter().copied().filter(|layer| !layers.contains(layer)).collect();
        layers.extend(new);
    }
    layers
}

/// Clauses and the mechanisms they may mean. S3 words RestrictPublicBuckets as a deny of the bucket policy, and
/// IgnorePublicAcls as its silence.
const CLAUSES: &[(&str, &[Layer])] = &[
    // S3 Access Grants: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    ("permissions to the requested s3 prefix:", &[Layer::Grant]),
    ("by the blockpublicacls setting", &[Layer::BlockPublicAccess]),
    (
        "blocked by the blockpublicacls block public access setting",
        &[Layer::BlockPublicAccess],
    ),
    ("by the blockpublicpolicy setting", &[Layer::BlockPublicAccess]),
    (
        "blocked upload requests that specify server side encryption with customer provided keys",
        &[Layer::EncryptionBlock],
    ),
    ("object protected by object lock", &[Layer::ObjectLock]),
    // KMS leaves open on purpose whether the key exists.
    ("the resource does not exist in this region", &[]),
    ("explicit deny in a vpc endpoint policy", &[Layer::VpcEndpoint]),
    (
        "explicit deny in a resource-based policy",
        &[Layer::Resource, Layer::BlockPublicAccess],
    ),
    ("explicit deny in an identity-based policy", &[Layer::Identity]),
    ("explicit deny in a service control policy", &[Layer::Scp]),
    ("explicit deny in a resource control policy", &[Layer::Rcp]),
    ("explicit deny in a permissions boundary", &[Layer::Boundary]),
    ("explicit deny in a session policy", &[Layer::Session]),
    ("explicit deny in a sessions policy", &[Layer::Session]),
    ("explicit deny in the role trust policy", &[Layer::TrustPolicy]),
    ("no identity-based policy allows", &[Layer::Identity]),
    ("no resource-based policy allows", &[Layer::Resource, Layer::BlockPublicAccess]),
    ("no permissions boundary allows", &[Layer::Boundary]),
    ("no session policy allows", &[Layer::Session]),
    ("no vpc endpoint policy allows", &[Layer::VpcEndpoint]),
    ("no service control policy allows", &[Layer::Scp]),
    ("no resource control policy allows", &[Layer::Rcp]),
    ("no role trust policy allows", &[Layer::TrustPolicy]),
];

/// How Access Grants begins to say where there is no grant.
const PREFIX: &str = " permissions to the requested S3 Prefix:";

/// A refusal's message in its parts.
struct Grammar<'a> {
    principal: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    /// What stands after them; the whole message where it names no action.
    rest: &'a str,
}

/// `User: <arn> is not authorized to perform: <action> on resource: <arn> ...`; S3 quotes the ARN, the others do not. A key may hold quotes,
/// so the ARN ends at the last one.
fn grammar(message: &str) -> Grammar<'_> {
    let Some((who, rest)) = message.split_once("is not authorized to perform: ") else {
        return Grammar {
            principal: None,
            action: None,
            resource: None,
            // What stands after this is the caller's own word.
            rest: message
                .find(PREFIX)
                .map_or(message, |at| message.get(..at + PREFIX.len()).unwrap_or(message)),
        };
    };
    let (action, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (resource, rest) = match rest.strip_prefix("on resource: ") {
        None => (None, rest),
        Some(named) => {
            let quoted = named.strip_prefix('"').and_then(|quoted| quoted.rsplit_once('"'));
            let (resource, rest) = quoted.or_else(|| named.split_once(' ')).unwrap_or((named, ""));
            (Some(resource), rest)
        }
    };
    Grammar {
        principal: who.rsplit_once("User:").map(|(_, principal)| principal.trim().to_owned()),
        action: Some(action.to_owned()),
        resource: resource.map(str::to_owned),
        rest,
    }
}

#[cfg(test)]
mod tests;
