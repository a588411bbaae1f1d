//! The requests of the operations that the tests call: method, path, query, headers and body, as
//! the API references of S3, S3 Control, KMS and STS have them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::{
    Service,
    xml::{element, wrap},
};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::escape;
use serde_json::{Map, Value, json};

use super::{ACCOUNT, REGION, request::Request};

/// A parameter of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    AccessPoint,
    Acl,
    Alias,
    Annotation,
    Body,
    Bucket,
    BucketKey,
    BypassLockoutCheck,
    Ciphertext,
    ContextEquals,
    ContextSubset,
    CopySource,
    CustomerKey,
    Destination,
    Document,
    DryRun,
    Duration,
    Encryption,
    EncryptionContext,
    ExternalId,
    /// `ID:TOKEN`; which of them is sent depends on the operation.
    Grant,
    GrantOperations,
    Grantee,
    IgnoreCiphertext,
    Job,
    Key,
    KeyId,
    KmsKey,
    Location,
    PartNumber,
    /// `NUMBER:ETAG`, with commas between several.
    Parts,
    PendingDays,
    Permission,
    Prefix,
    RetiringPrincipal,
    Role,
    SessionPolicy,
    SessionTags,
    SourceIdentity,
    SourceKey,
    StorageClass,
    TagKeys,
    Tags,
    TransitiveTags,
    Upload,
    Version,
}

/// The parameters of one request.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a>(pub &'a [(Param, &'a str)]);

impl<'a> Params<'a> {
    pub fn get(self, param: Param) -> Option<&'a str> {
        self.0.iter().find(|(of, _)| *of == param).map(|(_, value)| *value)
    }

    pub fn text(self, param: Param) -> &'a str {
        self.get(param).unwrap_or_default()
    }

    pub fn body(self) -> &'a str {
        self.get(Param::Body).unwrap_or("a synthetic body\n")
    }

    /// The pairs of `a=1&b=2`.
    pub fn pairs(self, param: Param) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.text(param).split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The texts of `a,b`.
    fn texts(self, param: Param) -> impl Iterator<Item = &'a str> {
        self.text(param).split(',').filter(|text| !text.is_empty())
    }
}

/// What may stand in a query, or in one part of a path, as it is (RFC 3986, section 2.3).
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &PART.remove(b'/');
/// The id of rules and inventories where a test gives no document.
const SYNTHETIC: &str = "gainsay-synthetic";
/// The key of requests with SSE-C.
const CUSTOMER_KEY: [u8; 32] = [7; 32];

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

/// The service that answers an operation: the actions of S3 Control begin with `s3:`, too.
pub fn service(operation: &str) -> Service {
    match operation.split_once(':') {
        Some(("kms", _)) => Service::Kms,
        Some(("sts", _)) => Service::Sts,
        Some(("s3", name)) if !CONTROL.contains(&name) => Service::S3,
        Some(("s3" | "s3control", _)) => Service::S3Control,
        _ => panic!("no operation: {operation}"),
    }
}

/// The request of an operation with these parameters.
pub fn operation_request(operation: &str, params: &[(Param, &str)], region: &str) -> Request {
    request(operation, Params(params), None, region)
}

/// The request of an operation.
pub fn request(operation: &str, params: Params<'_>, owner: Option<&str>, region: &str) -> Request {
    match operation.split_once(':') {
        Some(("kms", name)) => kms(name, params, region),
        Some(("sts", name)) => sts(name, params, region),
        Some((_, name)) if service(operation) == Service::S3Control => {
            control(name, params, region)
        }
        Some(("s3", name)) => s3(name, params, region).header("x-amz-expected-bucket-owner", owner),
        _ => panic!("no operation: {operation}"),
    }
}

fn host_of_bucket(bucket: &str, region: &str) -> String {
    match bucket.rsplit_once(":accesspoint/") {
        None => format!("{bucket}.{}", Service::S3.host(region)),
        Some((_, name)) => format!("{name}-{ACCOUNT}.s3-accesspoint.{region}.amazonaws.com"),
    }
}

