//! What each service answers to a document that is no policy of its kind.

use super::{AwsError, Quota};
use crate::error::{DocumentError, PathStep, Problem};
use crate::layer::PolicyKind;

/// Who reads a document: their messages differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    S3,
    /// IAM, of policies of users, groups and roles; STS of session policies.
    Iam,
    /// IAM, of trust policies.
    Trust,
    Kms,
    Other,
}

impl Reader {
    fn of(kind: PolicyKind) -> Self {
        match kind {
            PolicyKind::Bucket => Self::S3,
            PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => Self::Iam,
            PolicyKind::TrustPolicy => Self::Trust,
            PolicyKind::KeyPolicy => Self::Kms,
            PolicyKind::Resource | PolicyKind::Scp | PolicyKind::Rcp | PolicyKind::VpcEndpoint => {
                Self::Other
            }
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::S3 => "MalformedPolicy",
            Self::Iam | Self::Trust => "MalformedPolicyDocument",
            Self::Kms | Self::Other => "MalformedPolicyDocumentException",
        }
    }
}

/// Who says it, of which problem ([`Problem::code`]), in which element (any if empty), in which
/// words (`{}` is the text in the document, and of a principal its type as well).
struct Row(&'static [Reader], &'static str, &'static str, &'static str);

const S3: &[Reader] = &[Reader::S3];
const IAM: &[Reader] = &[Reader::Iam];
const TRUST: &[Reader] = &[Reader::Trust];
/// S3 and trust policies are read by the same parser; that KMS's are is assumed.
const RESOURCE: &[Reader] = &[Reader::S3, Reader::Trust, Reader::Kms];
const ANY: &[Reader] = &[Reader::S3, Reader::Iam, Reader::Trust, Reader::Kms];

/// The first that fits counts. `invalid Json`, the first byte and the missing `Statement` are
/// recorded (by `LocalStack`, tests `test_bucket_policy_exc` and
/// `test_create_role_with_malformed_assume_role_policy_document`); those of IAM's policies are what
/// moto's authors saw (`moto/iam/policy_validation.py`), those of S3 and of trust policies what
/// versitygw's did (`auth/bucket_policy.go`, `iamapi/policy/trust.go`) and Zenko's
/// (`arsenal/lib/policyEvaluator`). The last rows are assumed.
const ROWS: &[Row] = &[
    Row(RESOURCE, "json", "", "This policy contains invalid Json"),
    Row(RESOURCE, "duplicate-key", "", "This policy contains invalid Json"),
    Row(IAM, "json", "", "Syntax errors in policy."),
    Row(IAM, "duplicate-key", "", "Syntax errors in policy."),
    Row(RESOURCE, "missing-element", "", "Missing required field {}"),
    Row(IAM, "missing-element", "Action", "Policy statement must contain actions."),
    Row(IAM, "missing-element", "Resource", "Policy statement must contain resources."),
    Row(RESOURCE, "empty-element", "Statement", "Could not parse the policy: Statement is empty!"),
    Row(
        RESOURCE,
        "empty-element",
        "Principal",
        "Missing required field Principal cannot be empty!",
    ),
    Row(IAM, "empty-element", "Action", "Policy statement must contain actions."),
    Row(IAM, "empty-element", "Resource", "Policy statement must contain resources."),
    Row(RESOURCE, "version", "", "The policy must contain a valid version string"),
    Row(IAM, "version", "", "Policy document must be version 2012-10-17 or greater."),
    Row(RESOURCE, "effect", "", "Invalid effect: {}"),
    Row(S3, "unknown-element", "", "Unknown field {}"),
    Row(S3, "unknown-operator", "", "Invalid Condition type : {}"),
    Row(S3, "value", "IpAddress", "Invalid IP address in Conditions"),
    Row(S3, "value", "NotIpAddress", "Invalid IP address in Conditions"),
    Row(S3, "action", "", "Policy has invalid action"),
    Row(S3, "resource", "", "Policy has invalid resource"),
    Row(S3, "principal", "", "Invalid principal in policy"),
    Row(S3, "unknown-principal-type", "", "Invalid principal in policy"),
    Row(S3, "forbidden-element", "NotPrincipal", "Allow with NotPrincipal is not allowed."),
    Row(TRUST, "forbidden-element", "Resource", "Has prohibited field Resource"),
    Row(TRUST, "forbidden-element", "NotResource", "Has prohibited field NotResource"),
    Row(
        TRUST,
        "forbidden-element",
        "NotPrincipal",
        "AssumeRole policy must not contain NotPrincipal field.",
    ),
    Row(TRUST, "action", "", "AssumeRole policy may only specify STS AssumeRole actions."),
    Row(TRUST, "principal", "", "Invalid principal in policy: {}"),
    Row(TRUST, "unknown-principal-type", "", "Invalid principal in policy: {}"),
    Row(
        &[Reader::Kms],
        "principal",
        "",
        "Policy contains a statement with one or more invalid principals.",
    ),
    Row(
        &[Reader::Kms],
        "unknown-principal-type",
        "",
        "Policy contains a statement with one or more invalid principals.",
    ),
    Row(IAM, "forbidden-element", "Principal", "Policy document should not specify a principal."),
    Row(
        IAM,
        "forbidden-element",
        "NotPrincipal",
        "Policy document should not specify a principal.",
    ),
    Row(IAM, "duplicate-sid", "", "Statement IDs (SID) in a single policy must be unique."),
    Row(
        IAM,
        "sid",
        "",
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    ),
    Row(TRUST, "unknown-operator", "", "Syntax error in policy."),
    Row(S3, "", "", "Invalid policy syntax."),
    Row(ANY, "", "", "Syntax errors in policy."),
];

