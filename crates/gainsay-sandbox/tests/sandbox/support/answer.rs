//! What came back: read from status, headers and body, and worded in one line as the tables expect
//! it.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use gainsay_model::{Service, xml::Element};
use gainsay_sandbox::Rulings;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::{
    Param,
    operations::{CONFIGURATIONS, Params, service},
};

/// A field of a successful answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Aliases,
    Arn,
    Body,
    BucketKey,
    Ciphertext,
    Encryption,
    Etag,
    GrantId,
    GrantToken,
    Grants,
    JobId,
    KeyState,
    Keys,
    KmsKey,
    LocationId,
    Policy,
    Tags,
    UploadId,
    Version,
    Versions,
}

/// The fields of a successful answer.
pub type Output = BTreeMap<Field, Vec<String>>;

/// What came back.
#[derive(Clone, Debug)]
pub enum Answer {
    Success {
        output: Output,
    },
    Refused(Refused),
    /// The answer is none of the service.
    Malformed(String),
}

/// An error of a service.
#[derive(Clone, Debug, Default)]
pub struct Refused {
    pub status: u16,
    pub code: Option<String>,
    pub message: Option<String>,
    /// What the sandbox decided and why.
    pub rulings: Option<Rulings>,
    /// Whether it is the result of one key in an answer of 200.
    pub of_one_key: bool,
}

impl Answer {
    /// What a client says of an error, if the body says the same: the clients read what they can of
    /// half a body.
    pub fn from_error<E: ProvideErrorMetadata + std::error::Error + 'static>(
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        let SdkError::ServiceError(service) = error else {
            return Self::Malformed(format!("{error:?}"));
        };
        let (raw, meta) = (service.raw(), service.err().meta());
        let body = String::from_utf8_lossy(raw.body().bytes().unwrap_or_default());
        let code = error_in_xml(&body, "Error")
            .or_else(|| error_in_xml(&body, "ErrorResponse"))
            .or_else(|| error_in_json(&body))
            .map(|(code, _)| code);
        if code.as_deref() != meta.code() {
            return Self::Malformed(format!("{error:?}"));
        }
        Self::Refused(Refused {
            status: raw.status().as_u16(),
            code,
            message: meta.message().map(str::to_owned),
            rulings: raw.extension().cloned(),
            of_one_key: false,
        })
    }
}

/// Code and message of an error in XML with this root, with nothing missing or written twice.
fn error_in_xml(body: &str, root: &str) -> Option<(String, Option<String>)> {
    let document = Element::read(body.as_bytes()).filter(|document| document.name == root)?;
    let error = if root == "Error" { &document } else { document.only("Error")? };
    let message = match error.child("Message") {
        None => None,
        Some(_) => Some(error.only("Message")?.text.clone()),
    };
    Some((error.only("Code")?.text.clone(), message))
}

fn error_in_json(body: &str) -> Option<(String, Option<String>)> {
    let body: Value = serde_json::from_str(body).ok()?;
    let text = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
    let code = text("__type")?;
    let code = code.rsplit('#').next()?.to_owned();
    Some((code, text("message").or_else(|| text("Message"))))
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub body: String,
    pub headers: BTreeMap<String, String>,
    pub rulings: Option<Rulings>,
}

