//! How a request that does not prove its sender is refused, in the words of each service.
//!
//! S3: codes and statuses are those of
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>; the messages were
//! compared with answers of the service quoted in public issue trackers and with what other
//! emulators recorded from it. KMS and STS: the page of common errors, read in the edition of
//! Secrets Manager, whose protocol KMS shares
//! (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html>), with the
//! names that the protocols put on the wire (`...Exception` in JSON) as quoted in public issue
//! trackers: `UnrecognizedClientException` and `ExpiredTokenException` with 400 from KMS,
//! `ExpiredToken` and `SignatureDoesNotMatch` with 403 from STS.
//!
//! Assumed, no source found:
//! - KMS answers 400 where the request carries no authentication, as other services of its protocol
//!   do; the pages of common errors say 403;
//! - KMS and STS call two mechanisms, Signature Version 2 and unknown schemes an incomplete
//!   signature, and their messages for these and for a header that is not signed;
//! - a wrong token and an unknown key have one answer in KMS and STS;
//! - the statuses of `IncompleteSignature` (400; newer pages of other services say 403);
//! - that S3 prefixes the faults of a presigned credential as it does the others when the key is
//!   empty.

use std::fmt;

use time::OffsetDateTime;

use super::canonical::stamp;
use super::{SKEW, Service, Via};

/// What is wrong with a credential scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// It has not five parts.
    Parts,
    /// The access key id is empty.
    EmptyKey,
    /// The date is not eight digits.
    DateFormat(String),
    /// The last part is not `aws4_request`.
    Terminator(String),
    /// The region is another one.
    Region {
        /// As sent.
        sent: String,
        /// Where the request arrived.
        expected: String,
    },
    /// The service is another one.
    Service {
        /// As sent.
        sent: String,
        /// Where the request arrived.
        expected: &'static str,
    },
    /// The date is not that of the request.
    Date {
        /// As sent.
        sent: String,
        /// The day of `X-Amz-Date`.
        expected: String,
    },
}