fn s3(name: &str, params: Params<'_>, region: &str) -> Request {
    let host = host_of_bucket(params.text(Param::Bucket), region);
    let bucket =
        |method, query: &str| Request::new(Service::S3, method, host.clone(), format!("/?{query}"));
    let object = |method, query: &str| {
        let key = utf8_percent_encode(params.text(Param::Key), PATH);
        Request::new(Service::S3, method, host.clone(), format!("/{key}?{query}"))
    };
    let version = params.get(Param::Version).map(|id| format!("&versionId={}", encoded(id)));
    let versioned = |method, query: &str| {
        object(
            method,
            format!("{query}{}", version.as_deref().unwrap_or_default()).trim_start_matches('&'),
        )
    };
    let annotation =
        || format!("annotation&annotationName={}", encoded(params.text(Param::Annotation)));
    let upload = format!("uploadId={}", encoded(params.text(Param::Upload)));
    let part = format!("partNumber={}&{upload}", params.text(Param::PartNumber));
    let prefix = params.get(Param::Prefix);
    let prefix = prefix.map(|prefix| format!("&prefix={}", encoded(prefix))).unwrap_or_default();
    let acl = params.get(Param::Acl);
    let write = |request: Request| request.body("application/octet-stream", params.body());
    match name {
        "PutObject" => write(stored(object("PUT", "x-id=PutObject"), params)),
        "CreateMultipartUpload" => stored(object("POST", "uploads"), params),
        "CopyObject" => stored(object("PUT", "x-id=CopyObject"), params)
            .header("x-amz-copy-source", params.get(Param::CopySource)),
        "UploadPart" => write(object("PUT", &format!("x-id=UploadPart&{part}"))),
        "UploadPartCopy" => object("PUT", &format!("x-id=UploadPartCopy&{part}"))
            .header("x-amz-copy-source", params.get(Param::CopySource)),
        "CompleteMultipartUpload" => {
            xml(object("POST", &upload), "CompleteMultipartUpload", &completed(params))
        }
        "GetObject" => versioned("GET", "x-id=GetObject"),
        "HeadObject" => versioned("HEAD", ""),
        "DeleteObject" => versioned("DELETE", "x-id=DeleteObject"),
        "GetObjectTagging" => versioned("GET", "tagging"),
        "PutObjectAcl" => versioned("PUT", "acl").header("x-amz-acl", acl),
        "GetObjectAttributes" => versioned("GET", "attributes")
            .header("x-amz-object-attributes", Some("ETag,ObjectSize,StorageClass")),
        "RestoreObject" => {
            xml(versioned("POST", "restore"), "RestoreRequest", &element("Days", "1"))
        }
        "UpdateObjectEncryption" => {
            let key = wrap("SSE-KMS", &element("KMSKeyArn", params.text(Param::KmsKey)));
            xml(versioned("PUT", "encryption"), "ObjectEncryption", &key)
        }
        "PutObjectAnnotation" => write(versioned("PUT", &annotation())),
        "GetObjectAnnotation" => versioned("GET", &annotation()),
        "DeleteObjectAnnotation" => versioned("DELETE", &annotation()),
        "ListObjectAnnotations" => versioned("GET", "annotation"),
        "DeleteObjects" => {
            let version = params.get(Param::Version).map(|id| element("VersionId", id));
            let object = element("Key", params.text(Param::Key)) + &version.unwrap_or_default();
            xml(bucket("POST", "delete"), "Delete", &wrap("Object", &object))
        }
        "ListObjectsV2" => bucket("GET", &format!("list-type=2{prefix}")),
        "ListObjectVersions" => bucket("GET", &format!("versions{prefix}")),
        "ListMultipartUploads" => bucket("GET", &format!("uploads{prefix}")),
        "PutBucketAcl" => bucket("PUT", "acl").header("x-amz-acl", acl),
        "PutBucketPolicy" => bucket("PUT", "policy").document(
            "application/json",
            &params.get(Param::Document).map_or_else(
                || denies_nothing(&format!("arn:aws:s3:::{}", params.text(Param::Bucket))),
                str::to_owned,
            ),
        ),
        other => configuration(other, params, bucket),
    }
}