impl Response {
    pub async fn read(response: HttpResponse) -> Self {
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (status, rulings) = (response.status().as_u16(), response.extension().cloned());
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        Self { status, body: String::from_utf8_lossy(&body).into_owned(), headers, rulings }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error that the body holds, whole: nothing where it holds none.
    pub fn error(&self, service: Service) -> Option<Refused> {
        let (code, message) = if service == Service::Kms {
            error_in_json(&self.body)?
        } else {
            let root = if service == Service::S3 { "Error" } else { "ErrorResponse" };
            error_in_xml(&self.body, root)?
        };
        Some(Refused {
            status: self.status,
            code: Some(code),
            message,
            rulings: self.rulings.clone(),
            of_one_key: false,
        })
    }
}

/// Reads the answer to an operation.
pub fn read(operation: &str, params: Params<'_>, response: Response) -> Answer {
    if !response.is_success() {
        if operation == "s3:HeadObject" && response.body.is_empty() {
            // An answer to HEAD has no body; the clients call a missing object so.
            let code = (response.status == 404).then(|| "NotFound".to_owned());
            let Response { status, rulings, .. } = response;
            return Answer::Refused(Refused { status, code, rulings, ..Refused::default() });
        }
        return match response.error(service(operation)) {
            Some(refused) => Answer::Refused(refused),
            None => Answer::Malformed(format!("{response:?}")),
        };
    }
    match operation {
        "s3:DeleteObjects" => one_key(params, &response),
        _ => match output(operation, &response) {
            Some(output) => Answer::Success { output },
            None => Answer::Malformed(format!("{response:?}")),
        },
    }
}

const HEADERS: &[(&str, Field)] = &[
    ("x-amz-server-side-encryption", Field::Encryption),
    ("x-amz-server-side-encryption-aws-kms-key-id", Field::KmsKey),
    ("x-amz-version-id", Field::Version),
    ("etag", Field::Etag),
];

/// What is read of a body in XML: the root, the way to the elements, and what they are.
const ELEMENTS: &[(&str, &str, Field)] = &[
    ("AssumeRoleResponse", "AssumeRoleResult/AssumedRoleUser/Arn", Field::Arn),
    ("CompleteMultipartUploadResult", "ETag", Field::Etag),
    ("CopyObjectResult", "ETag", Field::Etag),
    ("CopyPartResult", "ETag", Field::Etag),
    ("CreateAccessGrantsLocationResult", "AccessGrantsLocationId", Field::LocationId),
    ("CreateAccessGrantResult", "AccessGrantId", Field::GrantId),
    ("CreateAccessGrantsInstanceResult", "AccessGrantsInstanceArn", Field::Arn),
    ("CreateAccessPointResult", "AccessPointArn", Field::Arn),
    ("CreateJobResult", "JobId", Field::JobId),
    ("GetAccessPointPolicyResult", "Policy", Field::Policy),
    ("GetCallerIdentityResponse", "GetCallerIdentityResult/Arn", Field::Arn),
    ("GetObjectAttributesOutput", "ETag", Field::Etag),
    ("GetObjectAttributesResponse", "ETag", Field::Etag),
    ("InitiateMultipartUploadResult", "UploadId", Field::UploadId),
    ("ListBucketResult", "Contents/Key", Field::Keys),
    ("ListMultipartUploadsResult", "Upload/Key", Field::Keys),
    ("ListObjectAnnotationsOutput", "Annotations/AnnotationEntry/AnnotationName", Field::Keys),
    ("ListVersionsResult", "Version/VersionId", Field::Versions),
];

/// Roots of answers of S3 of which nothing is read.
const OTHER_ROOTS: &[&str] =
    &["AccessControlPolicy", "LocationConstraint", "PutObjectAnnotationOutput", "Tagging"];

fn is_root_of_answer(operation: &str, root: &str) -> bool {
    let (_, name) = operation.split_once(':').unwrap_or_default();
    match service(operation) {
        Service::S3Control if name == "GetPublicAccessBlock" => {
            root == "PublicAccessBlockConfiguration"
        }
        Service::S3Control => root == format!("{name}Result"),
        Service::Sts => root == format!("{name}Response"),
        // Of the others only S3 answers in XML here.
        _ => {
            ELEMENTS.iter().any(|(known, _, _)| *known == root)
                || CONFIGURATIONS.iter().any(|(_, _, known)| *known == root)
                || OTHER_ROOTS.contains(&root)
        }
    }
}

/// What is read of a body in JSON: the way to the member, and what it is.
const MEMBERS: &[(&str, Field)] = &[
    ("Aliases/AliasName", Field::Aliases),
    ("CiphertextBlob", Field::Ciphertext),
    ("GrantId", Field::GrantId),
    ("GrantToken", Field::GrantToken),
    ("Grants/GrantId", Field::Grants),
    ("KeyId", Field::Arn),
    ("KeyMetadata/Arn", Field::Arn),
    ("KeyMetadata/KeyState", Field::KeyState),
    ("KeyState", Field::KeyState),
    ("Policy", Field::Policy),
];

/// What a success says; nothing where its body cannot be read.
fn output(operation: &str, response: &Response) -> Option<Output> {
    let header = |name: &str| response.headers.get(name).cloned();
    let headers = HEADERS.iter();
    let mut output: Output =
        headers.filter_map(|(name, field)| Some((*field, vec![header(name)?]))).collect();
    let bucket_key = header("x-amz-server-side-encryption-bucket-key-enabled");
    output.insert(Field::BucketKey, vec![bucket_key.unwrap_or_else(|| "false".to_owned())]);
    let is_content = ["s3:GetObject", "s3:GetObjectAnnotation", "s3:PostObject"];
    if is_content.contains(&operation) {
        output.insert(Field::Body, vec![response.body.clone()]);
        return Some(output);
    }
    // The one document that is no XML where all others are.
    if response.body.is_empty() || operation == "s3:GetBucketPolicy" {
        return Some(output);
    }
    if service(operation) == Service::Kms {
        let body: Value = serde_json::from_str(&response.body).ok().filter(Value::is_object)?;
        for (path, field) in MEMBERS {
            let mut found = Vec::new();
            members(&body, path, &mut found);
            // A list may be empty.
            if !found.is_empty() || path.split_once('/').is_some_and(|(of, _)| body[of].is_array())
            {
                output.insert(*field, found);
            }
        }
        if let Some(tags) = body["Tags"].as_array() {
            let tags = tags.iter().map(|tag| (tag["TagKey"].as_str(), tag["TagValue"].as_str()));
            output.insert(Field::Tags, vec![pairs(tags)]);
        }
        return Some(output);
    }
    let root = Element::read(response.body.as_bytes())
        .filter(|root| is_root_of_answer(operation, &root.name))?;
    for (_, path, field) in ELEMENTS.iter().filter(|(name, _, _)| *name == root.name) {
        let mut found = vec![&root];
        for step in path.split('/') {
            let children = found.iter().flat_map(|element| &element.children);
            found = children.filter(|child| child.name == step).collect();
        }
        output.insert(*field, found.iter().map(|element| element.text.clone()).collect());
    }
    if let Some(tags) = root.child("TagSet").or_else(|| root.child("Tags")) {
        let tags = tags.children.iter().map(|tag| (tag.get("Key"), tag.get("Value")));
        output.insert(Field::Tags, vec![pairs(tags)]);
    }
    Some(output)
}

fn pairs<'a>(tags: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> String {
    let pair = |(key, value): (Option<&str>, Option<&str>)| {
        format!("{}={}", key.unwrap_or_default(), value.unwrap_or_default())
    };
    tags.map(pair).collect::<Vec<_>>().join("&")
}