/// Why a request is refused before anybody asks what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// It carries no authentication, and the service takes no anonymous requests.
    Missing,
    /// It carries two.
    TwoMechanisms,
    /// It is signed with Signature Version 2.
    Version2,
    /// S3: a query of Signature Version 2 is not whole.
    IncompleteQuery(String),
    /// S3: a form lacks this field of its signature.
    MissingField(&'static str),
    /// Its `Authorization` header is of no known scheme.
    UnknownScheme,
    /// The header or the query parameters cannot be read.
    Malformed {
        /// Which of them.
        via: Via,
        /// What is wrong.
        detail: String,
    },
    /// The credential scope is wrong.
    Scope {
        /// Where it stands.
        via: Via,
        /// What is wrong.
        fault: Scope,
    },
    /// `x-amz-date` is missing or unreadable.
    MissingDate,
    /// S3: `x-amz-content-sha256` is missing.
    MissingPayload,
    /// S3: `x-amz-content-sha256` is neither a digest nor one of the fixed words.
    BadPayload,
    /// S3: the digest is not that of the body.
    BodyMismatch,
    /// The clocks differ by more than fifteen minutes.
    Skewed {
        /// The date of the request.
        date: OffsetDateTime,
        /// The clock of the service.
        now: OffsetDateTime,
    },
    /// The presigned request begins later.
    NotYetValid {
        /// The date of the request.
        date: OffsetDateTime,
        /// The clock of the service.
        now: OffsetDateTime,
    },
    /// The presigned request has ended.
    Expired {
        /// The date of the request.
        date: OffsetDateTime,
        /// The clock of the service.
        now: OffsetDateTime,
    },
    /// These headers had to be signed.
    UnsignedHeaders(Vec<String>),
    /// The signature is another one.
    Mismatch,
    /// There is no such access key; for the caller to raise.
    UnknownAccessKey,
    /// The session token is garbage, foreign, or of another access key; for the caller to raise.
    InvalidToken,
    /// The session has ended; for the caller to raise.
    ExpiredToken,
    /// AWS may accept this; the sandbox does not model it.
    NotModelled(&'static str),
}

const ONE_MECHANISM: &str = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified";
const VERSION_2: &str =
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
const PAYLOAD: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const MISMATCH_ELSEWHERE: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const NOT_SIGNED: &str = "There were headers present in the request which were not signed";

impl AuthError {
    /// The error code of the service.
    #[must_use]
    pub fn code(&self, service: Service) -> &'static str {
        match service {
            Service::S3 | Service::S3Control => self.s3().0,
            Service::Sts | Service::Iam => self.elsewhere().2,
            Service::Kms
            | Service::CloudTrail
            | Service::Logs
            | Service::CloudWatch
            | Service::AccessAnalyzer
            | Service::Macie
            | Service::Config => self.elsewhere().0,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self, service: Service) -> u16 {
        match service {
            Service::S3 | Service::S3Control => self.s3().1,
            Service::Sts | Service::Iam => self.elsewhere().3,
            Service::Kms
            | Service::CloudTrail
            | Service::Logs
            | Service::CloudWatch
            | Service::AccessAnalyzer
            | Service::Macie
            | Service::Config => self.elsewhere().1,
        }
    }

    /// The message of the service. A session token or signature never stands in it.
    #[must_use]
    pub fn message(&self, service: Service) -> String {
        match service {
            Service::S3 | Service::S3Control => self.s3_message(),
            Service::Kms
            | Service::Sts
            | Service::Iam
            | Service::CloudTrail
            | Service::Logs
            | Service::CloudWatch
            | Service::AccessAnalyzer
            | Service::Macie
            | Service::Config => self.message_elsewhere(service),
        }
    }

    fn s3(&self) -> (&'static str, u16) {
        match self {
            Self::Missing
            | Self::IncompleteQuery(_)
            | Self::MissingDate
            | Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::UnsignedHeaders(_) => ("AccessDenied", 403),
            Self::TwoMechanisms
            | Self::MissingField(_)
            | Self::UnknownScheme
            | Self::BadPayload => ("InvalidArgument", 400),
            Self::Version2 | Self::MissingPayload => ("InvalidRequest", 400),
            Self::Malformed { via, .. } | Self::Scope { via, .. } => match via {
                Via::Header => ("AuthorizationHeaderMalformed", 400),
                Via::Query => ("AuthorizationQueryParametersError", 400),
                Via::Form => ("InvalidArgument", 400),
            },
            Self::BodyMismatch => ("XAmzContentSHA256Mismatch", 400),
            Self::Skewed { .. } => ("RequestTimeTooSkewed", 403),
            Self::Mismatch => ("SignatureDoesNotMatch", 403),
            Self::UnknownAccessKey => ("InvalidAccessKeyId", 403),
            Self::InvalidToken => ("InvalidToken", 400),
            Self::ExpiredToken => ("ExpiredToken", 400),
            Self::NotModelled(_) => ("NotImplemented", 501),
        }
    }

    /// Code and status of KMS and whatever else speaks JSON, then of STS.
    fn elsewhere(&self) -> (&'static str, u16, &'static str, u16) {
        match self {
            Self::Missing => {
                ("MissingAuthenticationTokenException", 400, "MissingAuthenticationToken", 403)
            }
            Self::TwoMechanisms
            | Self::Version2
            | Self::IncompleteQuery(_)
            | Self::MissingField(_)
            | Self::UnknownScheme
            | Self::Malformed { .. }
            | Self::MissingDate
            | Self::Scope { fault: Scope::Parts | Scope::EmptyKey, .. } => {
                ("IncompleteSignatureException", 400, "IncompleteSignature", 400)
            }
            Self::Scope { .. }
            | Self::MissingPayload
            | Self::BadPayload
            | Self::BodyMismatch
            | Self::Skewed { .. }
            | Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::UnsignedHeaders(_)
            | Self::Mismatch => ("InvalidSignatureException", 400, "SignatureDoesNotMatch", 403),
            Self::UnknownAccessKey | Self::InvalidToken => {
                ("UnrecognizedClientException", 400, "InvalidClientTokenId", 403)
            }
            Self::ExpiredToken => ("ExpiredTokenException", 400, "ExpiredToken", 403),
            Self::NotModelled(_) => ("NotImplemented", 501, "NotImplemented", 501),
        }
    }

    fn s3_message(&self) -> String {
        let text = match self {
            Self::Missing => "Access Denied",
            Self::TwoMechanisms => ONE_MECHANISM,
            Self::Version2 => VERSION_2,
            Self::UnknownScheme => "Unsupported Authorization Type",
            Self::IncompleteQuery(detail) => detail,
            Self::MissingField(name) => return missing_field(name),
            Self::Malformed { via, detail } => return s3_malformed(*via, detail),
            Self::Scope { via, fault } => return s3_scope(*via, fault),
            Self::MissingDate => "AWS authentication requires a valid Date or x-amz-date header",
            Self::MissingPayload => {
                "Missing required header for this request: x-amz-content-sha256"
            }
            Self::BadPayload => PAYLOAD,
            Self::BodyMismatch => {
                "The provided 'x-amz-content-sha256' header does not match what was computed."
            }
            Self::Skewed { .. } => {
                "The difference between the request time and the current time is too large."
            }
            Self::NotYetValid { .. } => "Request is not yet valid",
            Self::Expired { .. } => "Request has expired",
            Self::UnsignedHeaders(_) => NOT_SIGNED,
            Self::Mismatch => MISMATCH,
            Self::UnknownAccessKey => {
                "The AWS Access Key Id you provided does not exist in our records."
            }
            Self::InvalidToken => "The provided token is malformed or otherwise invalid.",
            Self::ExpiredToken => "The provided token has expired.",
            Self::NotModelled(what) => return not_modelled(what),
        };
        text.to_owned()
    }

    fn message_elsewhere(&self, service: Service) -> String {
        let text = match self {
            Self::Missing if matches!(service, Service::Sts | Service::Iam) => {
                "Request is missing Authentication Token"
            }
            Self::Missing => "Missing Authentication Token",
            Self::TwoMechanisms => ONE_MECHANISM,
            Self::Version2 => VERSION_2,
            Self::UnknownScheme => "Unsupported Authorization Type",
            Self::IncompleteQuery(detail) | Self::Malformed { detail, .. } => detail,
            Self::MissingField(name) => return missing_field(name),
            Self::Scope { fault, .. } => return scope_elsewhere(fault, service),
            Self::MissingDate => {
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            }
            Self::Skewed { date, now }
            | Self::NotYetValid { date, now }
            | Self::Expired { date, now } => {
                return skew_elsewhere(*date, *now);
            }
            Self::UnsignedHeaders(names) => {
                return format!("{NOT_SIGNED}: {}", names.join(", "));
            }
            Self::MissingPayload | Self::BadPayload | Self::BodyMismatch | Self::Mismatch => {
                MISMATCH_ELSEWHERE
            }
            Self::UnknownAccessKey | Self::InvalidToken => {
                "The security token included in the request is invalid."
            }
            Self::ExpiredToken => "The security token included in the request is expired",
            Self::NotModelled(what) => return not_modelled(what),
        };
        text.to_owned()
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Service::S3))
    }
}