/// What a request says of how an object is to be stored.
fn stored(request: Request, params: Params<'_>) -> Request {
    let headers = encryption_headers(params);
    headers
        .into_iter()
        .fold(request, |request, (name, value)| request.header(name, Some(value)))
        .header("x-amz-acl", params.get(Param::Acl))
        .header("x-amz-tagging", params.get(Param::Tags))
        .header("x-amz-storage-class", params.get(Param::StorageClass))
}

/// What a request says of how an object is to be encrypted.
pub fn encryption_headers(params: Params<'_>) -> Vec<(&'static str, String)> {
    let customer = |value: &str| {
        let is_asked_for = params.get(Param::CustomerKey) == Some("true");
        is_asked_for.then(|| value.to_owned())
    };
    let text = |param| params.get(param).map(str::to_owned);
    let digest = STANDARD.encode(Md5::digest(CUSTOMER_KEY));
    let headers = [
        ("x-amz-server-side-encryption", text(Param::Encryption)),
        ("x-amz-server-side-encryption-aws-kms-key-id", text(Param::KmsKey)),
        ("x-amz-server-side-encryption-bucket-key-enabled", text(Param::BucketKey)),
        ("x-amz-server-side-encryption-customer-algorithm", customer("AES256")),
        ("x-amz-server-side-encryption-customer-key", customer(&STANDARD.encode(CUSTOMER_KEY))),
        ("x-amz-server-side-encryption-customer-key-md5", customer(&digest)),
    ];
    headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn xml(request: Request, root: &str, inner: &str) -> Request {
    const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
    let text = format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>");
    request.document("application/xml", &text)
}

fn completed(params: Params<'_>) -> String {
    let parts = params.texts(Param::Parts).filter_map(|part| part.split_once(':'));
    let part =
        |(number, etag)| wrap("Part", &(element("ETag", etag) + &element("PartNumber", number)));
    parts.map(part).collect()
}

/// The configurations of a bucket: what their operations are called after `Get`, `Put` and
/// `Delete`, the query that names each, and the root element.
pub const CONFIGURATIONS: &[(&str, &str, &str)] = &[
    ("BucketLocation", "location", ""),
    ("BucketVersioning", "versioning", "VersioningConfiguration"),
    ("BucketPolicy", "policy", ""),
    ("BucketEncryption", "encryption", "ServerSideEncryptionConfiguration"),
    ("BucketAcl", "acl", ""),
    ("PublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration"),
    ("BucketOwnershipControls", "ownershipControls", "OwnershipControls"),
    ("BucketLifecycleConfiguration", "lifecycle", "LifecycleConfiguration"),
    ("BucketLifecycle", "lifecycle", ""),
    ("BucketReplication", "replication", "ReplicationConfiguration"),
    ("BucketLogging", "logging", "BucketLoggingStatus"),
    ("BucketTagging", "tagging", "Tagging"),
    ("BucketNotificationConfiguration", "notification", "NotificationConfiguration"),
    ("BucketInventoryConfiguration", "inventory&id=gainsay-synthetic", "InventoryConfiguration"),
];

fn configuration(
    name: &str,
    params: Params<'_>,
    bucket: impl Fn(&'static str, &str) -> Request,
) -> Request {
    let verbs = [("Get", "GET"), ("Put", "PUT"), ("Delete", "DELETE")];
    let found = verbs.iter().find_map(|(verb, method)| {
        let what = name.strip_prefix(verb)?;
        let (_, query, root) = CONFIGURATIONS.iter().find(|(of, _, _)| *of == what)?;
        Some((*method, *query, *root))
    });
    let (method, query, root) = found.unwrap_or_else(|| panic!("no operation: {name}"));
    let request = bucket(method, query);
    if method != "PUT" {
        return request;
    }
    let document = match params.get(Param::Document) {
        Some(text) => serde_json::from_str(text).expect("a document in JSON"),
        None => default_document(query, params),
    };
    xml(request, root, &inner(&document))
}

/// What is written where a test gives no document.
fn default_document(query: &str, params: Params<'_>) -> Value {
    let bucket = params.text(Param::Bucket);
    let filter = json!({ "Prefix": format!("{SYNTHETIC}/") });
    match query {
        "versioning" => json!({ "Status": "Enabled" }),
        "publicAccessBlock" => json!({
            "BlockPublicAcls": true, "IgnorePublicAcls": true,
            "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }),
        "ownershipControls" => json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] }),
        "encryption" => json!({
            "Rules": [{ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }],
        }),
        "lifecycle" => json!({ "Rules": [{
            "ID": SYNTHETIC, "Status": "Disabled", "Filter": filter, "Expiration": { "Days": 3650 },
        }] }),
        "replication" => json!({
            "Role": params.text(Param::Role),
            "Rules": [{
                "ID": SYNTHETIC, "Priority": 1, "Status": "Disabled", "Filter": filter,
                "DeleteMarkerReplication": { "Status": "Disabled" },
                "Destination": {
                    "Bucket": format!("arn:aws:s3:::{}", params.text(Param::Destination)),
                },
            }],
        }),
        "logging" => json!({
            "LoggingEnabled": { "TargetBucket": bucket, "TargetPrefix": format!("{SYNTHETIC}/") },
        }),
        "tagging" => {
            let tag = |(key, value)| json!({ "Key": key, "Value": value });
            let mut tags: Vec<Value> = params.pairs(Param::Tags).map(tag).collect();
            if params.get(Param::Tags).is_none() {
                tags.push(tag((SYNTHETIC, "true")));
            }
            json!({ "TagSet": { "Tag": tags } })
        }
        "notification" => json!({ "EventBridgeConfiguration": {} }),
        _ => json!({
            "Id": SYNTHETIC, "IsEnabled": false, "IncludedObjectVersions": "Current",
            "Schedule": { "Frequency": "Weekly" }, "Filter": filter,
            "Destination": { "S3BucketDestination": {
                "Bucket": format!("arn:aws:s3:::{bucket}"), "Format": "CSV", "Prefix": SYNTHETIC,
            } },
        }),
    }
}

/// A document as the XML of the API: a list is its element as often, and `Rules` are `Rule`.
fn inner(document: &Value) -> String {
    match document {
        Value::Object(members) => members.iter().map(member).collect(),
        Value::String(text) => escape(text).into_owned(),
        other => other.to_string(),
    }
}

fn member((name, value): (&String, &Value)) -> String {
    let name = if name == "Rules" { "Rule" } else { name };
    match value {
        Value::Array(values) => values.iter().map(|value| wrap(name, &inner(value))).collect(),
        other => wrap(name, &inner(other)),
    }
}

/// A policy that grants nothing and denies one key that nobody has.
fn denies_nothing(arn: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GainsaySynthetic", "Effect": "Deny", "Principal": "*",
            "Action": "s3:GetObject", "Resource": format!("{arn}/{SYNTHETIC}/*"),
            "Condition": { "StringEquals": { "aws:PrincipalTag/gainsay-synthetic": "never" } },
        }],
    })
    .to_string()
}