/// What AWS answers to a text that is no policy of a kind.
#[must_use]
pub fn document_error(kind: PolicyKind, text: &str, error: &DocumentError) -> AwsError {
    let reader = Reader::of(kind);
    let problem = error.problem();
    let says = |message: String| AwsError { code: reader.code(), message };
    if reader == Reader::S3 && !text.starts_with('{') {
        let message = "Policies must be valid JSON and the first byte must be '{'";
        return says(message.to_owned());
    }
    if let (Problem::TooLarge { .. }, Some(quota)) = (problem, Quota::of(kind)) {
        return quota.error("");
    }
    if let (Reader::Iam, Some(message)) = (reader, iam_words(problem)) {
        return says(message);
    }
    if reader == Reader::Other {
        let message = "The provided policy document does not meet the requirements of the \
                       specified policy type.";
        return says(message.to_owned());
    }
    let element = element_of(error);
    let row = ROWS.iter().find(|Row(readers, code, of, _)| {
        readers.contains(&reader)
            && (code.is_empty() || *code == problem.code())
            && (of.is_empty() || *of == element)
    });
    let message = row.map_or("Syntax errors in policy.", |Row(.., message)| message);
    says(message.replace("{}", &word_of(error)))
}

/// What IAM says of an action or a resource: that depends on what is wrong with it
/// (`moto/iam/policy_validation.py`).
fn iam_words(problem: &Problem) -> Option<String> {
    match problem {
        Problem::Action { action, .. } => Some(match action.matches(':').count() {
            0 => "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                .to_owned(),
            1 => {
                let vendor = action.split_once(':').map_or(action.as_str(), |(vendor, _)| vendor);
                let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
                if vendor.bytes().all(valid) {
                    return None;
                }
                format!("Vendor {vendor} is not valid")
            }
            _ => "Actions/Condition can contain only one colon.".to_owned(),
        }),
        Problem::Resource { resource, .. } if !resource.contains(':') => {
            Some(format!("Resource {resource} must be in ARN format or \"*\"."))
        }
        Problem::Resource { resource, .. } => {
            let service = resource.split(':').nth(2)?;
            service.contains(['*', '?']).then(|| {
                "Resource vendor must be fully qualified and cannot contain regexes.".to_owned()
            })
        }
        Problem::Json { .. }
        | Problem::DuplicateKey { .. }
        | Problem::WrongType { .. }
        | Problem::UnknownElement { .. }
        | Problem::Missing { .. }
        | Problem::Forbidden { .. }
        | Problem::Both { .. }
        | Problem::Empty { .. }
        | Problem::Version { .. }
        | Problem::Effect { .. }
        | Problem::Sid { .. }
        | Problem::DuplicateSid { .. }
        | Problem::Principal { .. }
        | Problem::UnknownPrincipalType { .. }
        | Problem::UnknownOperator { .. }
        | Problem::Value { .. }
        | Problem::SetOperator { .. }
        | Problem::Variable { .. }
        | Problem::TooLarge { .. } => None,
    }
}

/// The element that the rows name.
fn element_of(error: &DocumentError) -> String {
    match error.problem() {
        Problem::Missing { element, .. } | Problem::Forbidden { element, .. } => {
            (*element).to_owned()
        }
        Problem::Empty { element } => match element.as_str() {
            "NotAction" => "Action".to_owned(),
            "NotResource" => "Resource".to_owned(),
            "AWS" | "Service" | "Federated" | "CanonicalUser" | "NotPrincipal" => {
                "Principal".to_owned()
            }
            other => other.to_owned(),
        },
        Problem::Value { operator, .. } => {
            let base = operator.rsplit(':').next().unwrap_or_default();
            base.strip_suffix("IfExists").unwrap_or(base).to_owned()
        }
        Problem::Json { .. }
        | Problem::DuplicateKey { .. }
        | Problem::WrongType { .. }
        | Problem::UnknownElement { .. }
        | Problem::Both { .. }
        | Problem::Version { .. }
        | Problem::Effect { .. }
        | Problem::Sid { .. }
        | Problem::DuplicateSid { .. }
        | Problem::Action { .. }
        | Problem::Resource { .. }
        | Problem::Principal { .. }
        | Problem::UnknownPrincipalType { .. }
        | Problem::UnknownOperator { .. }
        | Problem::SetOperator { .. }
        | Problem::Variable { .. }
        | Problem::TooLarge { .. } => String::new(),
    }
}

/// The text in the document that a message names.
fn word_of(error: &DocumentError) -> String {
    match error.problem() {
        Problem::Missing { element, .. } | Problem::Forbidden { element, .. } => {
            (*element).to_owned()
        }
        Problem::UnknownElement { name, .. } | Problem::UnknownOperator { name, .. } => {
            name.clone()
        }
        Problem::Effect { found } | Problem::Version { found } => found.clone(),
        Problem::UnknownPrincipalType { name, .. } => format!("\"{name}\""),
        Problem::Principal { principal, .. } => {
            let of = error.path().iter().rev().find_map(|step| match step {
                PathStep::Key(key) => Some(key.as_str()),
                PathStep::Index(_) => None,
            });
            format!("\"{}\":\"{principal}\"", of.unwrap_or("AWS"))
        }
        Problem::Json { .. }
        | Problem::DuplicateKey { .. }
        | Problem::WrongType { .. }
        | Problem::Both { .. }
        | Problem::Empty { .. }
        | Problem::Sid { .. }
        | Problem::DuplicateSid { .. }
        | Problem::Action { .. }
        | Problem::Resource { .. }
        | Problem::Value { .. }
        | Problem::SetOperator { .. }
        | Problem::Variable { .. }
        | Problem::TooLarge { .. } => String::new(),
    }
}