fn members(value: &Value, path: &str, found: &mut Vec<String>) {
    match (value, path.split_once('/').unwrap_or((path, ""))) {
        (Value::String(text), ("", "")) => found.push(text.clone()),
        (Value::Array(values), _) => values.iter().for_each(|value| members(value, path, found)),
        (Value::Object(object), (name, rest)) => {
            if let Some(value) = object.get(name) {
                members(value, rest, found);
            }
        }
        _ => {}
    }
}

/// The one key's own result in an answer of 200.
fn one_key(params: Params<'_>, response: &Response) -> Answer {
    let malformed = || Answer::Malformed(format!("{response:?}"));
    let Some(root) = Element::read(response.body.as_bytes()) else { return malformed() };
    let (key, version) = (params.get(Param::Key), params.get(Param::Version));
    match root.children.as_slice() {
        [result] if result.get("Key") != key => malformed(),
        [deleted] if deleted.name == "Deleted" && deleted.get("VersionId") == version => {
            Answer::Success { output: Output::new() }
        }
        [error] if error.name == "Error" => Answer::Refused(Refused {
            status: response.status,
            code: error.get("Code").map(str::to_owned),
            message: error.get("Message").map(str::to_owned),
            rulings: response.rulings.clone(),
            of_one_key: true,
        }),
        _ => malformed(),
    }
}