/// The operations of S3 Control that are called `s3:NAME`, as their actions are.
const CONTROL: &[&str] = &[
    "CreateJob",
    "DescribeJob",
    "CreateAccessPoint",
    "GetAccessPoint",
    "DeleteAccessPoint",
    "PutAccessPointPolicy",
    "GetAccessPointPolicy",
    "DeleteAccessPointPolicy",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "CreateAccessGrantsInstance",
    "GetAccessGrantsInstance",
    "DeleteAccessGrantsInstance",
    "CreateAccessGrantsLocation",
    "CreateAccessGrant",
    "GetDataAccess",
];

fn control(name: &str, params: Params<'_>, region: &str) -> Request {
    let part = |param| encoded(params.text(param));
    let optional =
        |name, param| params.get(param).map(|text| element(name, text)).unwrap_or_default();
    let point = format!("/accesspoint/{}", part(Param::AccessPoint));
    let tags =
        format!("/tags/{}", encoded(&format!("arn:aws:s3:::{}", params.text(Param::Bucket))));
    let permission = params.get(Param::Permission).unwrap_or("READ");
    let place = format!("s3://{}/{}", params.text(Param::Bucket), params.text(Param::Prefix));
    let (method, path, root, body) = match name {
        "CreateJob" => ("POST", "/jobs".to_owned(), "CreateJobRequest", new_job(params)),
        "DescribeJob" => ("GET", format!("/jobs/{}", part(Param::Job)), "", String::new()),
        "CreateAccessPoint" => {
            let bucket = element("Bucket", params.text(Param::Bucket));
            ("PUT", point, "CreateAccessPointRequest", bucket)
        }
        "GetAccessPoint" => ("GET", point, "", String::new()),
        "DeleteAccessPoint" => ("DELETE", point, "", String::new()),
        "PutAccessPointPolicy" => {
            let arn = format!(
                "arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/{}/object",
                params.text(Param::AccessPoint)
            );
            let policy =
                params.get(Param::Document).map_or_else(|| denies_nothing(&arn), str::to_owned);
            let policy = element("Policy", &policy);
            ("PUT", point + "/policy", "PutAccessPointPolicyRequest", policy)
        }
        "GetAccessPointPolicy" => ("GET", point + "/policy", "", String::new()),
        "DeleteAccessPointPolicy" => ("DELETE", point + "/policy", "", String::new()),
        "TagResource" => {
            let tag = |(key, value)| wrap("Tag", &(element("Key", key) + &element("Value", value)));
            let all: String = params.pairs(Param::Tags).map(tag).collect();
            ("POST", tags, "TagResourceRequest", wrap("Tags", &all))
        }
        "UntagResource" => {
            let keys = params.texts(Param::TagKeys).map(|key| format!("tagKeys={}", encoded(key)));
            let keys: Vec<String> = keys.collect();
            ("DELETE", format!("{tags}?{}", keys.join("&")), "", String::new())
        }
        "ListTagsForResource" => ("GET", tags, "", String::new()),
        "CreateAccessGrantsLocation" => {
            let body = optional("IAMRoleArn", Param::Role) + &element("LocationScope", &place);
            let path = "/accessgrantsinstance/location".to_owned();
            ("POST", path, "CreateAccessGrantsLocationRequest", body)
        }
        "CreateAccessGrant" => {
            let prefix = element("S3SubPrefix", &format!("{}*", params.text(Param::Prefix)));
            let grantee =
                element("GranteeType", "IAM") + &optional("GranteeIdentifier", Param::Grantee);
            let body = [
                wrap("AccessGrantsLocationConfiguration", &prefix),
                optional("AccessGrantsLocationId", Param::Location),
                wrap("Grantee", &grantee),
                element("Permission", permission),
            ];
            let path = "/accessgrantsinstance/grant".to_owned();
            ("POST", path, "CreateAccessGrantRequest", body.concat())
        }
        "GetDataAccess" => {
            let target = encoded(&format!("{place}*"));
            let query = format!("permission={permission}&target={target}");
            let path = format!("/accessgrantsinstance/dataaccess?{query}");
            ("GET", path, "", String::new())
        }
        "CreateAccessGrantsInstance" => {
            let path = "/accessgrantsinstance".to_owned();
            ("POST", path, "CreateAccessGrantsInstanceRequest", String::new())
        }
        "GetAccessGrantsInstance" => ("GET", "/accessgrantsinstance".to_owned(), "", String::new()),
        "DeleteAccessGrantsInstance" => {
            ("DELETE", "/accessgrantsinstance".to_owned(), "", String::new())
        }
        "PutPublicAccessBlock" => {
            let four = inner(&default_document("publicAccessBlock", params));
            let path = "/configuration/publicAccessBlock".to_owned();
            ("PUT", path, "PublicAccessBlockConfiguration", four)
        }
        "GetPublicAccessBlock" => {
            ("GET", "/configuration/publicAccessBlock".to_owned(), "", String::new())
        }
        "DeletePublicAccessBlock" => {
            ("DELETE", "/configuration/publicAccessBlock".to_owned(), "", String::new())
        }
        other => panic!("no operation: {other}"),
    };
    let text = match root {
        "" => String::new(),
        root => format!(
            "<{root} xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">{body}</{root}>"
        ),
    };
    let host = format!("{ACCOUNT}.{}", Service::S3Control.host(region));
    Request::new(Service::S3Control, method, host, format!("/v20180820{path}"))
        .document("application/xml", &text)
        .header("x-amz-account-id", Some(ACCOUNT))
}