impl std::error::Error for AuthError {}

fn not_modelled(what: &str) -> String {
    format!("The sandbox does not model {what}.")
}

fn missing_field(name: &str) -> String {
    format!(
        "Bucket POST must contain a field named '{name}'.  If it is specified, please check the \
         order of the fields."
    )
}

fn s3_malformed(via: Via, detail: &str) -> String {
    match via {
        Via::Header => format!("The authorization header is malformed; {detail}"),
        Via::Query | Via::Form => detail.to_owned(),
    }
}

fn s3_scope(via: Via, fault: &Scope) -> String {
    let detail = match (fault, via) {
        (Scope::Parts, _) => "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".".to_owned(),
        (Scope::EmptyKey, _) => "a non-empty Access Key (AKID) must be provided in the credential.".to_owned(),
        (Scope::DateFormat(sent), _) => {
            format!("incorrect date format \"{sent}\". This date in the credential must be in the format \"yyyyMMdd\".")
        }
        (Scope::Terminator(sent), _) => format!("incorrect terminal \"{sent}\". This endpoint uses \"aws4_request\"."),
        (Scope::Region { sent, .. }, _) if sent.is_empty() => "a non-empty region must be provided in the credential.".to_owned(),
        (Scope::Region { sent, expected }, _) => format!("the region '{sent}' is wrong; expecting '{expected}'"),
        (Scope::Service { sent, expected }, _) => format!("incorrect service \"{sent}\". This endpoint belongs to \"{expected}\"."),
        (Scope::Date { .. }, Via::Header) => "Invalid credential date. Date is not the same as X-Amz-Date.".to_owned(),
        (Scope::Date { sent, expected }, Via::Query | Via::Form) => {
            return format!("Invalid credential date \"{sent}\". This date is not the same as X-Amz-Date: \"{expected}\".");
        }
    };
    match via {
        Via::Header => s3_malformed(via, &detail),
        Via::Query | Via::Form => format!("Error parsing the X-Amz-Credential parameter; {detail}"),
    }
}

fn scope_elsewhere(fault: &Scope, service: Service) -> String {
    let service = service.signing_name();
    match fault {
        Scope::Parts | Scope::EmptyKey => {
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.".to_owned()
        }
        Scope::DateFormat(sent) => {
            format!("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{sent}'.")
        }
        Scope::Terminator(sent) => format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{sent}'."),
        Scope::Region { sent, .. } => format!("Credential should be scoped to a valid region, not '{sent}'."),
        Scope::Service { .. } => format!("Credential should be scoped to correct service: '{service}'."),
        Scope::Date { sent, expected } => {
            format!("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{sent}' != '{expected}'.")
        }
    }
}

fn skew_elsewhere(date: OffsetDateTime, now: OffsetDateTime) -> String {
    let (sent, clock) = (stamp(date), stamp(now));
    if date > now {
        let limit = stamp(now.checked_add(SKEW).unwrap_or(now));
        format!("Signature not yet current: {sent} is still later than {limit} ({clock} + 15 min.)")
    } else {
        let limit = stamp(now.checked_sub(SKEW).unwrap_or(now));
        format!("Signature expired: {sent} is now earlier than {limit} ({clock} - 15 min.)")
    }
}