/// An answer in one line: `allowed`, or status, code and what they mean, with the mechanisms and
/// the action that the message of a denial names.
pub fn outcome(operation: &str, answer: &Answer) -> String {
    match answer {
        Answer::Success { .. } => "allowed".to_owned(),
        Answer::Malformed(what) => format!("unclear {what}"),
        Answer::Refused(refused) => {
            let code = refused.code.as_deref().unwrap_or("-");
            format!("{} {code} {}", refused.status, meaning(service(operation), refused))
        }
    }
}

/// The message of a refusal.
pub fn message(answer: &Answer) -> String {
    match answer {
        Answer::Refused(refused) => refused.message.clone().unwrap_or_default(),
        other => panic!("no refusal: {other:?}"),
    }
}

/// One field of a success.
pub fn field(answer: &Answer, field: Field) -> String {
    match answer {
        Answer::Success { output } => {
            output.get(&field).and_then(|values| values.first().cloned()).unwrap_or_default()
        }
        other => panic!("no success: {other:?}"),
    }
}

/// What the codes mean that are not simply a request that was rejected, each under its own status
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>).
const CODES: &[(&str, &str, u16)] = &[
    ("allowed", "DryRunOperationException", 400),
    ("absent", "NoSuchKey", 404),
    ("absent", "NoSuchBucket", 404),
    ("absent", "NoSuchVersion", 404),
    ("absent", "NoSuchUpload", 404),
    ("absent", "NotFound", 404),
    ("absent", "NoSuchBucketPolicy", 404),
    ("absent", "NoSuchTagSet", 404),
    ("absent", "NoSuchAnnotation", 404),
    ("absent", "NoSuchPublicAccessBlockConfiguration", 404),
    ("absent", "OwnershipControlsNotFoundError", 404),
    ("absent", "NoSuchLifecycleConfiguration", 404),
    ("absent", "ReplicationConfigurationNotFoundError", 404),
    ("absent", "NoSuchConfiguration", 404),
    ("absent", "NoSuchAccessPoint", 404),
    ("absent", "NoSuchAccessPointPolicy", 404),
    ("absent", "NoSuchResource", 404),
    ("absent", "AccessGrantsInstanceNotExistsError", 404),
    ("absent", "NoSuchAccessGrantsLocationError", 404),
    ("absent", "KMS.NotFoundException", 400),
    ("bad-credentials", "InvalidAccessKeyId", 403),
    ("bad-credentials", "SignatureDoesNotMatch", 403),
    ("bad-credentials", "RequestTimeTooSkewed", 403),
    ("bad-credentials", "InvalidToken", 400),
    ("bad-credentials", "InvalidClientTokenId", 403),
    ("bad-credentials", "AuthorizationHeaderMalformed", 400),
    ("not-implemented", "NotImplemented", 501),
];

/// The same for codes that have another status with another service.
fn code_of_service(service: Service, code: &str) -> Option<(&'static str, u16)> {
    Some(match (service, code) {
        (Service::Kms, "NotFoundException") => ("absent", 400),
        (Service::S3Control, "NotFoundException") => ("absent", 404),
        (Service::Sts, "ExpiredToken") => ("bad-credentials", 403),
        (
            _,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "IncompleteSignatureException",
        ) => ("bad-credentials", 400),
        (_, "MissingAuthenticationToken" | "MissingAuthenticationTokenException") => {
            ("bad-credentials", if service == Service::Sts { 403 } else { 400 })
        }
        _ => {
            let (meaning, _, status) = CODES.iter().find(|(_, known, _)| *known == code)?;
            (*meaning, *status)
        }
    })
}

fn meaning(service: Service, refused: &Refused) -> String {
    let message = refused.message.as_deref().unwrap_or_default();
    let (status, code) = (refused.status, refused.code.as_deref());
    if refused.of_one_key {
        return match (status, code) {
            (200, Some("AccessDenied")) => denial(message),
            _ => "unclear".to_owned(),
        };
    }
    match (service, status, code) {
        // Only S3 answers without a body, and only to HEAD: the status is all there is.
        (Service::S3, 403, None) => denial("Access Denied"),
        (Service::Kms, 400, Some("AccessDeniedException"))
        | (Service::S3 | Service::S3Control | Service::Sts, 403, Some("AccessDenied")) => {
            denial(message)
        }
        (_, _, None | Some("AccessDenied" | "AccessDeniedException")) => "unclear".to_owned(),
        (_, _, Some(code)) => match code_of_service(service, code) {
            Some((meaning, known)) if known == status => meaning.to_owned(),
            None if (400..500).contains(&status) => "rejected".to_owned(),
            _ => "unclear".to_owned(),
        },
    }
}