/// A job that would copy a bucket's objects with the role, and that waits to be confirmed.
fn new_job(params: Params<'_>) -> String {
    let bucket = format!("arn:aws:s3:::{}", params.text(Param::Bucket));
    let columns = element("member", "Bucket") + &element("member", "Key");
    let spec = element("Format", "S3BatchOperations_CSV_20180820") + &wrap("Fields", &columns);
    let location = element("ObjectArn", &format!("{bucket}/gainsay-manifest.csv"))
        + &element("ETag", &"0".repeat(32));
    [
        element("ClientRequestToken", &uuid::Uuid::new_v4().to_string()),
        element("ConfirmationRequired", "true"),
        wrap("Manifest", &(wrap("Spec", &spec) + &wrap("Location", &location))),
        wrap("Operation", &wrap("S3PutObjectCopy", &element("TargetResource", &bucket))),
        element("Priority", "1"),
        wrap("Report", &element("Enabled", "false")),
        element("RoleArn", params.text(Param::Role)),
    ]
    .concat()
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html>.
fn kms(name: &str, params: Params<'_>, region: &str) -> Request {
    let mut input = Map::new();
    let mut add = |name: &str, value: Value| _ = input.insert(name.to_owned(), value);
    for (param, text) in params.0 {
        let pairs = || {
            let pairs = params.pairs(*param).map(|(key, value)| (key.to_owned(), json!(value)));
            Value::Object(pairs.collect())
        };
        let texts = || Value::from(params.texts(*param).collect::<Vec<_>>());
        match (param, name) {
            (Param::KeyId, "ReEncrypt") => add("DestinationKeyId", json!(text)),
            (Param::KeyId, "CreateAlias" | "UpdateAlias") => add("TargetKeyId", json!(text)),
            (Param::KeyId, name) if name != "DeleteAlias" => add("KeyId", json!(text)),
            (Param::SourceKey, _) => add("SourceKeyId", json!(text)),
            (Param::Ciphertext, _) => add("CiphertextBlob", json!(text)),
            (Param::EncryptionContext, "ReEncrypt") => {
                add("SourceEncryptionContext", pairs());
                add("DestinationEncryptionContext", pairs());
            }
            (Param::EncryptionContext, _) => add("EncryptionContext", pairs()),
            (Param::DryRun, _) => add("DryRun", json!(*text == "true")),
            (Param::IgnoreCiphertext, _) if *text == "true" => {
                add("DryRunModifiers", json!(["IGNORE_CIPHERTEXT"]));
            }
            (Param::Grant, _) => {
                let (id, token) = text.split_once(':').expect("id and token");
                match name {
                    "RevokeGrant" | "RetireGrant" => add("GrantId", json!(id)),
                    _ => add("GrantTokens", json!([token])),
                }
            }
            (Param::GrantOperations, _) => add("Operations", texts()),
            (Param::Grantee, _) => add("GranteePrincipal", json!(text)),
            (Param::RetiringPrincipal, _) => add("RetiringPrincipal", json!(text)),
            (Param::PendingDays, _) => {
                add("PendingWindowInDays", json!(text.parse::<i32>().expect("days")));
            }
            (Param::Document, _) => add("Policy", json!(text)),
            (Param::BypassLockoutCheck, _) => {
                add("BypassPolicyLockoutSafetyCheck", json!(*text == "true"));
            }
            (Param::Alias, _) => add("AliasName", json!(text)),
            (Param::Tags, _) => {
                let tag = |(key, value)| json!({ "TagKey": key, "TagValue": value });
                add("Tags", params.pairs(Param::Tags).map(tag).collect());
            }
            (Param::TagKeys, _) => add("TagKeys", texts()),
            // The text is added below, and the constraints are members of one structure.
            (Param::Body, "Encrypt")
            | (Param::ContextEquals | Param::ContextSubset | Param::IgnoreCiphertext, _)
            | (Param::KeyId, "DeleteAlias") => {}
            (other, _) => panic!("{name} does not take {other:?}"),
        }
    }
    let constraints: Map<String, Value> = [
        (Param::ContextEquals, "EncryptionContextEquals"),
        (Param::ContextSubset, "EncryptionContextSubset"),
    ]
    .into_iter()
    .filter(|(param, _)| params.get(*param).is_some())
    .map(|(param, name)| {
        let pairs = params.pairs(param).map(|(key, value)| (key.to_owned(), json!(value)));
        (name.to_owned(), Value::Object(pairs.collect()))
    })
    .collect();
    if !constraints.is_empty() {
        add("Constraints", Value::Object(constraints));
    }
    match name {
        "Encrypt" => add("Plaintext", json!(STANDARD.encode(params.body()))),
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => add("KeySpec", json!("AES_256")),
        _ => {}
    }
    let host = Service::Kms.host(region);
    Request::new(Service::Kms, "POST", host, "/".to_owned())
        .body("application/x-amz-json-1.1", Value::Object(input).to_string())
        .header("x-amz-target", Some(format!("TrentService.{name}")))
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
fn sts(name: &str, params: Params<'_>, region: &str) -> Request {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", name).append_pair("Version", "2011-06-15");
    if name == "AssumeRole" {
        let seconds = params.get(Param::Duration).unwrap_or("900");
        form.append_pair("RoleSessionName", "gainsay").append_pair("DurationSeconds", seconds);
    }
    for (param, name) in [
        (Param::Role, "RoleArn"),
        (Param::ExternalId, "ExternalId"),
        (Param::SessionPolicy, "Policy"),
        (Param::SourceIdentity, "SourceIdentity"),
    ] {
        if let Some(text) = params.get(param) {
            form.append_pair(name, text);
        }
    }
    for (index, (key, value)) in params.pairs(Param::SessionTags).enumerate() {
        form.append_pair(&format!("Tags.member.{}.Key", index + 1), key);
        form.append_pair(&format!("Tags.member.{}.Value", index + 1), value);
    }
    for (index, key) in params.texts(Param::TransitiveTags).enumerate() {
        form.append_pair(&format!("TransitiveTagKeys.member.{}", index + 1), key);
    }
    Request::new(Service::Sts, "POST", Service::Sts.host(region), "/".to_owned())
        .body("application/x-www-form-urlencoded", form.finish())
}