/// Which mechanisms refused and what, as far as the message says it: all of its words, and no more.
fn denial(message: &str) -> String {
    const NO_GRANT: &str = " permissions to the requested S3 Prefix:";
    const REJECTED: &[&str] = &[
        "Request has expired",
        "There were headers present in the request which were not signed",
        "Anonymous users cannot initiate multipart uploads",
        "Invalid according to Policy:",
        "key in the request must be owned by the same account as the bucket",
    ];
    if let Some(denial) = message.strip_prefix("User: ").and_then(denial_of_user) {
        return denial;
    }
    let grant = message.strip_prefix("You do not have ").and_then(|text| text.split_once(NO_GRANT));
    if grant.is_some_and(|(word, _)| word.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return "denied by grant: nothing named".to_owned();
    }
    let lower = message.to_lowercase();
    if REJECTED.iter().any(|text| lower.contains(&text.to_lowercase())) {
        return "rejected".to_owned();
    }
    let layers = match message.strip_prefix("Access Denied") {
        Some("" | ".") => Some("-"),
        Some(reason) => layers(reason.trim_start().trim_end_matches('.'), ""),
        None => None,
    };
    layers
        .map_or_else(|| "unclear".to_owned(), |layers| format!("denied by {layers}: nothing named"))
}

/// `ARN is not authorized to perform: ACTION on resource: ARN REASON`; S3 quotes the resource.
fn denial_of_user(text: &str) -> Option<String> {
    let (who, rest) = text.split_once(" is not authorized to perform: ")?;
    let (action, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (resource, reason) = match rest.strip_prefix("on resource: ") {
        None => ("", rest.strip_prefix("on this resource").unwrap_or(rest)),
        Some(named) => named
            .strip_prefix('"')
            .and_then(|quoted| quoted.rsplit_once('"'))
            .or_else(|| named.split_once(' '))
            .unwrap_or((named, "")),
    };
    if [who, action].iter().any(|word| word.is_empty() || word.contains(' ')) {
        return None;
    }
    let layers = match layers(reason.trim_start(), action)? {
        // No Block Public Access stands before a key.
        "resource|block-public-access" if resource.starts_with("arn:aws:kms:") => "key-policy",
        layers => layers,
    };
    Some(format!("denied by {layers}: {}", action.trim_end_matches('.')))
}

/// The mechanisms that a reason may mean. S3 words `RestrictPublicBuckets` as a deny of the bucket
/// policy, and `IgnorePublicAcls` as its silence.
fn layers(reason: &str, action: &str) -> Option<&'static str> {
    const REASONS: &[(&str, &str)] = &[
        ("", "-"),
        ("with an explicit deny in a VPC endpoint policy", "vpc-endpoint"),
        ("with an explicit deny in a resource-based policy", "resource|block-public-access"),
        ("with an explicit deny in an identity-based policy", "identity"),
        ("with an explicit deny in a permissions boundary", "boundary"),
        ("with an explicit deny in a session policy", "session"),
        ("with an explicit deny in the role trust policy", "trust-policy"),
        ("because no identity-based policy allows the {action} action", "identity"),
        (
            "because no resource-based policy allows the {action} action",
            "resource|block-public-access",
        ),
        ("because no permissions boundary allows the {action} action", "boundary"),
        ("because no session policy allows the {action} action", "session"),
        ("because no role trust policy allows the {action} action", "trust-policy"),
        (
            "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access",
            "block-public-access",
        ),
        (
            "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access",
            "block-public-access",
        ),
        (
            "because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type",
            "encryption-block",
        ),
        ("because object protected by object lock", "object-lock"),
        (
            "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
            "-",
        ),
    ];
    let reason = reason.trim_end_matches('.');
    let found = REASONS.iter().find(|(clause, _)| clause.replace("{action}", action) == reason);
    found.map(|(_, layers)| *layers)
}
